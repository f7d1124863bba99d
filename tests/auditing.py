"""The checks of `manage.py audit`, planned once by each connection and then asked.

Tests ask after every step, and planning the checks takes twenty times as long.
"""

from datetime import datetime

from django.db import connection

from ticketapp import audit
from ticketapp.audit import Finding
from ticketapp.prepared import execute

CHECKS = audit.checks()
WHICH_ARE_BROKEN = " UNION ALL ".join(
    f"SELECT {index} WHERE EXISTS ({check.sql})" for index, check in enumerate(CHECKS)
)


def findings(*, now: datetime) -> list[Finding]:
    """What `audit.findings` finds; nearly always nothing."""
    return list(audit.findings(now=now)) if broken_promises(now=now) else []


def broken_promises(*, now: datetime) -> set[str]:
    with connection.cursor() as cursor:
        params = {"now": now, "grace": audit.GRACE_SECONDS}
        execute(cursor, WHICH_ARE_BROKEN, params=params)
        return {CHECKS[index].promise for (index,) in cursor.fetchall()}
