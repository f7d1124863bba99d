"""What becomes of an order, of refunds and of disputes once surplus money has come."""

import pytest
from django.utils import timezone

from events.models import EventStatus
from inventory.models import HoldStatus
from payments import services
from payments.documents import order_document
from payments.gateways.sandbox import post
from payments.gateways.sandbox.switches import outage
from payments.models import (
    Incident,
    Order,
    OrderStatus,
    Refund,
    RefundReason,
    RefundStatus,
)
from payments.services import refund_queue, repaying
from payments.told import told_orders
from tests import beside
from tests.beside import (
    assert_gives_back_once,
    assert_sound,
    by_asking,
    by_webhook,
    take_by_hand,
)
from tests.factories import MINUTE, NOON
from tests.paying import DISPUTED, ask, at_provider, held

pytestmark = pytest.mark.django_db


def test_refunding_the_order_is_about_the_payment_that_paid_it():
    placed, first = beside.paid_with_another(held())
    by_webhook(first)
    assert_gives_back_once(placed, first)

    services.refund_order(order=placed, by=None, now=NOON)
    services.pay_refunds(now=NOON + 2 * MINUTE, limit=10)

    placed.refresh_from_db()
    assert placed.status == OrderStatus.REFUNDED
    assert beside.balance(placed) == 0
    assert first.refunds.count() == 1
    assert_sound()


def test_of_an_event_called_off_later_both_go_back():
    placed, first = beside.paid_with_another(held())
    by_webhook(first)
    placed.event.move_to(EventStatus.CANCELLED)

    services.sweep_called_off_events(now=NOON, limit=10)
    services.pay_refunds(now=NOON, limit=10)

    reasons = sorted(Refund.objects.values_list("reason", flat=True))
    assert reasons == ["event_cancelled", "surplus"]
    assert beside.balance(placed) == 0
    assert_sound()


def test_a_surplus_that_is_disputed_leaves_the_tickets_alone():
    placed, first = beside.paid_with_another(held())
    take_by_hand(first, DISPUTED)
    post.let_mature(now=timezone.now() + MINUTE, limit=10)

    beside.hear()

    ticket = placed.lines.first().ticket
    assert not services.disputed_tickets([ticket.pk])
    assert "not touched" in Incident.objects.get(kind="dispute").detail
    assert services.preview_refund(placed).refusal == ""
    assert_sound()


def test_a_surplus_refunded_in_the_dashboard_first_names_no_tickets():
    placed, first = beside.paid_with_another(held())
    take_by_hand(first)
    ask("POST", "/v1/refunds", {"payment_intent": first.intent_id, "amount": 5000})

    beside.hear()
    services.pay_refunds(now=NOON, limit=10)

    by_hand = Refund.objects.get(reason=RefundReason.DASHBOARD)
    assert (by_hand.status, by_hand.unallocated) == (RefundStatus.SUCCEEDED, False)
    assert (Order.objects.get().status, beside.balance(placed)) == ("paid", 5000)
    assert_sound()


def test_a_surplus_refunded_in_part_in_the_dashboard_gives_back_the_rest():
    """All of it is owed: what was owed before would be refused as too much."""
    placed, first = beside.paid_with_another(held())
    take_by_hand(first)
    ask("POST", "/v1/refunds", {"payment_intent": first.intent_id, "amount": 1000})

    beside.hear()
    services.pay_refunds(now=NOON, limit=10)

    assert [refund["amount"] for refund in at_provider("refund")] == [1000, 4000]
    assert (Order.objects.get().status, beside.balance(placed)) == ("paid", 5000)
    assert not Incident.objects.filter(kind="refund_failed").exists()
    assert_sound()


def test_one_that_was_asked_for_without_an_answer_gives_back_the_rest_too():
    _, first = beside.paid_with_another(held())
    by_asking(first)
    with outage("before", "POST /v1/refunds"):
        services.pay_refunds(now=NOON, limit=10)
    was = Refund.objects.get(reason=RefundReason.SURPLUS).key
    ask("POST", "/v1/refunds", {"payment_intent": first.intent_id, "amount": 1000})

    beside.hear()
    services.pay_refunds(now=NOON + MINUTE, limit=10)

    rest = Refund.objects.get(reason=RefundReason.SURPLUS)
    assert (rest.amount, rest.status) == (4000, RefundStatus.SUCCEEDED)
    assert rest.key != was  # The provider takes each for one amount only.
    assert_sound(NOON + MINUTE)


def test_a_no_to_the_whole_does_not_end_the_rest_that_is_asked_for_since():
    _, first = beside.paid_with_another(held())
    by_asking(first)
    late = refund_queue.claim(NOON)
    ask("POST", "/v1/refunds", {"payment_intent": first.intent_id, "amount": 1000})
    beside.hear()

    run = repaying.Paid()
    repaying._pay(late, run, NOON)
    services.pay_refunds(now=NOON + MINUTE, limit=10)

    rest = Refund.objects.get(reason=RefundReason.SURPLUS)
    assert (rest.amount, rest.status) == (4000, RefundStatus.SUCCEEDED)
    assert (run.failed, run.waiting, run.problems) == (0, 1, [])
    assert not Incident.objects.filter(kind="refund_failed").exists()
    assert_sound(NOON + MINUTE)


def test_while_another_card_may_be_tried_the_buyer_is_not_told_that_it_is_paid():
    placed, first = beside.with_another_at_the_bank(held())
    by_webhook(first)
    second = placed.payments.exclude(pk=first.pk).get()
    services.cancel_payment(payment=second, now=NOON)

    order = Order.objects.get()
    [told] = told_orders([order.pk], user_id=order.user_id)
    document = order_document(told, can_hand_back=False, now=NOON, absolute=str)

    assert document["payment"]["status"] == "cancelled"
    assert [refund["reason"] for refund in document["refunds"]] == ["surplus"]
    assert placed.hold.status != HoldStatus.CONVERTED
