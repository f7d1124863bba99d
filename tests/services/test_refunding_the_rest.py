"""A part went back in the provider's dashboard while ours is owed: the rest follows."""

import pytest

from events.models import EventStatus
from inventory.models import TicketStatus
from notifications.models import Notification
from payments import services
from payments.gateways import get_gateway
from payments.gateways.sandbox.switches import outage, switched
from payments.models import (
    Incident,
    Order,
    OrderStatus,
    Refund,
    RefundReason,
    RefundStatus,
)
from payments.services import refund_queue, repaying
from tests.factories import HOUR, NOON
from tests.paying import (
    REFUND_FAILS,
    REFUND_PENDS,
    assert_books_are_right,
    at_provider,
    paid,
)
from tests.refunding import balance, hear_the_bank, in_the_dashboard, refund_some

pytestmark = pytest.mark.django_db
LATER = NOON + 4 * HOUR


def call_off(placed: Order) -> None:
    placed.event.move_to(EventStatus.CANCELLED)
    services.sweep_called_off_events(now=NOON, limit=10)


def by_staff(placed: Order) -> None:
    services.refund_order(order=placed, by=None, now=NOON)


def pay_for_hours() -> None:
    for hours in (1, 2, 3):
        services.sweep_called_off_events(now=NOON + hours * HOUR, limit=10)
        services.pay_refunds(now=NOON + hours * HOUR, limit=10)


def heard_while_the_balance_is_short(placed: Order, amount: int = 1200) -> None:
    with switched(balance_is_short=True):
        services.pay_refunds(now=NOON, limit=10)
    in_the_dashboard(placed, amount)
    hear_the_bank()


def heard_after_ours_was_refused(placed: Order, amount: int = 1200) -> None:
    in_the_dashboard(placed, amount)
    services.pay_refunds(now=NOON, limit=10)
    hear_the_bank()


def never_heard(placed: Order, amount: int = 1200) -> None:
    in_the_dashboard(placed, amount)
    with outage("after", "GET /v1/refunds"):
        services.pay_refunds(now=NOON, limit=10)


OWE = [call_off, by_staff]
MEANWHILE = [
    heard_while_the_balance_is_short,
    heard_after_ours_was_refused,
    never_heard,
]


@pytest.mark.parametrize("owe", OWE)
@pytest.mark.parametrize("meanwhile", MEANWHILE)
def test_the_rest_goes_back_whenever_we_hear_of_the_part(owe, meanwhile):
    placed = paid()
    owe(placed)

    meanwhile(placed)
    pay_for_hours()

    ours = Refund.objects.exclude(reason=RefundReason.DASHBOARD).get()
    assert (ours.status, ours.amount) == (RefundStatus.SUCCEEDED, 3800)
    assert [refund["amount"] for refund in at_provider("refund")] == [1200, 3800]
    placed.refresh_from_db()
    assert (placed.status, balance()) == (OrderStatus.REFUNDED, 0)
    assert not Incident.objects.filter(kind="refund_failed").exists()
    told = Notification.objects.get(dedupe_key__startswith=f"refund:{ours.pk}")
    assert told.title == "£38.00 goes back to your card"
    assert_books_are_right(LATER)


@pytest.mark.parametrize("owe", OWE)
@pytest.mark.parametrize("meanwhile", MEANWHILE)
def test_an_order_without_tickets_or_money_is_refunded_whoever_gave_it_back(
    owe, meanwhile
):
    placed = paid()
    owe(placed)

    meanwhile(placed, 5000)
    pay_for_hours()

    placed.refresh_from_db()
    assert (placed.status, balance()) == (OrderStatus.REFUNDED, 0)
    assert not Refund.objects.get(reason=RefundReason.DASHBOARD).unallocated
    assert_books_are_right(LATER)


@pytest.mark.parametrize("owe", OWE)
@pytest.mark.parametrize("meanwhile", MEANWHILE)
def test_what_was_all_given_back_otherwise_is_not_said_to_have_failed(owe, meanwhile):
    placed = paid()
    owe(placed)

    meanwhile(placed, 5000)
    pay_for_hours()

    ours = Refund.objects.exclude(reason=RefundReason.DASHBOARD).get()
    assert (ours.status, ours.failure) == (RefundStatus.FAILED, repaying.GIVEN_BACK)
    assert Incident.objects.get(kind="refund_failed").detail == (
        "£50.00 was not sent: it was given back otherwise, and nothing is left."
    )
    by_hand = Incident.objects.get(kind="dashboard_refund").detail
    assert "None of its tickets is good any more" in by_hand
    titles = Notification.objects.filter(kind="refund").values_list("title", flat=True)
    assert list(titles) == ["£50.00 goes back to your card"]


def test_what_is_left_of_two_refunds_is_taken_from_the_later_one():
    placed = paid()
    first, second = refund_some(placed, 1), by_line(placed, 1)
    in_the_dashboard(placed, 3000)
    hear_the_bank()

    pay_for_hours()

    for refund in (first, second):
        refund.refresh_from_db()
    assert (first.status, first.amount) == (RefundStatus.SUCCEEDED, 2000)
    assert second.status == RefundStatus.FAILED
    assert balance() == 0
    assert_books_are_right(LATER)


def two_of_which_one_was_lessened_on_its_way(placed: Order) -> list[Refund]:
    """The list was read before the money went, and acted on after it."""
    first, second = refund_some(placed, 1), by_line(placed, 1)
    in_the_dashboard(placed, 1200)
    intent_id = placed.payments.get().intent_id
    read_before = get_gateway().list_refunds(intent_id=intent_id)
    assert refund_queue.claim(NOON + HOUR) == first
    taken_up = refund_queue.claim(NOON + HOUR)
    went = repaying._ask_for(taken_up, NOON + HOUR)
    payment = placed.payments.get()
    repaying.apply_refunds(payment=payment, results=read_before, now=NOON + HOUR)
    second.refresh_from_db()
    assert second.amount == 1300

    repaying.apply_refund(refund=taken_up, result=went, now=NOON + HOUR)
    return [first, second]


