"""Two who hear of the same money at once, each with its control."""

from datetime import timedelta
from functools import partial

import pytest
from django.db import transaction

from inventory import services as inventory
from inventory.models import Hold
from payments import services
from payments.models import Order, OrderStatus
from payments.services import books, settling
from tests.concurrency.racing import ROUNDS, race
from tests.crash.dying import assert_provider_and_books_agree
from tests.factories import NOON
from tests.paying import (
    answer_challenge,
    assert_books_are_right,
    challenge_url,
    challenged,
    held,
)

pytestmark = pytest.mark.django_db(transaction=True)
SECOND = timedelta(seconds=1)


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


def take_tickets_before_the_order(monkeypatch) -> None:
    settle = settling._settle

    def refuse(order, payment, intent, now):
        raise inventory.HoldExpired

    def the_wrong_way_round(payment, intent, now):
        try:
            settle(payment, intent, now)
        except inventory.HoldExpired:
            with transaction.atomic():
                hold = Hold.objects.get(order__payments=payment.pk)
                inventory.retake_tickets(hold=hold, now=now)
                books.lock(payment.pk)

    monkeypatch.setattr(settling, "_settle_late", refuse)
    monkeypatch.setattr(settling, "_settle", the_wrong_way_round)


def test_money_for_a_lapsed_hold_may_be_heard_of_by_many_at_once():
    for _ in range(10):
        placed, told = money_for_a_lapsed_hold()

        assert told == [None] * 4
        assert (placed.status, placed.lines.count()) == (OrderStatus.PAID, 2)
        assert_books_are_right(placed.paid_at)
        assert_provider_and_books_agree()


def test_taking_tickets_before_the_order_would_deadlock(monkeypatch):
    take_tickets_before_the_order(monkeypatch)

    assert any(
        "deadlock detected" in str(money_for_a_lapsed_hold()[1]) for _ in range(ROUNDS)
    )
