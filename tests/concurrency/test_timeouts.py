"""Waits on the database that run out: refused with 503, and nothing is lost."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from inventory import services as inventory
from inventory.models import Hold, HoldStatus, TicketStatus
from inventory.services.picking import TAKE_TURN, turn_of
from payments import services as payments
from payments.models import Order, OrderStatus, StripeEvent
from tests import factories as make
from tests.lining_up import held
from tests.paying import (
    answer_challenge,
    assert_books_are_right,
    challenge_url,
    challenged,
    charges,
    deliver,
    token,
)

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE_MS = 100


@pytest.fixture(autouse=True)
def _little_patience(transactional_db):
    """Waits of seconds, told in fractions of one."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = {PATIENCE_MS}")
    yield
    connection.close()


@pytest.fixture
def rush():
    return make.ticket_type(event=make.tonight(), stock=4)


@pytest.fixture
def hold(buyer, rush):
    return held(rush, 2, user=buyer, now=timezone.now())


@contextmanager
def somebody_else(sql: str, parameters: object) -> Iterator[None]:
    """Another connection has these locks, in a transaction that does not end."""
    other = connection.copy()
    other.set_autocommit(False)
    try:
        with other.cursor() as cursor:
            cursor.execute(sql, parameters)
        yield
    finally:
        other.rollback()
        other.close()


def has_locked(rows):
    """Somebody else is at work on all of these rows."""
    keys = [row.pk for row in rows]
    table = rows.model._meta.db_table
    return somebody_else(
        f"SELECT id FROM {table} WHERE id = ANY(%s) FOR UPDATE", [keys]
    )


def assert_busy(answer) -> None:
    assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    assert int(answer["Retry-After"]) > 0


@pytest.mark.parametrize("name", sorted(settings.DATABASE_TIMEOUTS))
def test_every_connection_gives_up_in_time(name):
    fresh = connection.copy()
    with fresh.cursor() as cursor:
        cursor.execute("SELECT setting::int FROM pg_settings WHERE name = %s", [name])
        [milliseconds] = cursor.fetchone()
    known = fresh.connection.info.dsn_parameters
    fresh.close()

    assert 0 < milliseconds == settings.DATABASE_TIMEOUTS[name]
    assert int(known["connect_timeout"]) > 0


def test_a_hold_that_had_to_wait_too_long_is_made_by_the_repeat(api, buyer, rush):
    headers = {"Idempotency-Key": str(uuid4())}
    wanted = {"ticket_type": str(rush.pk), "quantity": 2}
    turn = {"turn": turn_of(buyer.pk, rush.event_id)}

    with somebody_else(TAKE_TURN, turn):
        assert_busy(api.post("/api/v1/holds", wanted, headers=headers))
    assert not Hold.objects.exists()
    again = api.post("/api/v1/holds", wanted, headers=headers)

    assert again.status_code == 201
    assert Hold.objects.get().tickets.count() == 2


def hear_of_it() -> None:
    deliver()
    payments.process_events(now=timezone.now(), limit=10)


def sweep() -> None:
    payments.sweep_payments(now=timezone.now() + timedelta(minutes=1), limit=10)


@pytest.mark.parametrize("helped_by", [hear_of_it, sweep])
def test_money_that_came_while_the_rows_were_locked_is_not_lost(api, hold, helped_by):
    headers = {"Idempotency-Key": str(uuid4())}
    body = {"hold": str(hold.pk), "payment_method": token()}

    with has_locked(hold.tickets.all()):
        assert_busy(api.post("/api/v1/orders", body, headers=headers))
    assert (Order.objects.get().status, charges()) == ("pending", ["succeeded"])
    early = api.post("/api/v1/orders", body, headers=headers)
    helped_by()
    again = api.post("/api/v1/orders", body, headers=headers)

    assert (early.status_code, early.json()["code"]) == (409, "payment_in_progress")
    assert (again.status_code, again.json()["status"]) == (201, "paid")
    assert charges() == ["succeeded"]
    assert_books_are_right(timezone.now())


def test_a_payment_that_could_not_begin_is_begun_by_the_repeat(api, hold):
    headers = {"Idempotency-Key": str(uuid4())}
    body = {"hold": str(hold.pk), "payment_method": token()}

    with has_locked(Hold.objects.all()):
        assert_busy(api.post("/api/v1/orders", body, headers=headers))
    assert charges() == []
    again = api.post("/api/v1/orders", body, headers=headers)

    assert (again.status_code, again.json()["status"]) == (201, "paid")
    assert charges() == ["succeeded"]


def test_news_that_could_not_be_acted_on_waits_for_the_next_look(hold):
    placed = challenged(hold, now=timezone.now())
    answer_challenge(challenge_url(placed))
    deliver()
    now = timezone.now()

    with has_locked(hold.tickets.all()):
        assert payments.process_events(now=now, limit=10).kept > 0
    payments.process_events(now=now + timedelta(minutes=5), limit=10)

    placed.refresh_from_db()
    assert placed.status == OrderStatus.PAID
    assert not StripeEvent.objects.filter(processed_at=None).exists()


def test_a_sweep_that_had_to_wait_too_long_leaves_its_work_to_the_next(hold, rush):
    after = hold.expires_at + timedelta(seconds=1)

    with has_locked(hold.tickets.all()), pytest.raises(OperationalError):
        inventory.release_expired_holds(now=after, limit=10)
    hold.refresh_from_db()
    assert hold.status == HoldStatus.ACTIVE
    inventory.release_expired_holds(now=after, limit=10)

    assert rush.tickets.filter(status=TicketStatus.AVAILABLE).count() == 4


def fall_asleep_at_work() -> None:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET idle_in_transaction_session_timeout = 50")
        Hold.objects.update(quantity=9)
        with somebody_else("SELECT pg_sleep(0.3)", None):
            Hold.objects.update(quantity=8)


def test_who_falls_asleep_in_a_transaction_loses_it_and_no_locks_stay(hold):
    with pytest.raises(OperationalError):
        fall_asleep_at_work()
    connection.close()

    with has_locked(Hold.objects.all()):
        hold.refresh_from_db()
    assert hold.quantity == 2
