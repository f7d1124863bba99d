from datetime import timedelta

import pytest
from django.utils import timezone

from events.models import EventStatus
from inventory import codes
from inventory import services as inventory
from inventory.models import TicketStatus
from notifications.models import Notification
from payments import services
from payments.gateways.sandbox import post
from payments.gateways.sandbox.switches import outage, switched
from payments.models import (
    Incident,
    Order,
    OrderStatus,
    Refund,
    RefundReason,
    RefundStatus,
)
from tests import factories as make
from tests.factories import NOON
from tests.paying import (
    DECLINED,
    DISPUTED,
    REFUND_FAILS,
    REFUND_PENDS,
    ask,
    assert_books_are_right,
    at_provider,
    held,
    order,
    paid,
    tickets,
)
from tests.refunding import balance, decide, hear_the_bank, refund_some

pytestmark = pytest.mark.django_db


def refund_all(placed: Order, *, now=NOON):
    made = services.refund_order(order=placed, by=None, now=now)
    services.pay_refunds(now=now, limit=10)
    placed.refresh_from_db()
    return made


# Owing


def test_a_full_refund_gives_the_money_back_and_takes_the_tickets():
    placed = paid()

    refund = refund_all(placed)

    refund.refresh_from_db()
    assert (refund.amount, refund.status) == (5000, RefundStatus.SUCCEEDED)
    assert refund.lines.count() == 2
    assert placed.status == OrderStatus.REFUNDED
    assert tickets(placed.hold) == ["available"] * 4 + ["returned"] * 2
    assert balance() == 0
    assert Notification.objects.filter(kind="refund").count() == 1
    assert_books_are_right()


def test_the_tickets_are_taken_when_it_is_owed_and_the_order_moves_when_it_is_paid():
    placed = paid()

    services.refund_order(order=placed, by=None, now=NOON)

    placed.refresh_from_db()
    assert placed.status == OrderStatus.PAID
    assert tickets(placed.hold) == ["available"] * 4 + ["returned"] * 2
    assert Refund.objects.get().status == RefundStatus.OWED
    assert_books_are_right()


def test_a_part_of_an_order_is_refunded_line_by_line():
    placed = paid()

    refund_some(placed, 1)
    services.pay_refunds(now=NOON, limit=10)

    placed.refresh_from_db()
    assert placed.status == OrderStatus.PARTLY_REFUNDED
    assert tickets(placed.hold).count("sold") == 1
    assert balance() == 2500
    refund_all(placed)
    assert placed.status == OrderStatus.REFUNDED
    assert balance() == 0
    assert_books_are_right()


def test_a_free_order_is_taken_back_without_money():
    hold = held(unit_amount=0)
    placed = order(hold, payment_method=None)

    assert refund_all(placed) is None
    assert placed.status == OrderStatus.REFUNDED
    assert tickets(placed.hold) == ["available"] * 4 + ["returned"] * 2
    assert_books_are_right()


def test_goodwill_leaves_the_tickets_good():
    placed = paid()

    refund_some(placed, 2, reason=RefundReason.GOODWILL)
    services.pay_refunds(now=NOON, limit=10)

    placed.refresh_from_db()
    assert placed.status == OrderStatus.PARTLY_REFUNDED
    assert tickets(placed.hold).count("sold") == 2
    assert balance() == 0
    assert_books_are_right()


def test_a_line_is_refunded_once():
    placed = paid()
    refund_some(placed, 1)

    with pytest.raises(services.NotRefundable):
        refund_some(placed, 1)

    assert Refund.objects.count() == 1


def test_refunds_never_exceed_what_was_captured():
    """Case 9: the dashboard gave 3000 of 5000 back; only one line fits still."""
    placed = paid()
    intent_id = placed.payments.get().intent_id
    ask("POST", "/v1/refunds", {"payment_intent": intent_id, "amount": 3000})
    hear_the_bank()

    with pytest.raises(services.RefundTooLarge):
        refund_some(placed, 1)

    assert Refund.objects.get().unallocated
    assert tickets(placed.hold).count("sold") == 2
    assert_books_are_right()