def test_one_that_was_paid_while_it_was_lessened_counts_as_it_was_paid():
    placed = paid()
    first, second = two_of_which_one_was_lessened_on_its_way(placed)

    pay_for_hours()

    for refund in (first, second):
        refund.refresh_from_db()
    assert (second.amount, second.unallocated) == (2500, False)
    assert (first.amount, first.unallocated) == (1300, True)
    sent = [refund["amount"] for refund in at_provider("refund")]
    assert (sent, balance()) == ([1200, 2500, 1300], 0)
    assert_books_are_right(LATER)


@pytest.mark.parametrize(
    ("number", "before", "after"),
    [(REFUND_PENDS, "pending", "succeeded"), (REFUND_FAILS, "succeeded", "failed")],
)
def test_what_the_bank_says_later_of_one_lessened_on_its_way_is_heard(
    number, before, after
):
    _, second = two_of_which_one_was_lessened_on_its_way(paid(number))
    second.refresh_from_db()
    assert second.status == before

    hear_the_bank()

    second.refresh_from_db()
    assert (second.status, second.amount) == (after, 2500)


def by_line(placed: Order, number: int) -> Refund:
    return services.refund_lines(
        order=placed,
        lines=[placed.lines.order_by("pk")[number]],
        reason=RefundReason.STAFF,
        by=None,
        now=NOON + HOUR,
    )


def test_goodwill_that_does_not_fit_any_more_is_for_staff_to_decide_again():
    placed = paid()
    refund = refund_some(placed, 2, reason=RefundReason.GOODWILL)
    in_the_dashboard(placed, 1200)

    pay_for_hours()

    refund.refresh_from_db()
    assert (refund.status, refund.amount) == (RefundStatus.FAILED, 5000)
    told = Incident.objects.get(kind="refund_failed").detail
    assert told.startswith("£50.00 was not sent: so much is not left any more.")
    assert "still good" in Incident.objects.get(kind="dashboard_refund").detail
    assert balance() == 3800
    assert_books_are_right(LATER)


def test_what_staff_try_again_is_what_is_left_of_it():
    placed = paid()
    refund = refund_some(placed, 2, reason=RefundReason.GOODWILL)
    in_the_dashboard(placed, 1200)
    hear_the_bank()
    refund.refresh_from_db()
    assert refund.status == RefundStatus.FAILED

    services.retry_refund(refund=refund, now=NOON)
    pay_for_hours()

    refund.refresh_from_db()
    assert (refund.status, refund.amount) == (RefundStatus.SUCCEEDED, 3800)
    assert balance() == 0
    assert_books_are_right(LATER)


def test_a_refund_by_hand_that_is_tried_again_for_less_waits_for_its_tickets_still():
    placed = paid(REFUND_FAILS)
    in_the_dashboard(placed, 3000)
    hear_the_bank()
    by_hand = Refund.objects.get()
    assert (by_hand.status, by_hand.unallocated) == (RefundStatus.FAILED, True)
    refund_some(placed, 1)

    services.retry_refund(refund=by_hand, now=NOON)

    by_hand.refresh_from_db()
    assert (by_hand.amount, by_hand.unallocated) == (2500, True)
    line = placed.lines.get(returned_at=None)
    services.allocate_refund(refund=by_hand, lines=[line], takes_back=True, now=NOON)
    pay_for_hours()
    placed.refresh_from_db()
    assert (placed.status, balance()) == (OrderStatus.REFUNDED, 0)
    assert_books_are_right(LATER)


def test_nothing_is_tried_again_where_nothing_is_left():
    placed = paid()
    refund = refund_some(placed, 2, reason=RefundReason.GOODWILL)
    in_the_dashboard(placed, 5000)
    hear_the_bank()

    with pytest.raises(services.RefundTooLarge, match=r"£0\.00 of what was paid"):
        services.retry_refund(refund=refund, now=NOON)

    refund.refresh_from_db()
    assert (refund.status, refund.amount) == (RefundStatus.FAILED, 5000)


def test_what_is_handed_back_gives_the_rest_where_a_part_went_back_before():
    placed = paid()
    in_the_dashboard(placed, 1200)
    hear_the_bank()
    placed.event.move_to(EventStatus.POSTPONED)

    refund = services.refund_postponed(order=Order.objects.get(), now=LATER)
    services.pay_refunds(now=LATER, limit=10)

    placed.refresh_from_db()
    assert (refund.amount, refund.lines.count()) == (3800, 2)
    assert (placed.status, balance()) == (OrderStatus.REFUNDED, 0)
    assert not placed.lines.filter(returned_at=None).exists()
    assert_books_are_right(LATER)


def test_a_ticket_that_was_used_keeps_no_other_from_being_handed_back():
    placed = paid()
    used, unused = placed.lines.order_by("pk")
    used.ticket.move_to(TicketStatus.CHECKED_IN, checked_in_at=NOON)
    placed.event.move_to(EventStatus.POSTPONED)

    refund = services.refund_postponed(order=Order.objects.get(), now=LATER)
    services.pay_refunds(now=LATER, limit=10)
    with pytest.raises(services.NotRefundable):
        services.refund_postponed(order=Order.objects.get(), now=LATER)

    assert (refund.lines.get(), balance()) == (unused, 2500)
    assert list(placed.lines.filter(returned_at=None)) == [used]
