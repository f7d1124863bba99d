"""What must always hold, as SQL that finds the rows that break it.

Each app registers its checks in a module `audit.py`; `manage.py audit` runs
them all. The numbers are those of the invariants in the design.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils.module_loading import autodiscover_modules

# A payment and its tickets may be this far apart while a job is on its way.
GRACE_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Check:
    """`sql` selects the rows that break `promise`; it may use `%(now)s`."""

    number: int
    promise: str
    sql: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One row that breaks a promise."""

    number: int
    promise: str
    row: dict[str, Any]

    def __str__(self) -> str:
        values = ", ".join(f"{name}={value}" for name, value in self.row.items())
        return f"{self.number}. {self.promise}: {values}"


_checks: dict[str, Check] = {}


def register(number: int, promise: str, sql: str) -> None:
    """Add a check; registering the same promise again replaces it."""
    _checks[promise] = Check(number, promise, sql)


def checks() -> list[Check]:
    """Every check of every app, in the order of the invariants."""
    autodiscover_modules("audit")
    return sorted(_checks.values(), key=lambda check: (check.number, check.promise))


def findings(*, now: datetime) -> Iterator[Finding]:
    """Run every check; nothing is yielded when all is well."""
    for check in checks():
        yield from findings_of(check, now=now)


def findings_of(
    check: Check, *, now: datetime, most: int | None = None
) -> list[Finding]:
    """The rows that break one promise, and no more than `most` of them."""
    with connection.cursor() as cursor:
        cursor.execute(check.sql, {"now": now, "grace": GRACE_SECONDS})
        names = [column[0] for column in cursor.description]
        rows = cursor.fetchall() if most is None else cursor.fetchmany(most)
    return [
        Finding(check.number, check.promise, dict(zip(names, row, strict=True)))
        for row in rows
    ]