def test_an_unpaid_order_is_not_refundable():
    with pytest.raises(services.CardDeclined):
        order(held(), DECLINED)
    placed = Order.objects.get()

    with pytest.raises(services.NotRefundable, match="it is pending"):
        services.refund_order(order=placed, by=None, now=NOON)

    assert services.preview_refund(placed).refusal
    assert not Refund.objects.exists()


def test_a_ticket_that_was_used_is_not_refunded():
    placed = paid()
    ticket = placed.lines.first().ticket
    ticket.move_to(TicketStatus.CHECKED_IN, checked_in_at=NOON)

    with pytest.raises(services.NotRefundable, match="used at the door"):
        services.refund_order(order=placed, by=None, now=NOON)

    assert not Refund.objects.exists()
    assert tickets(placed.hold).count("sold") == 1


def test_a_preview_says_what_would_happen_and_does_nothing():
    placed = paid()

    preview = services.preview_refund(placed)

    assert (preview.amount, len(preview.lines), preview.refusal) == (5000, 2, "")
    assert not Refund.objects.exists()


# Paying


def test_a_refund_whose_reply_was_lost_is_not_made_twice():
    placed = paid()
    services.refund_order(order=placed, by=None, now=NOON)
    with outage("after", "POST /v1/refunds"):
        services.pay_refunds(now=NOON, limit=10)
    assert Refund.objects.get().status == RefundStatus.PENDING

    services.pay_refunds(now=NOON + timedelta(days=2), limit=10)

    assert Refund.objects.get().status == RefundStatus.SUCCEEDED
    assert len(at_provider("refund")) == 1
    assert balance() == 0
    assert_books_are_right()


def test_a_refund_that_is_put_off_waits_before_the_next_try():
    placed = paid()
    services.refund_order(order=placed, by=None, now=NOON)

    with outage("before"):
        first = services.pay_refunds(now=NOON, limit=10)
        at_once = services.pay_refunds(now=NOON + timedelta(seconds=1), limit=10)

    assert (first.waiting, at_once.waiting) == (1, 0)
    assert services.pay_refunds(now=NOON + timedelta(hours=1), limit=10).paid == 1


def test_a_short_balance_pauses_the_run_and_the_next_goes_on():
    for _ in range(3):
        services.refund_order(order=paid(), by=None, now=NOON)

    with switched(balance_is_short=True):
        run = services.pay_refunds(now=NOON, limit=10)

    assert (run.paid, run.waiting) == (0, 1)
    assert not at_provider("refund")
    assert services.pay_refunds(now=NOON + timedelta(hours=1), limit=10).paid == 3
    assert balance() == 0
    assert_books_are_right(NOON + timedelta(hours=1))


def test_a_refund_that_comes_back_is_flagged_and_can_be_made_again():
    placed = paid(REFUND_FAILS)
    refund = refund_all(placed)

    hear_the_bank()

    refund.refresh_from_db()
    assert refund.status == RefundStatus.FAILED
    assert balance() == 5000
    assert Incident.objects.get().kind == "refund_failed"
    assert_books_are_right()
    services.retry_refund(refund=refund, now=NOON)
    services.pay_refunds(now=NOON + timedelta(hours=2), limit=10)
    refund.refresh_from_db()
    assert refund.status == RefundStatus.SUCCEEDED
    assert balance() == 0


def test_a_failed_refund_is_not_made_again_for_what_another_gives_back():
    placed = paid(REFUND_FAILS)
    failed = refund_some(placed, 1, reason=RefundReason.GOODWILL)
    services.pay_refunds(now=NOON, limit=10)
    hear_the_bank()
    refund_some(placed, 1, reason=RefundReason.GOODWILL)

    with pytest.raises(services.NotRefundable, match="by another refund"):
        services.retry_refund(refund=failed, now=NOON)

    services.pay_refunds(now=NOON, limit=10)
    assert balance() == 2500
    assert_books_are_right()


