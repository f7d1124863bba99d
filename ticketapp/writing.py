"""Rows written by statements that are made once and planned once a connection.

Django writes the SQL of every INSERT and UPDATE anew; for one row that takes
longer than PostgreSQL takes to write it. For the few rows of every purchase;
values only, no expressions, and no fields that need SQL of their own.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import BinaryField, Field, Model
from django.db.models.expressions import DatabaseDefault

from ticketapp.prepared import execute


def insert(*rows: Model, ignore_conflicts: bool = False) -> int:
    """Insert rows of one model; returns how many there are now that were not before.

    What the database fills in is not read back, except a lone row's own number.
    """
    model = type(rows[0])
    given = tuple(
        field.attname
        for field in model._meta.concrete_fields
        if not _is_left_to_database(rows[0], field)
    )
    values: dict[str, Any] = {}
    for turn, row in enumerate(rows):
        values |= {f"{k}_{turn}": v for k, v in _prepared(row, given).items()}
    sql = _insertion(model, given, len(rows), ignore_conflicts)
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        execute(cursor, sql, params=values, typed=False)
        if len(rows) == 1 and rows[0].pk is None and cursor.rowcount:
            [rows[0].pk] = cursor.fetchone()
        written = cursor.rowcount
    for row in rows:
        row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS
    return written


def update(row: Model, *names: str, **only_if: Any) -> bool:
    """Write these fields of a row, if it is still there and `only_if` holds of it."""
    fields = [row._meta.get_field(name) for name in names]
    values = _prepared(row, tuple(field.attname for field in fields))
    return write(type(row), row.pk, values, only_if)


def write(
    model: type[Model], key: Any, changes: dict[str, Any], only_if: dict[str, Any]
) -> bool:
    """`update` by values: of the row with this key, where `only_if` holds."""
    sql = _change(model, tuple(changes), tuple(only_if))
    params = changes | {f"if_{name}": value for name, value in only_if.items()}
    params |= {"key": key}
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        execute(cursor, sql, params=params, typed=False)
        return bool(cursor.rowcount)


def values_of(model: type[Model], changes: dict[str, Any]) -> dict[str, Any] | None:
    """Changes as `write` takes them; None if one is for the database to work out."""
    if any(hasattr(value, "resolve_expression") for value in changes.values()):
        return None
    found, here = {}, connections[DEFAULT_DB_ALIAS]
    for name, value in changes.items():
        field = model._meta.get_field(name)
        if isinstance(value, Model):
            value = value.pk
        found[field.attname] = field.get_db_prep_save(value, here)
    return found


def _is_left_to_database(row: Model, field: Field) -> bool:
    value = getattr(row, field.attname)
    return isinstance(value, DatabaseDefault) or (field.primary_key and value is None)


def _prepared(row: Model, names: Sequence[str]) -> dict[str, Any]:
    fields, here = _fields(type(row)), connections[DEFAULT_DB_ALIAS]
    return {
        name: fields[name].get_db_prep_save(getattr(row, name), here) for name in names
    }


@cache
def _fields(model: type[Model]) -> dict[str, Any]:
    return {field.attname: field for field in model._meta.concrete_fields}


def _column(model: type[Model], name: str) -> str:
    field = _fields(model)[name]
    if hasattr(field, "get_placeholder") and not isinstance(field, BinaryField):
        raise TypeError(f"{field} needs SQL of its own.")
    return f'"{field.column}"'


@cache
def _insertion(
    model: type[Model], given: tuple[str, ...], rows: int, ignore_conflicts: bool
) -> str:
    columns = ", ".join(_column(model, name) for name in given)
    values = ", ".join(
        f"({', '.join(f'%({name}_{turn})s' for name in given)})" for turn in range(rows)
    )
    ignoring = " ON CONFLICT DO NOTHING" if ignore_conflicts else ""
    key = model._meta.pk
    returning = f' RETURNING "{key.column}"' if key.attname not in given else ""
    table = model._meta.db_table
    return f'INSERT INTO "{table}" ({columns}) VALUES {values}{ignoring}{returning}'


@cache
def _change(
    model: type[Model], changes: tuple[str, ...], only_if: tuple[str, ...]
) -> str:
    written = ", ".join(f"{_column(model, name)} = %({name})s" for name in changes)
    holds = [f'"{model._meta.pk.column}" = %(key)s']
    holds += [f"{_column(model, name)} = %(if_{name})s" for name in only_if]
    table = model._meta.db_table
    return f'UPDATE "{table}" SET {written} WHERE {" AND ".join(holds)}'
