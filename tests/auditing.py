"""The checks of `manage.py audit`, planned once and then asked after every step."""

from datetime import datetime

from django.db import connection

from ticketapp import audit


def prepare() -> None:
    """Have the database plan all checks as one statement, for this connection.

    Nothing here must survive a power cut either, so no commit waits for the disk.
    """
    asked = " UNION ALL ".join(
        f"SELECT {index} WHERE EXISTS ({_numbered(check.sql)})"
        for index, check in enumerate(audit.checks())
    )
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
        cursor.execute("SELECT FROM pg_prepared_statements WHERE name = 'evening'")
        if cursor.fetchone() is not None:
            cursor.execute("DEALLOCATE evening")
        cursor.execute(f"PREPARE evening (timestamptz, int) AS {asked}")


def _numbered(sql: str) -> str:
    """A check's text with the parameters of a prepared statement."""
    return sql % {"now": "$1", "grace": "$2"}


def broken_promises(*, now: datetime) -> set[str]:
    """What `audit.findings` would complain of; nearly always nothing."""
    with connection.cursor() as cursor:
        cursor.execute("EXECUTE evening (%s, %s)", [now, audit.GRACE_SECONDS])
        found = {index for (index,) in cursor.fetchall()}
    if not found:
        return set()
    return {check.promise for i, check in enumerate(audit.checks()) if i in found}