def test_a_refund_that_takes_its_time_is_booked_when_it_succeeds():
    placed = paid(REFUND_PENDS)
    refund = refund_all(placed)
    refund.refresh_from_db()
    assert (refund.status, balance()) == (RefundStatus.PENDING, 5000)

    hear_the_bank()

    refund.refresh_from_db()
    placed.refresh_from_db()
    assert (refund.status, placed.status) == ("succeeded", "refunded")
    assert balance() == 0
    assert_books_are_right()


# Disputes


def test_a_disputed_payment_is_not_refunded_and_its_tickets_do_not_admit():
    placed = paid(DISPUTED)
    hear_the_bank()
    ticket = placed.lines.first().ticket
    event = placed.event
    staff = make.staff(venue=event.venue)
    code = codes.write(ticket_id=ticket.pk, event_id=event.pk)

    with pytest.raises(services.PaymentDisputed):
        services.refund_order(order=placed, by=None, now=NOON)
    with pytest.raises(inventory.TicketNotValid, match="disputed"):
        inventory.check_in(code=code, staff=staff, gate="", now=NOON)

    assert not Refund.objects.exists()
    decide("winning")
    assert inventory.check_in(code=code, staff=staff, gate="", now=NOON).admitted
    assert_books_are_right()


def test_a_refund_owed_waits_for_the_bank_and_is_dropped_when_it_is_lost():
    placed = paid(DISPUTED)
    services.refund_order(order=placed, by=None, now=NOON)
    hear_the_bank()

    later = timezone.now() + timedelta(hours=1)
    assert services.pay_refunds(now=later, limit=10).paid == 0
    assert Refund.objects.get().status == RefundStatus.OWED
    [dispute] = at_provider("dispute")
    ask("POST", f"/v1/disputes/{dispute['id']}/close")
    hear_the_bank()

    assert Refund.objects.get().failure == "lost in a dispute"
    assert services.pay_refunds(now=later, limit=10).paid == 0
    assert Refund.objects.get().status == RefundStatus.FAILED
    assert balance() == 0
    assert not at_provider("refund")
    assert_books_are_right()


def test_a_refund_owed_is_paid_once_the_bank_has_decided_for_us():
    placed = paid(DISPUTED)
    services.refund_order(order=placed, by=None, now=NOON)
    hear_the_bank()
    decide("winning")

    later = timezone.now() + timedelta(hours=1)
    assert services.pay_refunds(now=later, limit=10).paid == 1

    assert balance() == 0
    assert_books_are_right()


def test_a_refund_refused_before_the_dispute_is_heard_of_is_paid_once_it_is_won():
    placed = paid(DISPUTED)
    placed.event.move_to(EventStatus.CANCELLED)
    services.sweep_called_off_events(now=NOON, limit=10)
    post.let_mature(now=timezone.now() + timedelta(minutes=1), limit=10)
    services.pay_refunds(now=NOON, limit=10)
    assert Refund.objects.get().failure == "charge_disputed"
    hear_the_bank()
    assert Refund.objects.get().status == RefundStatus.FAILED

    decide("winning")
    later = timezone.now() + timedelta(hours=1)
    assert services.pay_refunds(now=later, limit=10).paid == 1

    assert Refund.objects.get().status == RefundStatus.SUCCEEDED
    assert balance() == 0
    assert_books_are_right(later)


def test_an_inquiry_freezes_without_taking_money():
    placed = paid("4000000000001976")
    hear_the_bank()

    assert balance() == 5000
    ticket = placed.lines.first().ticket
    assert services.disputed_tickets([ticket.pk])[ticket.pk].code == "payment_disputed"
    assert_books_are_right()


def test_a_cancelled_event_is_refunded_used_tickets_included():
    placed = paid()
    placed.lines.first().ticket.move_to(TicketStatus.CHECKED_IN, checked_in_at=NOON)
    placed.event.move_to(EventStatus.CANCELLED)

    refund_some(placed, 2, reason=RefundReason.EVENT_CANCELLED, key="cancelled-1")
    services.pay_refunds(now=NOON, limit=10)

    placed.refresh_from_db()
    assert (placed.status, balance()) == (OrderStatus.REFUNDED, 0)
    assert sorted(line.ticket.status for line in placed.lines.all()) == [
        "checked_in",
        "returned",
    ]
