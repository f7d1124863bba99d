from datetime import UTC, date, datetime
from uuid import uuid4

import pytest
from django.db import ProgrammingError, connection, transaction

from ticketapp import prepared
from ticketapp.prepared import Unplanned, execute, planned

ADD = "SELECT %(one)s + %(other)s"


def run(statement, **params):
    with connection.cursor() as cursor:
        execute(cursor, statement, params=params)
        return cursor.fetchall()


def plans_of(statement):
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, statement FROM pg_prepared_statements")
        mark = statement.split("%")[0]
        return [name for name, text in cursor.fetchall() if mark in text]


@pytest.mark.django_db
def test_a_planned_statement_answers_as_the_statement_itself():
    assert run(ADD, one=1, other=2) == [(3,)]
    assert run(ADD, one=40, other=2) == [(42,)]


@pytest.mark.django_db
def test_a_connection_plans_a_statement_once():
    for number in range(10):
        run("SELECT 'once', %(number)s", number=number)

    assert len(plans_of("SELECT 'once'")) == 1


@pytest.mark.django_db
def test_a_plan_made_for_an_empty_table_uses_its_index_all_the_same():
    statement = "SELECT expire_date FROM django_session WHERE session_key = %(key)s"
    with connection.cursor() as cursor:
        call = planned(statement, {"key": "a"})
        cursor.execute(f"EXPLAIN {call}", {"key": "b"})
        plan = "\n".join(line for (line,) in cursor.fetchall())
        cursor.execute("SHOW enable_seqscan")

        assert "Index" in plan
        assert cursor.fetchone() == ("on",)


@pytest.mark.django_db
def test_an_old_plan_is_replaced_and_forgotten(monkeypatch):
    monkeypatch.setattr(prepared, "FIRST_LIFETIME_SECONDS", -1.0)
    run("SELECT 'old', %(number)s", number=1)
    (first,) = plans_of("SELECT 'old'")

    run("SELECT 'old', %(number)s", number=2)

    (second,) = plans_of("SELECT 'old'")
    assert first != second


@pytest.mark.django_db
def test_each_plan_is_kept_twice_as_long_as_the_one_before_it(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(prepared.time, "monotonic", lambda: clock[0])
    made = set()
    for clock[0] in range(0, 1000, 10):
        run("SELECT 'longer', %(number)s", number=1)
        made |= set(plans_of("SELECT 'longer'"))

    assert len(made) == 5  # At 0, 70, 200, 450 and 940 seconds.


@pytest.mark.django_db
def test_what_cannot_be_planned_goes_along_with_what_can():
    begin = Unplanned("SAVEPOINT here")
    with connection.cursor() as cursor:
        execute(cursor, ADD, begin, ADD, params={"one": 1, "other": 2})
        assert cursor.fetchall() == [(3,)]
        cursor.execute("ROLLBACK TO SAVEPOINT here")


@pytest.mark.django_db(transaction=True)
def test_a_new_connection_plans_anew():
    run(ADD, one=1, other=2)
    connection.close()

    assert run(ADD, one=1, other=2) == [(3,)]


@pytest.mark.django_db(transaction=True)
def test_a_plan_outlives_a_rollback():
    with transaction.atomic():
        run("SELECT 'kept', %(number)s", number=1)
        transaction.set_rollback(True)

    assert run("SELECT 'kept', %(number)s", number=2) == [("kept", 2)]
    assert len(plans_of("SELECT 'kept'")) == 1


@pytest.mark.django_db(transaction=True)
def test_a_statement_that_cannot_be_planned_fails_each_time_with_its_reason():
    for _ in range(2):
        with pytest.raises(ProgrammingError, match="no_such_table"):
            run("SELECT %(number)s FROM no_such_table", number=1)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "value",
    [
        True,
        7,
        2**40,
        0.5,
        "it's 100 %",
        uuid4(),
        date(2026, 6, 1),
        datetime(2026, 6, 1, 12, tzinfo=UTC),
    ],
)
def test_values_arrive_as_what_they_are(value):
    assert run("SELECT %(value)s", value=value) == [(value,)]


@pytest.mark.django_db
def test_a_list_and_a_null_take_the_type_that_is_needed():
    ids = [uuid4(), uuid4()]
    statement = "SELECT %(id)s = ANY(%(ids)s), coalesce(%(none)s, 5)"

    assert run(statement, id=ids[1], ids=ids, none=None) == [(True, 5)]


@pytest.mark.django_db
def test_a_parameter_may_be_used_twice_or_not_at_all():
    statement = "SELECT %(a)s || '%%' || %(b)s || %(a)s"

    assert run(statement, unused=1, a="x", b="y") == [("x%yx",)]


@pytest.mark.django_db
def test_a_statement_without_parameters_can_be_planned():
    assert run("SELECT 'alone'") == [("alone",)]


def test_a_value_of_an_unknown_type_is_refused():
    with pytest.raises(TypeError, match="no SQL type"):
        prepared.sql_type(object())
