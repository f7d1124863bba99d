"""Money on a payment that we had ended, heard of in every way."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from events.models import EventStatus
from inventory import services as inventory
from inventory.models import HoldStatus, PriceStep
from notifications.models import Notification
from payments import services
from payments.documents import order_document
from payments.gateways import GatewayRefused, GatewayUnavailable
from payments.gateways.sandbox import post
from payments.gateways.sandbox.switches import outage, refusing
from payments.models import (
    Incident,
    LedgerEntry,
    Order,
    OrderStatus,
    Payment,
    Refund,
    RefundReason,
    RefundStatus,
    StripeEvent,
)
from payments.services import refund_queue, repaying
from payments.told import told_orders
from tests import beside
from tests.beside import assert_gives_back_once, by_asking, by_webhook, take_by_hand
from tests.crash.dying import assert_provider_and_books_agree
from tests.factories import MINUTE, NOON
from tests.paying import (
    DISPUTED,
    answer_challenge,
    ask,
    assert_books_are_right,
    at_provider,
    challenge_url,
    challenged,
    held,
    order,
    token,
)
from ticketapp import audit

pytestmark = pytest.mark.django_db
WAYS = [beside.by_webhook, beside.by_asking, beside.by_comparing]
STORIES = [beside.paid_with_another, beside.with_another_at_the_bank, beside.given_up]


def told(kind: str = "paid_too_late") -> list[str]:
    return list(Notification.objects.filter(kind=kind).values_list("body", flat=True))


def assert_sound(now=NOON) -> None:
    assert_books_are_right(now)
    assert_provider_and_books_agree()


# It goes back


@pytest.mark.parametrize("hear", WAYS)
@pytest.mark.parametrize("story", STORIES)
def test_it_goes_back_however_we_hear_of_it(story, hear):
    placed, first = story(held())
    was = placed.status

    hear(first)

    assert_gives_back_once(placed, first)
    assert placed.status == was
    assert len(told()) == 1
    assert Incident.objects.get(kind="surplus").order == placed
    assert_sound()


@pytest.mark.parametrize("lapsed", [False, True])
def test_a_sweep_that_took_the_payment_up_while_it_was_open_gives_it_back(lapsed):
    """It asks, or cancels at the end, and is told that the money came."""
    hold = held()
    placed = challenged(hold)
    first = placed.payments.get()

    def meanwhile():
        services.pay_order(order=placed, payment_method=token(), now=NOON)
        take_by_hand(first)

    now = hold.expires_at if lapsed else NOON + MINUTE
    with beside.before_the_provider_is_asked(meanwhile):
        assert services.sweep_payments(now=now, limit=10).problems == []

    assert_gives_back_once(placed, first)
    assert placed.status == OrderStatus.PAID
    assert_sound(now)


def test_the_second_payment_still_buys_the_tickets():
    placed, first = beside.with_another_at_the_bank(held())
    by_webhook(first)

    answer_challenge(challenge_url(placed))
    beside.hear()

    assert_gives_back_once(placed, first)
    assert placed.status == OrderStatus.PAID
    assert_sound()


def test_the_second_payment_whose_reply_was_lost_buys_them_too():
    placed, first = beside.with_another_unanswered(held())
    by_asking(first)

    services.sweep_payments(now=NOON + 3 * MINUTE, limit=10)

    assert_gives_back_once(placed, first)
    assert placed.status == OrderStatus.PAID
    assert_sound(NOON + 3 * MINUTE)


@pytest.mark.parametrize("status", [EventStatus.CANCELLED, EventStatus.POSTPONED])
def test_it_goes_back_where_the_event_is_off(status):
    placed, first = beside.abandoned(held())
    placed.event.move_to(status)

    by_webhook(first)

    assert_gives_back_once(placed, first)
    assert_sound()


@pytest.mark.parametrize("price", [1800, 0])
def test_it_goes_back_where_the_tickets_were_bought_for_less(price):
    hold = held(unit_amount=2500)
    placed, first = beside.abandoned(hold)
    PriceStep.objects.create(
        ticket_type=hold.ticket_type, starts_at=NOON, unit_amount=price
    )
    order(hold, now=NOON + MINUTE)

    by_webhook(first)

    assert_gives_back_once(placed, first)
    assert (placed.status, placed.amount) == (OrderStatus.PAID, 2 * price)
    assert_sound()


def test_an_old_price_is_not_paid_while_a_lower_one_is_asked():
    """The second payment never came to be, but the buyer was told the lower price."""
    hold = held(unit_amount=2500)
    placed, first = beside.abandoned(hold)
    PriceStep.objects.create(
        ticket_type=hold.ticket_type, starts_at=NOON, unit_amount=1800
    )
    with refusing("POST /v1/payment_intents", 400), pytest.raises(GatewayRefused):
        order(hold, now=NOON + MINUTE)

    by_webhook(first)

    assert_gives_back_once(placed, first)
    assert placed.status == OrderStatus.PENDING
    assert_sound()


def test_an_intent_that_was_refused_and_made_all_the_same_gives_back_too():
    hold = held()
    with outage("after", "POST /v1/payment_intents"), pytest.raises(GatewayUnavailable):
        order(hold)
    with refusing("POST /v1/payment_intents", 401):
        services.cancel_order(order=Order.objects.get(), now=NOON)
    failed = Payment.objects.get()
    assert (failed.status, failed.intent_id) == ("failed", None)
    [intent] = at_provider("payment_intent")

    beside.take_intent_by_hand(intent["id"])
    beside.compare(repair=True)

    assert_gives_back_once(failed.order, failed)
    assert_sound()


# It buys the tickets


@pytest.mark.parametrize("hear", WAYS)
def test_where_nothing_else_pays_and_the_hold_is_theirs_it_buys_the_tickets(hear):
    placed, first = beside.abandoned(held())

    hear(first)

    placed.refresh_from_db()
    first.refresh_from_db()
    assert (placed.status, first.surplus) == (OrderStatus.PAID, False)
    assert len(told("receipt")) == 1
    assert not Refund.objects.exists()
    assert_sound()


def test_where_the_hold_has_just_ended_it_is_late_money():
    hold = held()
    placed, first = beside.abandoned(hold)
    inventory.release_expired_holds(now=hold.expires_at, limit=10)
    take_by_hand(first)

    services.ask_about(payment=first, now=hold.expires_at)

    placed.refresh_from_db()
    assert placed.status == OrderStatus.PAID
    assert Incident.objects.get().kind == "late_honoured"
    assert_sound(hold.expires_at)


# Comparing


@pytest.mark.parametrize(
    ("story", "kind", "remedy"),
    [
        (beside.paid_with_another, "surplus_charge", "give it back"),
        (beside.abandoned, "missed_success", "settle it"),
    ],
)
def test_comparing_alone_says_what_would_be_done_and_does_nothing(story, kind, remedy):
    _, first = story(held())
    take_by_hand(first)
    entries = LedgerEntry.objects.count()

    run = beside.compare(repair=False)

    [found] = run.differences
    assert (found["kind"], found["remedy"], found["done"]) == (kind, remedy, False)
    assert LedgerEntry.objects.count() == entries
    assert not Refund.objects.exists()
    first.refresh_from_db()
    assert first.status == "cancelled"


def test_once_it_went_back_there_is_nothing_to_compare():
    placed, first = beside.paid_with_another(held())
    by_asking(first)
    assert_gives_back_once(placed, first)

    assert beside.compare(repair=False).differences == []


# What it does to the order afterwards


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


# What can never be false


def broken(now) -> list[str]:
    return [finding.promise for finding in audit.findings(now=now)]


def test_the_audit_finds_news_of_it_that_was_left_lying():
    _, first = beside.paid_with_another(held())
    by_webhook(first)
    Payment.objects.filter(pk=first.pk).update(status="cancelled", surplus=False)
    StripeEvent.objects.update(processed_at=None)
    hour = timezone.now() + timedelta(hours=1)

    told = "Money that came on a payment which had ended is in the ledger"
    assert not any(each.startswith(told) for each in broken(hour - MINUTE))
    assert any(each.startswith(told) for each in broken(hour + MINUTE))


def test_the_audit_finds_a_surplus_that_is_kept():
    _, first = beside.paid_with_another(held())
    by_asking(first)
    Refund.objects.update(amount=4999)

    [found] = broken(NOON)

    assert found.startswith("Surplus money goes back whole")


def test_a_surplus_has_come():
    _, first = beside.paid_with_another(held())

    with pytest.raises(IntegrityError, match="surplus_has_come"), transaction.atomic():
        Payment.objects.filter(pk=first.pk).update(surplus=True)
