"""The bank takes a part of what was paid: the rest is still ours to give back."""

import pytest
from django.urls import reverse

from events.models import EventStatus
from payments import services
from payments.gateways import DisputeInfo, Movement
from payments.models import (
    Incident,
    Order,
    OrderStatus,
    Payment,
    Refund,
    RefundReason,
    RefundStatus,
)
from payments.services import disputes
from tests import factories as make
from tests.factories import HOUR, NOON
from tests.paying import assert_books_are_right, paid
from tests.refunding import balance, refund_some

pytestmark = pytest.mark.django_db
LATER = NOON + 2 * HOUR


def hear(placed: Order, status: str, amount: int = 2000) -> None:
    hear_of(placed.payments.get(), status, amount)


def hear_of(payment: Payment, status: str, amount: int = 2000) -> None:
    """News of a dispute over a part, as banks open them for one of several items."""
    withdrawn = Movement(id="txn_1", amount=-amount, currency="GBP")
    info = DisputeInfo(
        id="dp_1",
        intent_id=payment.intent_id,
        status=status,
        amount=amount,
        currency="GBP",
        reason="product_not_received",
        opened_at=NOON,
        movements=(withdrawn,),
    )
    disputes.apply_dispute(payment=payment, info=info, now=NOON)


def lost_a_part(**options) -> Order:
    placed = paid(**options)
    hear(placed, "needs_response")
    hear(placed, "lost")
    return placed


def sweep() -> None:
    for now in (NOON + HOUR, LATER):
        services.sweep_called_off_events(now=now, limit=10)
        services.pay_refunds(now=now, limit=10)


def owed_before(placed: Order) -> None:
    placed.event.move_to(EventStatus.CANCELLED)
    services.sweep_called_off_events(now=NOON, limit=10)
    hear(placed, "needs_response")
    hear(placed, "lost")


def called_off_afterwards(placed: Order) -> None:
    hear(placed, "needs_response")
    hear(placed, "lost")
    placed.event.move_to(EventStatus.CANCELLED)


def called_off_meanwhile(placed: Order) -> None:
    hear(placed, "needs_response")
    placed.event.move_to(EventStatus.CANCELLED)
    sweep()
    assert not Refund.objects.exists()
    hear(placed, "lost")


def refused_before_it_was_heard_of(placed: Order) -> None:
    placed.event.move_to(EventStatus.CANCELLED)
    services.sweep_called_off_events(now=NOON, limit=10)
    Refund.objects.update(status=RefundStatus.FAILED, failure=disputes.DISPUTED)
    hear(placed, "needs_response")
    hear(placed, "lost")


@pytest.mark.parametrize(
    "story",
    [
        owed_before,
        called_off_afterwards,
        called_off_meanwhile,
        refused_before_it_was_heard_of,
    ],
)
def test_what_the_bank_left_of_a_cancelled_events_money_goes_back(story):
    placed = paid()

    story(placed)
    sweep()

    refund = Refund.objects.get()
    assert (refund.status, refund.amount) == (RefundStatus.SUCCEEDED, 3000)
    placed.refresh_from_db()
    assert (placed.status, balance()) == (OrderStatus.REFUNDED, 0)
    assert not Incident.objects.filter(kind="refund_failed").exists()
    assert_books_are_right(LATER)


def test_staff_may_refund_no_more_than_the_bank_left():
    placed = lost_a_part()

    assert services.preview_refund(placed).left == 3000
    services.refund_order(order=placed, by=None, now=NOON)
    sweep()

    assert (Refund.objects.get().amount, balance()) == (3000, 0)
    with pytest.raises(services.NotRefundable):
        services.refund_order(order=Order.objects.get(), by=None, now=NOON)
    assert_books_are_right(LATER)


def test_while_the_bank_decides_about_a_part_nothing_is_refunded():
    placed = paid()
    hear(placed, "needs_response")

    with pytest.raises(services.PaymentDisputed):
        services.refund_order(order=placed, by=None, now=NOON)

    assert not Refund.objects.exists()


def test_what_was_refunded_before_and_what_the_bank_took_are_all_there_is():
    placed = paid()
    refund_some(placed, 1)
    services.pay_refunds(now=NOON, limit=10)
    hear(placed, "needs_response", amount=2500)
    hear(placed, "lost", amount=2500)

    placed.refresh_from_db()
    with pytest.raises(services.PaymentDisputed):
        services.refund_order(order=placed, by=None, now=NOON)
    placed.event.move_to(EventStatus.CANCELLED)
    sweep()

    assert (Refund.objects.count(), balance()) == (1, 0)
    assert_books_are_right(LATER)


def test_goodwill_is_lessened_too_as_its_tickets_are_dead():
    placed = paid()
    refund_some(placed, 2, reason=RefundReason.GOODWILL)

    hear(placed, "needs_response")
    hear(placed, "lost")
    sweep()

    refund = Refund.objects.get()
    assert (refund.status, refund.amount, balance()) == ("succeeded", 3000, 0)
    assert_books_are_right(LATER)


def test_tickets_are_not_sold_again_while_a_part_of_their_money_is_left():
    placed = lost_a_part()

    with pytest.raises(services.NotRefundable, match=r"£30\.00 of it is left"):
        services.take_back_disputed(order=placed, now=NOON)

    assert not placed.lines.exclude(returned_at=None).exists()


def test_a_ticket_whose_money_the_bank_has_is_sold_again_once_the_others_are_refunded():
    placed = paid()
    hear(placed, "needs_response", amount=2500)
    hear(placed, "lost", amount=2500)
    refund_some(placed, 1)
    sweep()
    placed.refresh_from_db()
    assert (placed.status, balance()) == (OrderStatus.REFUNDED, 0)

    assert services.take_back_disputed(order=placed, now=LATER) == 1

    assert not placed.lines.filter(returned_at=None).exists()
    with pytest.raises(services.NotRefundable, match="no unused ticket"):
        services.take_back_disputed(order=placed, now=LATER)
    assert_books_are_right(LATER + HOUR)


def test_staff_see_how_much_the_bank_has(client):
    placed = lost_a_part()
    client.force_login(make.staff(venue=placed.event.venue))

    page = client.get(reverse("admin:payments_order_refund", args=[placed.pk]))

    text = " ".join(page.content.decode().split())
    assert "bank has taken £20.00 of what was paid: at most £30.00 goes back" in text
