"""Another device pays at once, or the provider does not answer."""

import pytest

from inventory.models import HoldStatus
from payments import services
from payments.gateways import GatewayUnavailable
from payments.gateways.sandbox.switches import outage, switched
from payments.models import AttemptStatus, OrderStatus, PaymentAttempt, PaymentStatus
from payments.services import cards
from tests.paying import (
    LEASE_OVER,
    assert_books_are_right,
    challenged,
    charges,
    held,
    intents,
    order,
)

pytestmark = pytest.mark.django_db


# Two at once


def test_a_hold_that_is_being_paid_is_not_paid_again():
    hold = held()
    with outage("after", "/confirm"):
        placed = order(hold)

    with pytest.raises(services.PaymentInProgress) as refusal:
        order(hold)

    assert refusal.value.details == {"order": str(placed.pk)}
    assert charges() == ["succeeded"]


def test_of_two_devices_the_second_is_told_that_the_bank_waits(monkeypatch):
    hold = held()
    look_up = cards.customer_for

    def while_another_device_pays(**wish):
        monkeypatch.setattr(cards, "customer_for", look_up)
        challenged(hold)
        return look_up(**wish)

    monkeypatch.setattr(cards, "customer_for", while_another_device_pays)
    with pytest.raises(services.PaymentInProgress) as refusal:
        order(hold)

    assert refusal.value.action == "authenticate_payment"
    assert intents() == ["requires_action"]
    assert_books_are_right()


# The provider does not answer


def test_silence_before_anything_is_confirmed_leaves_everything_as_it_was():
    hold = held()

    cut = outage("after", "POST /v1/payment_intents", times=1)
    with cut, pytest.raises(GatewayUnavailable):
        order(hold)

    hold.refresh_from_db()
    assert hold.status == HoldStatus.ACTIVE
    assert order(hold).status == OrderStatus.PAID
    assert intents() == ["succeeded"]
    assert_books_are_right()


@pytest.mark.parametrize("moment", ["before", "after"])
def test_silence_at_the_confirmation_keeps_the_hold_and_tells_no_lie(moment):
    hold = held()

    with outage(moment, "/confirm"):
        placed = order(hold)

    hold.refresh_from_db()
    assert (placed.status, hold.status) == (OrderStatus.PENDING, HoldStatus.PAYING)
    assert PaymentAttempt.objects.get().status == AttemptStatus.STARTED


def test_after_the_lease_the_buyer_finds_out_that_it_was_paid():
    hold = held()
    with outage("after", "/confirm"):
        order(hold)

    again = order(hold, now=LEASE_OVER)

    assert again.status == OrderStatus.PAID
    assert charges() == ["succeeded"]
    assert_books_are_right(LEASE_OVER)


def test_after_the_lease_an_attempt_that_never_arrived_is_made_again():
    hold = held()
    with outage("before", "/confirm"):
        order(hold)

    again = order(hold, now=LEASE_OVER)

    assert again.status == OrderStatus.PAID
    assert (charges(), intents()) == (["succeeded"], ["succeeded"])
    statuses = PaymentAttempt.objects.order_by("pk").values_list("status", flat=True)
    assert list(statuses) == [AttemptStatus.ABANDONED, AttemptStatus.SUCCEEDED]
    assert_books_are_right(LEASE_OVER)


def test_a_payment_that_is_processing_keeps_the_tickets():
    hold = held()

    with switched(processing=True):
        placed = order(hold)

    hold.refresh_from_db()
    assert placed.payments.get().status == PaymentStatus.PROCESSING
    assert hold.status == HoldStatus.PAYING
    assert_books_are_right()
