"""An order, its money and its tickets: each check finds the row that breaks it."""

from datetime import timedelta

import pytest
from django.db import connection

from inventory.models import Hold, Ticket, TicketStatus, TicketType
from payments import orders_audit, services
from payments.models import (
    LedgerEntry,
    LedgerKind,
    Order,
    OrderLine,
    OrderStatus,
    Payment,
    PaymentAttempt,
    Refund,
    RefundReason,
    RefundStatus,
)
from payments.services import books
from tests import beside
from tests import factories as make
from tests.factories import NOON
from tests.paying import (
    answer_challenge,
    ask,
    assert_books_are_right,
    challenge_url,
    challenged,
    held,
    paid,
)
from tests.refunding import hear_the_bank
from tests.services.test_disputes_of_a_part import hear_of
from ticketapp import audit

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(minutes=6)


def given_back(placed: Order, amount: int, **fields) -> Refund:
    fields = {"reason": RefundReason.STAFF, "created_at": NOON} | fields
    refund = Refund.objects.create(
        payment=placed.payments.get(), amount=amount, currency="GBP", **fields
    )
    services.pay_refunds(now=NOON, limit=10)
    return refund


def refunded(placed: Order) -> Order:
    services.refund_order(order=placed, by=None, now=NOON)
    services.pay_refunds(now=NOON, limit=10)
    return placed


def paid_too_late() -> Order:
    """Its tickets were withdrawn; the money is owed back."""
    placed = challenged(held())
    Hold.objects.update(status="expired", lease_until=None)
    Ticket.objects.update(status="withdrawn", hold=None)
    TicketType.objects.update(capacity=0)
    answer_challenge(challenge_url(placed))
    services.ask_about(payment=placed.payments.get(), now=NOON)
    return placed


