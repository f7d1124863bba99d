"""The benchmark's own database: born empty, made ready here."""

from django.core.management import call_command
from django.db import connection


def migrate() -> None:
    """Bring the schema in, and lift the time limits of this connection alone."""
    call_command("migrate", verbosity=0, interactive=False)
    with connection.cursor() as cursor:
        cursor.execute(
            "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0"
        )


def settle() -> None:
    """What autovacuum would have done to a catalogue of some days."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def checkpoint() -> None:
    """Write out what the preparation left, so that it is not paid for later."""
    with connection.cursor() as cursor:
        cursor.execute("CHECKPOINT")


def value(statement: str, *params: object) -> int:
    """The one number that `statement` selects."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return cursor.fetchone()[0]
