"""Emptying the database after a test that committed.

Django truncates every table, and PostgreSQL then makes each of them and of their
indexes anew: four hundred files, half a second or more for the disk. A test leaves a
few rows in a few tables: to delete them takes a few milliseconds.
"""

from functools import cache

from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction

# What migrating makes: Django's way empties these too, and fills them again.
MADE_BY_MIGRATING = {ContentType._meta.db_table, Permission._meta.db_table}


@transaction.atomic
def empty_all_tables() -> None:
    """Once nobody is at work on any of them, as when they are truncated."""
    with connection.cursor() as cursor:
        # As a replica, which asks no trigger: neither the one that keeps the ledger
        # from being rewritten nor those of the references, all of which go.
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(f"LOCK TABLE {', '.join(tables())}")
        cursor.execute("; ".join(f"DELETE FROM {table}" for table in tables()))


@cache
def tables() -> list[str]:
    found = connection.introspection.django_table_names(
        only_existing=True, include_views=False
    )
    return sorted(set(found) - MADE_BY_MIGRATING)
