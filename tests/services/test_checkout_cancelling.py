"""A buyer cancels an order before it is paid."""

import pytest

from inventory.models import HoldStatus
from payments import services
from payments.gateways.sandbox.switches import outage
from payments.models import Order, OrderStatus
from tests.factories import NOON
from tests.paying import (
    DECLINED,
    answer_challenge,
    assert_books_are_right,
    challenge_url,
    challenged,
    charges,
    held,
    intents,
    order,
    tickets,
    token,
)

pytestmark = pytest.mark.django_db


def test_a_buyer_may_cancel_before_paying():
    hold = held()
    with pytest.raises(services.CardDeclined):
        order(hold, DECLINED)

    cancelled = services.cancel_order(order=Order.objects.get(), now=NOON)

    hold.refresh_from_db()
    assert (cancelled.status, hold.status) == (
        OrderStatus.CANCELLED,
        HoldStatus.RELEASED,
    )
    assert intents() == ["canceled"]
    assert tickets(hold) == ["available"] * 4
    assert_books_are_right()


def test_cancelling_during_a_challenge_asks_the_provider_first():
    hold = held()
    placed = challenged(hold)

    services.cancel_order(order=placed, now=NOON)

    assert intents() == ["canceled"]
    assert tickets(hold) == ["available"] * 4
    assert_books_are_right()


def test_cancelling_what_the_provider_has_charged_honours_it():
    hold = held()
    placed = challenged(hold)
    answer_challenge(challenge_url(placed))

    with pytest.raises(services.OrderPaid):
        services.cancel_order(order=placed, now=NOON)

    placed.refresh_from_db()
    assert placed.status == OrderStatus.PAID
    assert tickets(hold).count("sold") == 2
    assert_books_are_right()


def test_cancelling_waits_when_the_provider_does_not_answer():
    hold = held()
    placed = challenged(hold)

    with outage("before"), pytest.raises(services.PaymentUnknown):
        services.cancel_order(order=placed, now=NOON)

    placed.refresh_from_db()
    hold.refresh_from_db()
    assert (placed.status, hold.status) == (OrderStatus.PENDING, HoldStatus.PAYING)


def test_cancelling_twice_is_no_error_and_a_cancelled_order_is_not_paid():
    hold = held()
    with pytest.raises(services.CardDeclined):
        order(hold, DECLINED)
    placed = Order.objects.get()
    services.cancel_order(order=placed, now=NOON)

    services.cancel_order(order=placed, now=NOON)

    with pytest.raises(services.OrderClosed):
        services.pay_order(order=placed, payment_method=token(), now=NOON)
    with pytest.raises(services.OrderClosed):
        order(hold)
    assert charges() == ["failed"]
