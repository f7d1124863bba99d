"""Many who hear of the same money at once. For the order of locks see its own test."""

from functools import partial

import pytest

from inventory import services as inventory
from payments import services
from payments.models import Order, OrderStatus, Payment
from payments.services import books
from tests.concurrency.racing import ROUNDS, breaks_within, race
from tests.crash.dying import assert_provider_and_books_agree
from tests.factories import NOON, SECOND
from tests.paying import (
    answer_challenge,
    assert_books_are_right,
    challenge_url,
    challenged,
    held,
)

pytestmark = pytest.mark.django_db(transaction=True)


def money_for_a_lapsed_hold() -> tuple[Order, list]:
    """The hold's time is over, no sweep has come by, and four hear of the money."""
    hold = held()
    placed = challenged(hold)
    inventory.pause_paying(hold=hold, now=NOON)
    answer_challenge(challenge_url(placed))
    late = hold.expires_at + SECOND

    told = race(
        [partial(services.ask_about, payment=placed.payments.get(), now=late)] * 4
    )

    placed.refresh_from_db()
    return placed, told


def take_out_the_orders_lock(monkeypatch) -> None:
    def look(payment_id):
        payments = Payment.objects.select_related("order__hold", "order__event")
        payment = payments.get(pk=payment_id)
        return payment.order, payment

    monkeypatch.setattr(books, "lock", look)
    at_once = books.LOCK.replace("FOR NO KEY UPDATE OF ordered, payment", "")
    monkeypatch.setattr(books, "LOCK", at_once)


def money_for_a_lapsed_hold_is_taken_once() -> None:
    placed, told = money_for_a_lapsed_hold()

    assert told == [None] * 4
    assert (placed.status, placed.lines.count()) == (OrderStatus.PAID, 2)
    assert_books_are_right(placed.paid_at)
    assert_provider_and_books_agree()


def test_money_for_a_lapsed_hold_may_be_heard_of_by_many_at_once():
    for _ in range(10):
        money_for_a_lapsed_hold_is_taken_once()


def test_without_the_orders_lock_they_run_into_each_other(monkeypatch):
    take_out_the_orders_lock(monkeypatch)

    assert breaks_within(ROUNDS, money_for_a_lapsed_hold_is_taken_once)
