"""Money that comes late, twice, or not as asked; and the sweeps that find out."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from events.models import EventStatus
from inventory import services as inventory
from inventory.models import HoldStatus, TicketType
from notifications.models import Notification
from payments import services
from payments.gateways import get_gateway
from payments.gateways.sandbox.switches import outage, switched
from payments.models import (
    Incident,
    LedgerEntry,
    Order,
    OrderStatus,
    Payment,
    PaymentStatus,
    Refund,
    RefundReason,
    RefundStatus,
)
from tests import factories as make
from tests.factories import NOON
from tests.paying import (
    DECLINED,
    LEASE_OVER,
    answer_challenge,
    assert_books_are_right,
    at_provider,
    challenge_url,
    challenged,
    held,
    order,
    tickets,
    token,
)
from tests.refunding import balance

pytestmark = pytest.mark.django_db


def after(hold, **later):
    return hold.expires_at + timedelta(**later)


def sweep(now):
    inventory.release_expired_holds(now=now, limit=100)
    return services.sweep_payments(now=now, limit=100)


def buy_the_rest(hold) -> None:
    """Somebody else takes every ticket that is left."""
    rush = TicketType.objects.with_terms().get(pk=hold.ticket_type_id)
    left = rush.tickets.filter(status="available").count()
    inventory.hold_tickets(
        user=make.buyer(), ticket_type=rush, quantity=left, now=after(hold, seconds=1)
    )


def freed_with_the_money_on_its_way(**fields):
    """An order whose tickets went back on sale and whose intent then succeeded.

    Our sweeps never let this happen, so the tickets are freed behind their back.
    """
    hold = held(**fields)
    placed = challenged(hold)
    inventory.free_paying_hold(hold=hold, now=hold.expires_at)
    answer_challenge(challenge_url(placed))
    return hold, placed


# Late success


def test_late_money_takes_tickets_again_and_honours_the_quote():
    hold, placed = freed_with_the_money_on_its_way()
    hold.ticket_type.unit_amount = 9900
    hold.ticket_type.save()

    services.ask_about(payment=placed.payments.get(), now=after(hold, minutes=1))

    placed.refresh_from_db()
    assert (placed.status, placed.amount) == (OrderStatus.PAID, 5000)
    assert placed.hold_id != hold.pk
    assert tickets(hold) == ["available", "available", "sold", "sold"]
    assert [line.total_amount for line in placed.lines.all()] == [2500, 2500]
    assert Incident.objects.get().kind == "late_honoured"
    assert_books_are_right(after(hold, minutes=1))


def test_late_money_without_tickets_goes_back_once_and_the_buyer_is_told():
    hold, placed = freed_with_the_money_on_its_way(stock=2)
    buy_the_rest(hold)
    payment = placed.payments.get()

    for _ in range(3):
        services.ask_about(payment=payment, now=after(hold, minutes=1))
        services.pay_refunds(now=after(hold, minutes=2), limit=10)

    placed.refresh_from_db()
    refund = Refund.objects.get()
    assert placed.status == OrderStatus.CANCELLED
    assert (refund.amount, refund.reason) == (5000, RefundReason.TOO_LATE)
    assert refund.status == RefundStatus.SUCCEEDED
    assert len(at_provider("refund")) == 1
    assert balance() == 0
    kinds = set(Notification.objects.values_list("kind", flat=True))
    assert kinds == {"paid_too_late", "refund"}
    assert Incident.objects.get().kind == "late_refunded"
    assert_books_are_right(after(hold, minutes=2))


def test_late_money_for_an_order_closed_meanwhile_is_honoured_too():
    hold, placed = freed_with_the_money_on_its_way()
    placed.move_to(OrderStatus.CANCELLED, cancelled_at=NOON)

    services.ask_about(payment=placed.payments.get(), now=after(hold, minutes=1))

    placed.refresh_from_db()
    assert (placed.status, placed.cancelled_at) == (OrderStatus.PAID, None)
    assert_books_are_right(after(hold, minutes=1))


def test_money_for_an_event_cancelled_meanwhile_goes_back():
    hold = held()
    placed = challenged(hold)
    hold.event.move_to(EventStatus.CANCELLED)
    answer_challenge(challenge_url(placed))

    services.ask_about(payment=placed.payments.get(), now=NOON)

    placed.refresh_from_db()
    assert placed.status == OrderStatus.CANCELLED
    assert Refund.objects.get().reason == RefundReason.EVENT_CANCELLED
    assert tickets(hold) == ["available"] * 4
    assert_books_are_right()


def test_money_for_a_postponed_event_buys_its_tickets():
    hold = held()
    placed = challenged(hold)
    hold.event.move_to(EventStatus.POSTPONED)
    answer_challenge(challenge_url(placed))

    services.ask_about(payment=placed.payments.get(), now=NOON)

    placed.refresh_from_db()
    assert placed.status == OrderStatus.PAID


def test_another_amount_than_we_asked_for_goes_back_and_is_flagged():
    hold = held()
    placed = challenged(hold)
    Payment.objects.update(amount=4000)
    Order.objects.update(amount=4000)
    answer_challenge(challenge_url(placed))

    services.ask_about(payment=placed.payments.get(), now=NOON)

    placed.refresh_from_db()
    refund = Refund.objects.get()
    assert placed.status == OrderStatus.CANCELLED
    assert (refund.amount, refund.reason) == (5000, RefundReason.MISMATCH)
    assert Incident.objects.get().kind == "mismatch"
    assert "is not what it costs" in Notification.objects.get().body
    assert tickets(hold) == ["available"] * 4


def test_the_same_news_twice_changes_nothing():
    hold = held()
    placed = challenged(hold)
    answer_challenge(challenge_url(placed))
    payment = placed.payments.get()
    intent = get_gateway().retrieve_intent(intent_id=payment.intent_id)

    for _ in range(3):
        services.apply_intent(payment=payment, intent=intent, now=NOON)

    assert LedgerEntry.objects.count() == 1
    assert Notification.objects.count() == 1
    assert placed.lines.count() == 2
    assert_books_are_right()


def test_old_news_does_not_undo_newer():
    hold = held()
    placed = challenged(hold)
    payment = placed.payments.get()
    before = get_gateway().retrieve_intent(intent_id=payment.intent_id)
    answer_challenge(challenge_url(placed))
    services.ask_about(payment=payment, now=NOON)

    services.apply_intent(payment=payment, intent=before, now=NOON)

    placed.refresh_from_db()
    assert placed.status == OrderStatus.PAID
    assert placed.payments.get().status == PaymentStatus.SUCCEEDED


def test_the_ledger_is_only_ever_added_to():
    order(held())
    entry = LedgerEntry.objects.get()

    with pytest.raises(DatabaseError, match="only ever added to"), transaction.atomic():
        LedgerEntry.objects.update(amount=1)
    with pytest.raises(DatabaseError, match="only ever added to"), transaction.atomic():
        entry.delete()

    assert LedgerEntry.objects.get().amount == 5000


@pytest.mark.parametrize(
    "statement", ["TRUNCATE {}", "TRUNCATE payments_order CASCADE"]
)
def test_the_ledger_is_not_emptied(statement):
    order(held())
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

    with (
        pytest.raises(DatabaseError, match="only ever added to"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement.format(LedgerEntry._meta.db_table))

    assert LedgerEntry.objects.get().amount == 5000


# Sweeps


def test_the_sweep_honours_what_was_charged_behind_a_lost_reply():
    hold = held()
    with outage("after", "/confirm"):
        placed = order(hold)

    swept = sweep(NOON + timedelta(seconds=20))

    placed.refresh_from_db()
    assert (swept.asked, placed.status) == (1, OrderStatus.PAID)
    assert_books_are_right(LEASE_OVER)


def test_the_sweep_does_not_disturb_a_call_that_is_on_its_way():
    hold = held()
    with outage("before", "/confirm"):
        order(hold)

    sweep(NOON + timedelta(seconds=20))

    hold.refresh_from_db()
    assert hold.status == HoldStatus.PAYING


def test_after_the_lease_the_sweep_gives_the_hold_back_to_the_buyer():
    hold = held()
    with outage("before", "/confirm"):
        placed = order(hold)

    sweep(LEASE_OVER)

    hold.refresh_from_db()
    placed.refresh_from_db()
    assert (hold.status, placed.status) == (HoldStatus.ACTIVE, OrderStatus.PENDING)
    assert_books_are_right(LEASE_OVER)


def test_at_the_end_the_sweep_cancels_at_the_provider_and_then_frees():
    hold = held()
    placed = challenged(hold)

    sweep(hold.expires_at)

    placed.refresh_from_db()
    assert placed.status == OrderStatus.CANCELLED
    assert at_provider("payment_intent")[0]["status"] == "canceled"
    assert tickets(hold) == ["available"] * 4
    assert_books_are_right(hold.expires_at)


def test_at_the_end_the_sweep_honours_what_the_provider_has_charged():
    hold = held()
    placed = challenged(hold)
    answer_challenge(challenge_url(placed))

    sweep(hold.expires_at)

    placed.refresh_from_db()
    assert placed.status == OrderStatus.PAID
    assert tickets(hold) == ["available", "available", "sold", "sold"]
    assert_books_are_right(hold.expires_at)


def test_while_the_provider_is_silent_the_hold_stays_and_staff_see_it():
    hold = held()
    placed = challenged(hold)

    with outage("before"):
        swept = sweep(hold.expires_at)
        sweep(after(hold, minutes=30))

    hold.refresh_from_db()
    payment = placed.payments.get()
    assert (swept.unanswered, hold.status) == (1, HoldStatus.PAYING)
    assert "does not answer" in payment.flag
    assert_books_are_right(after(hold, minutes=30))
    sweep(after(hold, minutes=31))
    payment.refresh_from_db()
    assert (payment.status, payment.flag) == (PaymentStatus.CANCELLED, "")
    assert tickets(hold) == ["available"] * 4


def test_a_payment_that_is_still_processing_keeps_its_tickets_past_the_end():
    hold = held()
    with switched(processing=True):
        placed = order(hold)

    sweep(after(hold, minutes=1))

    hold.refresh_from_db()
    assert hold.status == HoldStatus.PAYING
    assert placed.payments.get().flag
    assert_books_are_right(after(hold, minutes=1))


def test_a_payment_whose_intent_id_was_lost_is_found_by_its_key():
    hold = held()
    cut = outage("after", "POST /v1/payment_intents", times=1)
    with cut, pytest.raises(Exception, match="not been charged"):
        order(hold)
    assert Payment.objects.get().intent_id is None

    sweep(hold.expires_at)

    assert [intent["status"] for intent in at_provider("payment_intent")] == [
        "canceled"
    ]
    payment = Payment.objects.get()
    assert (payment.status, bool(payment.intent_id)) == (PaymentStatus.CANCELLED, True)
    assert Order.objects.get().status == OrderStatus.CANCELLED
    assert_books_are_right(after(hold, minutes=1))


def test_an_order_given_up_after_a_decline_is_closed_and_its_intent_cancelled():
    hold = held()
    with pytest.raises(services.CardDeclined):
        order(hold, DECLINED)

    sweep(hold.expires_at)

    assert Order.objects.get().status == OrderStatus.CANCELLED
    assert at_provider("payment_intent")[0]["status"] == "canceled"
    assert tickets(hold) == ["available"] * 4
    assert_books_are_right(after(hold, minutes=1))


def test_a_decline_after_the_end_frees_only_once_the_intent_is_cancelled():
    hold = held()
    placed = challenged(hold)
    answer_challenge(challenge_url(placed), passed=False)

    services.ask_about(payment=placed.payments.get(), now=after(hold, seconds=1))

    assert at_provider("payment_intent")[0]["status"] == "canceled"
    assert tickets(hold) == ["available"] * 4
    placed.refresh_from_db()
    assert placed.status == OrderStatus.CANCELLED


def test_two_sweeps_at_once_share_the_work():
    for _ in range(3):
        with outage("after", "/confirm"):
            order(held())

    first = services.sweep_payments(now=LEASE_OVER, limit=2)
    second = services.sweep_payments(now=LEASE_OVER, limit=2)
    third = services.sweep_payments(now=LEASE_OVER, limit=2)

    assert (first.asked, second.asked, third.asked) == (2, 1, 0)
    assert Order.objects.filter(status=OrderStatus.PAID).count() == 3


def test_a_turn_that_was_lost_while_the_intent_was_made_charges_nothing():
    """The buyer cancels on another device between our commit and the intent."""
    hold = held()
    placed = challenged(hold)
    services.cancel_order(order=placed, now=NOON)

    with pytest.raises(services.OrderClosed):
        order(hold, payment_method=token())

    assert not at_provider("charge")
