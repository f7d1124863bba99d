"""Querysets of which only the ids vary: built once, planned once a connection.

Django writes the SQL of a queryset anew each time, and PostgreSQL plans it anew;
for a row found by its key both take several times as long as finding it. For the
few reads that every purchase repeats.
"""

import inspect
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import NAMESPACE_OID, UUID, uuid5

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import Model, QuerySet
from django.db.models.query import get_related_populators
from django.db.transaction import TransactionManagementError

from ticketapp.prepared import execute
from ticketapp.rows import instance_of

M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class _Relative:
    """A row that comes along with another, as Django's own populator knows it."""

    model: type[Model]
    names: tuple[str, ...]
    span: slice
    key: int
    keep: Callable[[Any, Any], None]
    keep_back: Callable[[Any, Any], None]
    relatives: "list[_Relative]"

    def populate(self, row: Sequence[Any], nearer: Any) -> None:
        values = row[self.span]
        if values[self.key] is None:
            self.keep(nearer, None)
            return
        found = instance_of(self.model, self.names, values)
        for relative in self.relatives:
            relative.populate(row, found)
        self.keep(nearer, found)
        self.keep_back(found, nearer)


@dataclass(frozen=True, slots=True)
class _Text:
    """The SQL of a queryset, and how its rows become objects."""

    sql: str
    fixed: dict[str, Any]
    locks: bool
    compiler: Any
    model: type[Model]
    names: tuple[str, ...]
    span: slice
    columns: list[Any]
    relatives: list[_Relative]


class Compiled(Generic[M]):
    """What `build(**ids)` finds, without building it each time.

        hold_of = Compiled(lambda hold: Hold.objects.filter(pk=hold))
        hold_of.get(hold=hold_id)

    `build` is called once, with ids that stand for any; so it must give the same
    queryset for all, and what else it puts in never changes. No prefetches.
    """

    def __init__(
        self, build: Callable[..., QuerySet[M]], *, after_lock: str = ""
    ) -> None:
        """`after_lock`: SQL with the same ids, to run just before the queryset is."""
        self._build = build
        self._lock = [after_lock] if after_lock else []
        # Ids that nothing has; a key that is text sees them as text.
        self._marks = {
            str(uuid5(NAMESPACE_OID, name)): name
            for name in inspect.signature(build).parameters
        }
        self._text: _Text | None = None
        self._of_thread = threading.local()

    def all(self, **ids: UUID | str) -> list[M]:
        """Every row, in the order of the queryset."""
        text = self._text or self._compile()
        here = connections[DEFAULT_DB_ALIAS]
        locks = text.locks or self._lock
        if locks and not here.in_atomic_block and here.get_autocommit():
            raise TransactionManagementError("A lock needs a transaction to last.")
        params = text.fixed | ids
        with here.cursor() as cursor:
            execute(cursor, *self._lock, text.sql, params=params)
            rows = cursor.fetchall()
        if converters := self._converters(text):
            rows = text.compiler.apply_converters(rows, converters)
        return [self._object(text, row) for row in rows]

    def first(self, **ids: UUID | str) -> M | None:
        return next(iter(self.all(**ids)), None)

    def get(self, **ids: UUID | str) -> M:
        """The one row; raises the model's DoesNotExist."""
        found = self.first(**ids)
        if found is None:
            text = self._text or self._compile()
            raise text.model.DoesNotExist  # type: ignore[attr-defined]
        return found

    def _converters(self, text: _Text) -> dict[int, Any]:
        """Each thread's own: what reads a place must not be used by two at once."""
        try:
            return self._of_thread.converters
        except AttributeError:
            found = text.compiler.get_converters(text.columns)
            self._of_thread.converters = found
            return found

    def _object(self, text: _Text, row: Sequence[Any]) -> M:
        found: Any = instance_of(text.model, text.names, row[text.span])
        for relative in text.relatives:
            relative.populate(row, found)
        return found

    def _compile(self) -> _Text:
        marks = {name: UUID(mark) for mark, name in self._marks.items()}
        queryset = self._build(**marks)
        if queryset._prefetch_related_lookups:
            raise TypeError("What is prefetched must be compiled by itself.")
        compiler = queryset.query.get_compiler(connection=connection)
        sql, params = compiler.as_sql()
        if compiler.annotation_col_map:
            raise TypeError("Only whole rows can be compiled, without annotations.")
        named = [self._name_of(param, turn) for turn, param in enumerate(params)]
        info, select = compiler.klass_info, compiler.select
        first, last = info["select_fields"][0], info["select_fields"][-1] + 1
        self._text = text = _Text(
            sql=_with_names(sql, named),
            fixed={
                name: param
                for name, param in zip(named, params, strict=True)
                if name not in self._marks.values()
            },
            locks=queryset.query.select_for_update,
            compiler=compiler,
            model=info["model"],
            names=tuple(column[0].target.attname for column in select[first:last]),
            span=slice(first, last),
            columns=[column[0] for column in select],
            relatives=_relatives(
                get_related_populators(info, select, connection.alias)
            ),
        )
        return text

    def _name_of(self, param: Any, turn: int) -> str:
        if isinstance(param, UUID | str):
            return self._marks.get(str(param), f"fixed_{turn}")
        return f"fixed_{turn}"


def _relatives(populators: Sequence[Any]) -> list[_Relative]:
    return [
        _Relative(
            model=known.model_cls,
            names=tuple(known.init_list),
            span=slice(known.cols_start, known.cols_end),
            key=known.pk_idx,
            keep=known.local_setter,
            keep_back=known.remote_setter,
            relatives=_relatives(known.related_populators),
        )
        for known in populators
    ]


def all_but(path: str, model: type[Model], *asked: str) -> list[str]:
    """For `defer`: of a relative along `path`, every field that nobody asks for.

    Reading a column and putting it into an object takes as long as its share of
    finding the row. Django fetches it if somebody asks after all.
    """
    return [
        f"{path}__{field.name}"
        for field in model._meta.concrete_fields
        if not field.primary_key and field.name not in asked
    ]


def _with_names(sql: str, names: Sequence[str]) -> str:
    """`%(name)s` for each `%s` in turn; a doubled percent sign stays doubled."""
    left = iter(names)
    return re.sub(
        "%%|%s", lambda found: "%%" if found[0] == "%%" else f"%({next(left)})s", sql
    )
