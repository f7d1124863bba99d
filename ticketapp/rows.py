"""Model instances of rows that were read, as `Model.from_db` makes them, but sooner.

Django sets each field by itself and calls whoever listens to instances being made.
Nobody does here, and the values are right as they come: one update is enough.
"""

from collections.abc import Iterable
from functools import cache
from inspect import getattr_static
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Model
from django.db.models.base import ModelState
from django.db.models.fields.related_descriptors import ForeignKeyDeferredAttribute

M = TypeVar("M", bound=Model)


def instance_of(
    model: type[M], names: tuple[str, ...], values: Iterable[Any], **relatives: Model
) -> M:
    """The row of `model` with these values; fields not named are left deferred.

    `relatives` are the rows that its foreign keys lead to, as `select_related` keeps
    them.
    """
    found = model.__new__(model)
    found._state = state = ModelState()
    state.adding, state.db = False, DEFAULT_DB_ALIAS
    fields = found.__dict__
    fields.update(zip(names, values, strict=True))
    if relatives:
        state.fields_cache = relatives
    for name in _set_by_others(model, names):
        setattr(found, name, fields.pop(name))
    return found


@cache
def _set_by_others(model: type[Model], names: tuple[str, ...]) -> list[str]:
    """Fields that see to what is set, such as places; a key just forgets its row."""
    if model.__init__ is not Model.__init__ or "from_db" in vars(model):
        raise TypeError(f"{model} has its own way to be made.")
    found = {name: type(getattr_static(model, name)) for name in names}
    return [
        name
        for name, kind in found.items()
        if hasattr(kind, "__set__") and kind is not ForeignKeyDeferredAttribute
    ]