def written_anew(**changes: object) -> None:
    """The ledger as somebody with the superuser's rights would change it."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
    LedgerEntry.objects.filter(pk=LedgerEntry.objects.earliest("pk").pk).update(
        **changes
    )
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = origin")


def a_payment_succeeded_that_the_provider_never_made():
    Payment.objects.filter(order=paid()).update(intent_id=None)


def tickets_stay_good_though_their_price_went_back():
    placed = paid()
    refund = given_back(placed, 5000)
    refund.lines.set(placed.lines.all())


def money_went_back_for_nothing():
    given_back(paid(), 1234)


def less_is_owed_than_came_too_late():
    paid_too_late()
    Refund.objects.update(amount=1)


def what_came_too_late_is_kept():
    paid_too_late()
    Refund.objects.all().delete()


def tickets_are_taken_back_and_half_is_kept():
    placed = paid()
    services.refund_order(order=placed, by=None, now=NOON)
    Refund.objects.update(amount=2500)


def an_order_is_refunded_without_a_refund():
    Order.objects.filter(pk=paid().pk).update(status="refunded")


def an_order_is_refunded_in_part_without_a_refund():
    Order.objects.filter(pk=paid().pk).update(status="partly_refunded")


def an_order_is_paid_though_all_went_back():
    Order.objects.filter(pk=refunded(paid()).pk).update(status="paid")


def an_entry_is_in_the_books_of_another_order():
    paid()
    written_anew(order=paid())


def an_entry_is_of_another_currency():
    paid()
    written_anew(currency="EUR")


def an_order_is_somebody_elses_than_its_hold():
    Order.objects.filter(pk=paid().pk).update(user=make.buyer())


def an_order_is_for_another_event_than_its_hold():
    Order.objects.filter(pk=paid().pk).update(event=make.event())


def a_hold_was_quoted_another_price():
    paid()
    Hold.objects.update(unit_amount=2400, total_amount=4800)


def a_hold_was_quoted_in_another_currency():
    paid()
    Hold.objects.update(currency="EUR")


def an_order_is_in_another_currency():
    paid()
    Order.objects.update(currency="EUR")


def a_line_says_another_price():
    paid()
    OrderLine.objects.update(unit_amount=1)


def the_lines_share_their_price_unequally():
    paid()
    first, second = OrderLine.objects.order_by("pk")
    OrderLine.objects.filter(pk=first.pk).update(total_amount=5000)
    OrderLine.objects.filter(pk=second.pk).update(total_amount=0)


def a_card_was_tried_for_another_amount():
    paid()
    PaymentAttempt.objects.update(amount=1)


def a_payment_is_in_another_currency():
    paid()
    Payment.objects.update(currency="EUR")


def a_refund_is_in_another_currency():
    refunded(paid())
    Refund.objects.update(currency="EUR")


OWNER = "An order and its hold are of one buyer"
QUOTE = "An order costs what its hold was quoted"
OVER = "A payment, its attempts and its refunds are over"
KEPT = "What was kept of an order's money"
STATUS = "An order's status says what went back"
ENTRY = "A movement of money is in the books of the order"
BROKEN = [
    (a_payment_succeeded_that_the_provider_never_made, "A payment that succeeded is"),
    (tickets_stay_good_though_their_price_went_back, KEPT),
    (money_went_back_for_nothing, KEPT),
    (less_is_owed_than_came_too_late, KEPT),
    (what_came_too_late_is_kept, KEPT),
    (tickets_are_taken_back_and_half_is_kept, KEPT),
    (an_order_is_refunded_without_a_refund, STATUS),
    (an_order_is_refunded_in_part_without_a_refund, STATUS),
    (an_order_is_paid_though_all_went_back, STATUS),
    (an_entry_is_in_the_books_of_another_order, ENTRY),
    (an_entry_is_of_another_currency, ENTRY),
    (an_order_is_somebody_elses_than_its_hold, OWNER),
    (an_order_is_for_another_event_than_its_hold, OWNER),
    (a_hold_was_quoted_another_price, QUOTE),
    (a_hold_was_quoted_in_another_currency, QUOTE),
    (an_order_is_in_another_currency, QUOTE),
    (a_line_says_another_price, QUOTE),
    (the_lines_share_their_price_unequally, QUOTE),
    (a_card_was_tried_for_another_amount, OVER),
    (a_payment_is_in_another_currency, OVER),
    (a_refund_is_in_another_currency, OVER),
]


@pytest.mark.parametrize(("break_it", "promise"), BROKEN)
def test_what_breaks_a_promise_about_an_order_is_found(break_it, promise):
    break_it()

    found = [finding.promise for finding in audit.findings(now=LATER)]

    assert [each for each in found if each.startswith(promise)], found


def test_no_promise_about_an_order_is_left_out():
    begin = tuple({begins for _, begins in BROKEN})

    assert all(promise.startswith(begin) for _, promise, _ in orders_audit.CHECKS)


# What somebody has decided, or was told of, breaks no promise.


def some_of(placed: Order, reason: str) -> Refund:
    refund = services.refund_lines(
        order=placed, lines=placed.lines.all()[:1], reason=reason, by=None, now=NOON
    )
    services.pay_refunds(now=NOON, limit=10)
    return refund


def goodwill():
    some_of(paid(), RefundReason.GOODWILL)


def a_refund_that_is_owed():
    services.refund_order(order=paid(), by=None, now=NOON)


def a_refund_by_hand():
    intent_id = paid().payments.get().intent_id
    ask("POST", "/v1/refunds", {"payment_intent": intent_id, "amount": 1200})
    hear_the_bank()


def a_refund_that_failed():
    refund = some_of(paid(), RefundReason.STAFF)
    assert refund.lines.get().returned_at
    books.enter(
        refund.payment, kind=LedgerKind.REFUND_FAILED, amount=2500, source="back"
    )
    Refund.objects.update(status=RefundStatus.FAILED)
    assert Order.objects.get().status == OrderStatus.PARTLY_REFUNDED


def money_that_came_too_late():
    paid_too_late()


def a_surplus_of_which_a_bank_took_a_part():
    _, first = beside.paid_with_another(held())
    beside.by_asking(first)
    for status in ("needs_response", "lost"):
        hear_of(first, status)
    assert Refund.objects.get().amount == 3000
    services.pay_refunds(now=NOON, limit=10)


def a_ticket_used_before_its_event_was_cancelled():
    placed = paid()
    line = placed.lines.first()
    line.ticket.move_to(TicketStatus.CHECKED_IN, checked_in_at=NOON)
    services.refund_lines(
        order=placed,
        lines=placed.lines.all(),
        reason=RefundReason.EVENT_CANCELLED,
        by=None,
        now=NOON,
    )
    services.pay_refunds(now=NOON, limit=10)
    line.ticket.check_ins.create(staff=placed.user, admitted=True, scanned_at=NOON)


@pytest.mark.parametrize(
    "decide",
    [
        goodwill,
        a_refund_that_is_owed,
        a_refund_by_hand,
        a_refund_that_failed,
        money_that_came_too_late,
        a_surplus_of_which_a_bank_took_a_part,
        a_ticket_used_before_its_event_was_cancelled,
    ],
)
def test_what_was_decided_or_told_breaks_no_promise(decide):
    decide()

    assert_books_are_right()
