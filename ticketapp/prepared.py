"""Statements that each connection plans once and then only runs.

Planning a statement of many joins takes several times as long as running it
(holding two tickets: 1.1 ms, planned before 0.25). psycopg2 prepares nothing by
itself, but PREPARE and EXECUTE are plain SQL.

A plan that was made when a table was nearly empty must not read it from end to
end once it has filled, as tables do when a fresh event sells. So plans are made as
if reading whole tables were no way, and are forgotten after a minute all the same;
each one made in its place is kept twice as long, since making sixty of them on a
hundred connections every minute costs as much as selling.
Prepared statements belong to a session, so a pooler in front of PostgreSQL must
not share sessions by transaction.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import count
from typing import Any
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, NotSupportedError, connection, connections

FIRST_LIFETIME_SECONDS = 60.0
LONGEST_LIFETIME_SECONDS = 600.0
LONG_AGO = float("-inf")
# EXPLAIN makes the plan that is kept, and runs nothing. What came before it is let go
# of last: no rollback brings it back, and to plan may fail, as while a table is locked.
MAKE_PLAN = """
PREPARE {typed} AS {text};
SET enable_seqscan = off; EXPLAIN {call}; RESET enable_seqscan{forget}
"""
# A bool is an int and a datetime a date, so the order matters.
SQL_TYPES = (
    (bool, "boolean"),
    (int, "bigint"),
    (float, "double precision"),
    (str, "text"),
    (bytes, "bytea"),
    (UUID, "uuid"),
    (datetime, "timestamptz"),
    (date, "date"),
    (list, "unknown"),
    (type(None), "unknown"),
)


@dataclass(frozen=True, slots=True)
class Plan:
    """A prepared statement: its name in the session, and the SQL that runs it.

    `call` wants its parameters by name, `bare_call` in the order of `names`.
    """

    name: str
    names: tuple[str, ...]
    call: str
    bare_call: str
    lifetime: float
    old_at: float


_serial = count(1)


def planned(statement: str, params: Mapping[str, Any], *, typed: bool = True) -> str:
    """SQL that does what `statement` does, by a plan that this connection keeps.

    `statement` has `%(name)s` for each parameter; run what is returned with the
    same `params`. The types in the plan follow from the values of this call, or,
    not `typed`, from the columns that they are written to or compared with.
    """
    here, types = connections[DEFAULT_DB_ALIAS], _types(params) if typed else None
    here.close_if_health_check_failed()  # Or its plans would go with it afterwards.
    return _plan_of(here, statement, params, types).call


class Unplanned(str):
    """SQL that cannot be planned, such as SAVEPOINT; it takes no parameters."""


def execute(
    cursor: Any, *statements: str, params: Mapping[str, Any], typed: bool = True
) -> None:
    """Run statements by their plans, in one round trip; the last one's rows remain.

    Each of them sees what those before it waited for. Sooner than running what
    `planned` gives: psycopg2 takes longer to look up a parameter by its name than to
    write its value into the statement.

    After a migration that changed a column PostgreSQL does not run what tells of it:
    it is planned anew at once, or by the next transaction if one is open.
    """
    types = _types(params) if typed else None
    try:
        _run(cursor, statements, params, types)
    except NotSupportedError:
        for statement in statements:
            if known := cursor.db.plans.get((statement, types)):
                outdated = replace(known, old_at=LONG_AGO)
                cursor.db.plans[statement, types] = outdated
        if not cursor.db.get_autocommit():
            raise
        _run(cursor, statements, params, types)


def _run(
    cursor: Any,
    statements: Sequence[str],
    params: Mapping[str, Any],
    types: tuple[type, ...] | None,
) -> None:
    calls: list[str] = []
    values: list[Any] = []
    for statement in statements:
        if isinstance(statement, Unplanned):
            calls.append(statement)
            continue
        plan = _plan_of(cursor.db, statement, params, types)
        calls.append(plan.bare_call)
        values.extend(map(params.__getitem__, plan.names))
    cursor.execute("; ".join(calls), values)


def _types(params: Mapping[str, Any]) -> tuple[type, ...]:
    return tuple(map(type, params.values()))


def _plan_of(
    here: Any,
    statement: str,
    params: Mapping[str, Any],
    types: tuple[type, ...] | None,
) -> Plan:
    if here.connection is None:
        here.ensure_connection()
    plan = here.plans.get((statement, types))
    if plan is None or plan.old_at < time.monotonic():
        of_values = {name: sql_type(params[name]) for name in params} if types else {}
        plan = _plan(statement, of_values, instead_of=plan)
        here.plans[statement, types] = plan
    return plan


def sql_type(value: Any) -> str:
    """What PostgreSQL shall take a value for; "unknown" lets it find out."""
    for python, sql in SQL_TYPES:
        if isinstance(value, python):
            return sql
    raise TypeError(f"There is no SQL type for {value!r}.")


class _Numbered(dict[str, str]):
    """Gives $1, $2, … for names, in the order in which they are first used."""

    def __missing__(self, name: str) -> str:
        self[name] = number = f"${len(self) + 1}"
        return number


def _plan(
    statement: str, types_of: Mapping[str, str], *, instead_of: Plan | None
) -> Plan:
    numbered = _Numbered()
    text = statement % numbered
    types = ", ".join(types_of.get(name, "unknown") for name in numbered)
    # A new name each time: whatever went wrong before, this one is not taken.
    name = f"planned_{next(_serial)}"
    make = MAKE_PLAN.format(
        forget=f"; DEALLOCATE {instead_of.name}" if instead_of else "",
        typed=f"{name} ({types})" if types else name,
        text=text,
        call=_call(name, ["NULL"] * len(numbered)),
    )
    # Not through Django's cursor: it is no query of anybody's, only its plan.
    with connection.wrap_database_errors, connection.connection.cursor() as cursor:
        cursor.execute(make)
    lifetime = 2 * instead_of.lifetime if instead_of else FIRST_LIFETIME_SECONDS
    lifetime = min(lifetime, LONGEST_LIFETIME_SECONDS)
    return Plan(
        name,
        names=tuple(numbered),
        call=_call(name, [f"%({argument})s" for argument in numbered]),
        bare_call=_call(name, ["%s"] * len(numbered)),
        lifetime=lifetime,
        old_at=time.monotonic() + lifetime,
    )


def _call(name: str, marks: Sequence[str]) -> str:
    return f"EXECUTE {name} ({', '.join(marks)})" if marks else f"EXECUTE {name}"
