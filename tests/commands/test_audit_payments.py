"""Each check about money finds the row that breaks it, so none of them is idle."""

from datetime import timedelta

import pytest
from django.db import connection

from inventory.models import Hold, Ticket
from payments import orders_audit, services, waitlist_audit
from payments.models import (
    LedgerKind,
    Order,
    OrderLine,
    Payment,
    Refund,
    RefundReason,
    StripeEvent,
)
from payments.services import books
from tests.factories import NOON
from tests.paying import DECLINED, REFUND_FAILS, challenged, held, order, paid
from tests.refunding import hear_the_bank
from ticketapp import audit

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(minutes=6)


def a_line_is_returned_and_its_ticket_sold():
    OrderLine.objects.filter(order=paid()).update(returned_at=NOON)


def an_order_has_another_hold():
    Order.objects.filter(pk=paid().pk).update(hold=held())


def a_paid_order_has_no_payment():
    Payment.objects.filter(order=paid()).update(status="failed")


def money_came_and_nothing_was_given():
    paid().lines.all().delete()


def money_on_an_ended_payment_is_kept():
    Payment.objects.filter(order=paid()).update(surplus=True)


def news_of_money_on_an_ended_payment_lies_about():
    payment = challenged(held()).payments.get()
    Payment.objects.filter(pk=payment.pk).update(status="cancelled")
    StripeEvent.objects.create(
        provider_id="evt_1",
        type="payment_intent.succeeded",
        object_id=payment.intent_id,
        payload={},
        received_at=NOON - timedelta(hours=1),
    )


def a_line_is_missing():
    paid().lines.first().delete()


def the_ledger_knows_of_a_refund_that_nobody_made():
    booked(paid(), LedgerKind.REFUND, -100)


def more_is_owed_than_was_paid():
    owed(paid(), amount=5001)


def a_refund_is_less_than_its_lines_cost():
    refund = services.refund_order(order=paid(), by=None, now=NOON)
    Refund.objects.filter(pk=refund.pk).update(amount=1)


def a_line_is_refunded_twice():
    placed = paid()
    for _ in range(2):
        owed(placed, amount=2500).lines.add(placed.lines.first())


def a_ticket_is_taken_back_for_nothing():
    placed = paid()
    Ticket.objects.filter(order_line__order=placed).update(status="returned")
    placed.lines.update(returned_at=NOON)


def money_is_kept_for_tickets_that_are_gone():
    refund = services.refund_order(order=paid(), by=None, now=NOON)
    Refund.objects.filter(pk=refund.pk).update(status="failed")


def an_order_says_another_price():
    Order.objects.filter(pk=paid().pk).update(amount=4999)


def an_order_has_two_payments():
    placed = paid()
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX payments_payment_is_one_live_per_order")
    Payment.objects.create(order=placed, amount=5000, currency="GBP", created_at=NOON)


def money_is_booked_twice():
    booked(paid(), LedgerKind.CAPTURE, 5000)


def a_hold_is_freed_while_the_bank_asks():
    placed = challenged(held())
    Hold.objects.filter(pk=placed.hold_id).update(status="expired")


def nobody_cancels_an_intent_that_was_left():
    hold = held()
    with pytest.raises(services.CardDeclined):
        order(hold, DECLINED)
    Hold.objects.filter(pk=hold.pk).update(status="expired", freed_at=NOON)
    # As a sweep that fails each time leaves it.
    Payment.objects.update(check_after=LATER + timedelta(minutes=10))


def tickets_are_kept_for_a_payment_that_is_over():
    placed = challenged(held())
    Payment.objects.update(status="cancelled")
    Order.objects.update(status="cancelled", cancelled_at=NOON)
    Hold.objects.filter(pk=placed.hold_id).update(lease_until=NOON)


def a_payment_is_forgotten_by_the_sweep():
    placed = challenged(held())
    Hold.objects.filter(pk=placed.hold_id).update(lease_until=NOON)


def booked(placed: Order, kind: LedgerKind, amount: int) -> None:
    books.enter(placed.payments.get(), kind=kind, amount=amount, source="nobody's")


def owed(placed: Order, *, amount: int) -> Refund:
    return Refund.objects.create(
        payment=placed.payments.get(),
        amount=amount,
        currency="GBP",
        reason=RefundReason.STAFF,
    )


BROKEN = [
    (a_line_is_returned_and_its_ticket_sold, "A ticket is owned exactly when"),
    (an_order_has_another_hold, "The tickets of an order are those of its hold"),
    (a_paid_order_has_no_payment, "No ticket is sold without a succeeded payment"),
    (money_came_and_nothing_was_given, "A succeeded payment has tickets or a refund"),
    (money_on_an_ended_payment_is_kept, "Surplus money goes back whole"),
    (news_of_money_on_an_ended_payment_lies_about, "Money that came on a payment"),
    (a_line_is_missing, "An order that is paid has as many lines"),
    (the_ledger_knows_of_a_refund_that_nobody_made, "The ledger agrees with what"),
    (more_is_owed_than_was_paid, "Refunds, owed ones included, never exceed"),
    (a_refund_is_less_than_its_lines_cost, "A refund that names lines is what they"),
    (a_line_is_refunded_twice, "A refund that names lines is what they cost"),
    (a_ticket_is_taken_back_for_nothing, "A paid ticket is taken back with a refund"),
    (money_is_kept_for_tickets_that_are_gone, "No money is kept for tickets that were"),
    (an_order_says_another_price, "What was captured is what the attempt"),
    (an_order_has_two_payments, "At most one payment of an order could still take"),
    (money_is_booked_twice, "An event is acted on once"),
    (a_hold_is_freed_while_the_bank_asks, "Tickets are not back on sale under a"),
    (tickets_are_kept_for_a_payment_that_is_over, "Tickets are being paid for no"),
    (a_payment_is_forgotten_by_the_sweep, "Tickets are being paid for no longer"),
    (nobody_cancels_an_intent_that_was_left, "Intents of orders that hold no tickets"),
]


@pytest.mark.parametrize(("break_it", "promise"), BROKEN)
def test_what_breaks_a_promise_about_money_is_found(break_it, promise):
    break_it()

    found = [finding.promise for finding in audit.findings(now=LATER)]

    assert [each for each in found if each.startswith(promise)], found


def test_what_staff_were_told_to_pay_another_way_is_no_secret():
    refund = services.refund_order(order=paid(REFUND_FAILS), by=None, now=NOON)
    services.pay_refunds(now=NOON, limit=10)
    hear_the_bank()
    refund.refresh_from_db()
    assert refund.status == "failed"

    assert not list(audit.findings(now=LATER))


def test_no_promise_about_money_is_left_out():
    apart = (*orders_audit.CHECKS, *waitlist_audit.CHECKS)
    elsewhere = {promise for _, promise, _ in apart}
    ours = {check.promise for check in audit.checks() if "payments_" in check.sql}

    assert not {
        promise
        for promise in ours - elsewhere
        if not promise.startswith(tuple(begins for _, begins in BROKEN))
    }
