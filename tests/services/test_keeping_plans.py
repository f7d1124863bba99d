"""Plans of a connection that meet a locked table, a migration or a restart."""

from contextlib import contextmanager

import psycopg2
import pytest
from django.db import (
    NotSupportedError,
    OperationalError,
    close_old_connections,
    connection,
    transaction,
)

from ticketapp import prepared
from ticketapp.prepared import execute, planned

pytestmark = pytest.mark.django_db(transaction=True)
NAME_OF = "SELECT name FROM planned_of WHERE id = %(id)s"


def run(statement, **params):
    with connection.cursor() as cursor:
        execute(cursor, statement, params=params)
        return cursor.fetchall()


def change(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)


def plans():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements")
        return cursor.fetchone()[0]


@contextmanager
def another_session():
    connection.ensure_connection()
    other = psycopg2.connect(connection.connection.dsn)
    try:
        with other, other.cursor() as cursor:
            yield cursor
    finally:
        other.close()


@pytest.fixture
def table():
    """With a connection of its own, kept for many requests as in production."""
    connection.close()
    connection.settings_dict["CONN_MAX_AGE"] = 600
    change("CREATE TABLE planned_of (id int PRIMARY KEY, name varchar(10))")
    yield
    connection.settings_dict["CONN_MAX_AGE"] = 0
    connection.close()
    change("DROP TABLE planned_of")


def test_a_plan_that_could_not_be_made_anew_is_made_the_next_time(table, monkeypatch):
    monkeypatch.setattr(prepared, "FIRST_LIFETIME_SECONDS", -1.0)
    run(NAME_OF, id=1)
    change("SET lock_timeout = 50")
    with another_session() as other:
        other.execute("LOCK TABLE planned_of")
        for _ in range(2):
            with pytest.raises(OperationalError, match="lock timeout"):
                run(NAME_OF, id=1)

    assert run(NAME_OF, id=1) == []


def test_what_tells_of_a_column_that_was_changed_is_planned_anew(table):
    run(NAME_OF, id=1)
    known = plans()
    change("ALTER TABLE planned_of ALTER name TYPE varchar(20)")

    assert run(NAME_OF, id=1) == []
    assert plans() == known


def test_in_a_transaction_that_is_for_the_next_one(table):
    run(NAME_OF, id=1)
    change("ALTER TABLE planned_of ALTER name TYPE varchar(20)")
    with pytest.raises(NotSupportedError), transaction.atomic():
        run(NAME_OF, id=1)

    with transaction.atomic():
        assert run(NAME_OF, id=1) == []


def test_what_cannot_be_done_at_all_is_not_tried_for_ever():
    with pytest.raises(NotSupportedError, match="FOR UPDATE"):
        run("SELECT count(*) FROM django_session FOR UPDATE")


def test_a_plan_is_not_looked_for_in_a_session_that_is_over(table):
    with connection.cursor() as cursor:
        cursor.execute(planned(NAME_OF, {"id": 1}), {"id": 1})
    with another_session() as other:
        pid = connection.connection.info.backend_pid
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    close_old_connections()  # A request begins.

    call = planned(NAME_OF, {"id": 1})

    with connection.cursor() as cursor:
        cursor.execute(call, {"id": 1})
        assert cursor.fetchall() == []
