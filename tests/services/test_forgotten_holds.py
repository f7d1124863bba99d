"""Tickets under payment whose payment is over: nobody asks the provider about them."""

from datetime import timedelta

import pytest

from inventory.models import Hold, HoldStatus
from payments import services
from payments.models import Order, OrderStatus, Payment
from tests.factories import NOON
from tests.paying import assert_books_are_right, challenged, held, tickets

pytestmark = pytest.mark.django_db
SOON = NOON + timedelta(minutes=1)


@pytest.fixture
def placed() -> Order:
    """Its payment has ended, and its hold was left as it is."""
    placed = challenged(held())
    Payment.objects.update(status="cancelled")
    placed.payments.get().attempts.update(status="abandoned")
    Hold.objects.update(lease_until=NOON)
    placed.refresh_from_db()
    return placed


def sweep(now=SOON):
    return services.sweep_payments(now=now, limit=10)


def test_those_of_a_closed_order_go_back_on_sale(placed):
    placed.move_to(OrderStatus.CANCELLED, cancelled_at=NOON)

    assert sweep().freed == 1

    assert tickets(placed.hold) == ["available"] * 4
    assert sweep().freed == 0
    assert_books_are_right(SOON)


def test_those_of_a_pending_order_are_the_buyers_while_time_is_left(placed):
    assert sweep().freed == 1

    placed.refresh_from_db()
    assert (placed.status, placed.hold.status) == ("pending", HoldStatus.ACTIVE)
    assert_books_are_right(SOON)


def test_at_the_end_of_its_time_a_pending_order_is_closed(placed):
    sweep(placed.hold.expires_at)

    placed.refresh_from_db()
    assert placed.status == OrderStatus.CANCELLED
    assert tickets(placed.hold) == ["available"] * 4
    assert_books_are_right(placed.hold.expires_at)


def test_the_buyer_who_cancels_gives_them_back(placed):
    services.cancel_order(order=placed, now=SOON)

    placed.refresh_from_db()
    assert placed.status == OrderStatus.CANCELLED
    assert tickets(placed.hold) == ["available"] * 4
    assert_books_are_right(SOON)


@pytest.mark.parametrize("left", ["the lease", "a payment"])
def test_those_that_may_still_be_paid_stay(left):
    placed = challenged(held())
    lease = SOON if left == "a payment" else SOON + timedelta(seconds=1)
    Hold.objects.update(lease_until=lease)
    if left == "the lease":
        Payment.objects.update(status="cancelled")
    Payment.objects.update(check_after=SOON + timedelta(minutes=1))

    assert sweep().freed == 0

    assert Hold.objects.get(pk=placed.hold_id).status == HoldStatus.PAYING
