import psycopg2
import pytest
from django.db import DatabaseError, close_old_connections, connection, transaction

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def kept_connection(settings):
    """As in production: connections outlive requests, and are looked at before."""
    connection.settings_dict["CONN_MAX_AGE"] = 600
    connection.ensure_connection()
    yield
    connection.settings_dict["CONN_MAX_AGE"] = 0
    connection.close()


def session():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


def end_session(pid):
    """From outside, as a restart of the server would; wait until it is over."""
    with psycopg2.connect(connection.connection.dsn) as other, other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        assert cursor.fetchone() == (True,)


def test_a_connection_is_used_again():
    first = session()
    close_old_connections()

    assert session() == first


def test_a_session_that_the_server_ended_is_noticed_before_the_next_request():
    first = session()
    end_session(first)
    close_old_connections()

    assert session() != first


def test_a_look_at_the_connection_asks_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert connection.is_usable()


def test_a_closed_connection_is_not_usable():
    connection.connection.close()

    assert not connection.is_usable()


def test_in_a_failed_transaction_nothing_can_be_asked():
    with transaction.atomic(), connection.cursor() as cursor:
        with pytest.raises(DatabaseError):
            cursor.execute("SELECT 1 / 0")
        failed = connection.is_usable()
        transaction.set_rollback(True)

    assert not failed
    assert connection.is_usable()


def limit_of(name: str, cursor) -> str:
    cursor.execute(f"SHOW {name}")
    return cursor.fetchone()[0]


@pytest.mark.parametrize("atomic", [True, False])
def test_a_migration_may_take_long_but_not_wait_long(atomic):
    with connection.cursor() as cursor:
        usual = limit_of("statement_timeout", cursor)
        with connection.schema_editor(atomic=atomic):
            during = limit_of("statement_timeout", cursor)
            waits = limit_of("lock_timeout", cursor)
        after = limit_of("statement_timeout", cursor)

    assert (during, waits, after) == ("0", "5s", usual)
    assert usual != "0"


def test_making_a_database_may_take_long():
    with connection._nodb_cursor() as cursor:
        assert limit_of("statement_timeout", cursor) == "0"
