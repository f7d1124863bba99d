"""What cancelled and postponed events owe their buyers."""

from datetime import timedelta

import pytest

from events import services as events
from events.models import EventStatus
from inventory.models import TicketStatus
from notifications.models import Notification
from payments import services
from payments.gateways.sandbox.switches import outage, switched
from payments.models import Order, OrderStatus, Payment, Refund, RefundStatus
from payments.services import calling_off, refund_lines
from tests import factories as make
from tests.factories import NOON
from tests.moving import move_event
from tests.paying import (
    DISPUTED,
    REFUND_FAILS,
    ask,
    assert_books_are_right,
    at_provider,
    challenged,
    held,
    order,
    paid,
)
from tests.refunding import balance, hear_the_bank

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(minutes=10)


@pytest.fixture
def show():
    return make.event()


def call_off(show, status=EventStatus.CANCELLED):
    show.move_to(status)


def sweep(now=LATER, limit=100):
    done = services.sweep_called_off_events(now=now, limit=limit)
    services.pay_refunds(now=now, limit=100)
    return done


def test_everything_paid_for_a_cancelled_event_goes_back_once(show):
    orders = [paid(event=show) for _ in range(3)]
    call_off(show)

    for _ in range(3):
        sweep()

    assert Refund.objects.count() == len(at_provider("refund")) == 3
    assert balance() == 0
    for placed in orders:
        placed.refresh_from_db()
        assert placed.status == OrderStatus.REFUNDED
    kinds = sorted(Notification.objects.values_list("kind", flat=True))
    assert kinds == ["event_called_off"] * 3 + ["event_refund"] * 3 + ["receipt"] * 3
    assert_books_are_right(LATER)


def test_it_goes_on_where_it_stopped(show):
    for _ in range(3):
        paid(event=show)
    call_off(show)

    first = services.sweep_called_off_events(now=LATER, limit=2)
    second = services.sweep_called_off_events(now=LATER, limit=2)
    third = services.sweep_called_off_events(now=LATER, limit=2)

    assert (first.owed, second.owed, third.owed) == (2, 1, 0)


def test_open_intents_are_cancelled_and_orders_closed(show):
    hold = held(event=show)
    placed = challenged(hold)
    call_off(show)

    done = sweep()

    placed.refresh_from_db()
    assert (done.closed, placed.status) == (1, OrderStatus.CANCELLED)
    assert at_provider("payment_intent")[0]["status"] == "canceled"
    assert_books_are_right(LATER)


def test_while_the_provider_is_silent_nothing_is_freed_and_staff_see_it(show):
    hold = held(event=show)
    placed = challenged(hold)
    call_off(show)

    with outage("before"):
        done = sweep()

    hold.refresh_from_db()
    assert (done.closed, done.waiting, hold.status) == (0, 1, "paying")
    assert "does not answer" in Payment.objects.get().flag
    sweep(LATER + timedelta(minutes=1))
    placed.refresh_from_db()
    assert placed.status == OrderStatus.CANCELLED


def test_a_silent_provider_is_asked_about_a_few_and_keeps_no_refund_from_being_owed(
    show, monkeypatch
):
    monkeypatch.setattr(calling_off, "CLOSED_AT_ONCE", 1)
    for _ in range(3):
        challenged(held(event=show))
    paid(event=show)
    call_off(show)

    with outage("before"):
        done = services.sweep_called_off_events(now=LATER, limit=100)

    assert (done.owed, done.waiting) == (1, 1)
    assert Refund.objects.get().status == RefundStatus.OWED


def test_a_short_balance_pauses_and_staff_see_how_far_it_is(show):
    for _ in range(2):
        paid(event=show)
    call_off(show)
    with switched(balance_is_short=True):
        sweep()

    progress = services.progress_of(show)

    assert (progress.orders, progress.refunded, progress.on_the_way) == (2, 0, 2)
    assert progress.waits_for_balance
    sweep(LATER + timedelta(hours=1))
    progress = services.progress_of(show)
    assert (progress.refunded, progress.amounts_refunded) == (2, {"GBP": 10_000})
    assert not progress.waits_for_balance


def test_used_tickets_are_refunded_too(show):
    placed = paid(event=show)
    ticket = placed.lines.first().ticket
    ticket.move_to(TicketStatus.CHECKED_IN, checked_in_at=NOON)
    call_off(show)

    sweep()

    assert (Refund.objects.get().amount, balance()) == (5000, 0)


def test_free_tickets_end_without_money(show):
    hold = held(event=show, unit_amount=0)
    placed = order(hold, payment_method=None)
    call_off(show)

    sweep()
    again = sweep()

    placed.refresh_from_db()
    assert (placed.status, again.owed) == (OrderStatus.REFUNDED, 0)
    note = Notification.objects.get(kind="event_called_off")
    assert "goes back" not in note.body
    assert_books_are_right(LATER)


def test_a_disputed_payment_is_left_to_the_bank(show):
    paid(DISPUTED, event=show)
    hear_the_bank()
    call_off(show)

    assert sweep().owed == 0
    assert not Refund.objects.exists()


def test_a_refund_that_is_refused_is_for_a_person_and_not_owed_for_ever(show):
    placed = paid(event=show)
    for line in placed.lines.all():
        line.ticket.move_to(TicketStatus.CHECKED_IN, checked_in_at=NOON)
    ask("POST", "/v1/refunds", {"payment_intent": placed.payments.get().intent_id})
    call_off(show)
    sweep()

    again = sweep()

    assert (again.owed, again.problems) == (0, [])
    assert Refund.objects.get(reason="event_cancelled").status == RefundStatus.FAILED


def test_a_refund_that_failed_is_for_a_person_and_not_tried_for_ever(show):
    paid(REFUND_FAILS, event=show)
    call_off(show)
    sweep()
    hear_the_bank()

    again = sweep()
    assert (again.owed, again.problems) == (0, [])
    assert Refund.objects.get().status == RefundStatus.FAILED
    assert services.progress_of(show).failed == 1


@pytest.mark.parametrize(("by_hand", "rest"), [(1200, [3800]), (5000, [])])
def test_what_went_back_in_the_dashboard_is_not_owed_again(show, by_hand, rest):
    placed = paid(event=show)
    intent_id = placed.payments.get().intent_id
    ask("POST", "/v1/refunds", {"payment_intent": intent_id, "amount": by_hand})
    hear_the_bank()
    call_off(show)

    first, second = sweep(), sweep()

    owed = Refund.objects.filter(reason="event_cancelled")
    assert list(owed.values_list("amount", flat=True)) == rest
    assert (first.owed, second.owed, balance()) == (len(rest), 0, 0)
    assert_books_are_right(LATER)


def test_an_order_that_cannot_be_refunded_does_not_keep_others_waiting(show):
    for _ in range(3):
        paid(event=show)
    stuck, *rest = Order.objects.order_by("pk")
    intent_id = stuck.payments.get().intent_id
    ask("POST", "/v1/refunds", {"payment_intent": intent_id, "amount": 5000})
    hear_the_bank()
    call_off(show)

    owed = [sweep(limit=1).owed for _ in range(3)]

    assert (owed, balance()) == ([1, 1, 0], 0)
    assert {order.payments.get().refunds.get().reason for order in rest} == {
        "event_cancelled"
    }


def given_back_as_goodwill(show) -> Order:
    placed = paid(event=show)
    refund_lines(
        order=placed, lines=placed.lines.all(), reason="goodwill", by=None, now=NOON
    )
    return placed


def disputed(show) -> Order:
    placed = paid(DISPUTED, event=show)
    hear_the_bank()
    return placed


def refunded_with_a_ticket_in_hand(show) -> Order:
    placed = paid(event=show)
    for line, reason in zip(placed.lines.all(), ("goodwill", "staff"), strict=True):
        refund_lines(order=placed, lines=[line], reason=reason, by=None, now=NOON)
    services.pay_refunds(now=NOON, limit=10)
    placed.refresh_from_db()
    assert placed.status == OrderStatus.REFUNDED
    return placed


@pytest.mark.parametrize(
    "owed_nothing", [given_back_as_goodwill, disputed, refunded_with_a_ticket_in_hand]
)
def test_who_is_owed_nothing_is_told_all_the_same_and_once(show, owed_nothing):
    placed = owed_nothing(show)
    call_off(show)

    told = [sweep().told, sweep().told]

    assert told == [1, 0]
    [news] = Notification.objects.filter(kind="event_called_off")
    assert news.user == placed.user
    assert "does not take place" in news.body
    assert "goes back to your card" not in news.body


def test_other_events_are_left_alone(show):
    placed = paid()
    call_off(show)

    assert sweep().owed == 0
    placed.refresh_from_db()
    assert placed.status == OrderStatus.PAID


def test_a_postponed_event_keeps_its_tickets_and_tells_once(show):
    placed = paid(event=show)
    call_off(show, EventStatus.POSTPONED)

    first, second = sweep(), sweep()

    assert (first.told, second.told) == (1, 0)
    placed.refresh_from_db()
    assert placed.status == OrderStatus.PAID
    [note] = Notification.objects.filter(kind="event_called_off")
    assert "1 June" in note.body


def put_off(show, days: int = 7):
    move_event(show, timedelta(days=days), now=LATER)


def told() -> list[str]:
    notes = Notification.objects.filter(kind="event_called_off")
    return sorted(notes.values_list("title", flat=True))


def test_a_new_date_is_told_as_such_once_it_holds(show):
    placed = paid(event=show)
    call_off(show, EventStatus.POSTPONED)
    sweep()

    put_off(show)
    assert sweep().told == 0
    events.publish_event(event=show, now=LATER)
    assert (sweep().told, sweep().told) == (1, 0)

    assert told() == ["New date: Late Show", "Postponed: Late Show"]
    note = Notification.objects.get(title="New date: Late Show")
    assert "takes place on 8 June 2026 at 21:00" in note.body
    assert note.user == placed.user


def test_a_new_date_that_does_not_hold_either_is_told_too(show):
    paid(event=show)
    for _ in range(2):
        call_off(show, EventStatus.POSTPONED)
        sweep()
        put_off(show)
        events.publish_event(event=show, now=LATER)
        sweep()

    assert told() == ["New date: Late Show"] * 2 + ["Postponed: Late Show"] * 2


def test_who_was_put_off_may_hand_back_until_the_event_begins(show):
    placed, late = paid(event=show), paid(event=show)
    call_off(show, EventStatus.POSTPONED)
    sweep()
    put_off(show)
    events.publish_event(event=show, now=LATER)

    placed, late = Order.objects.order_by("created_at", "pk")
    services.refund_postponed(order=placed, now=LATER)
    with pytest.raises(services.NotPostponed):
        services.refund_postponed(order=late, now=show.starts_at)

    assert Refund.objects.get().payment.order == placed


def test_who_bought_for_the_new_date_may_not(show):
    call_off(show, EventStatus.POSTPONED)
    put_off(show)
    events.publish_event(event=show, now=LATER)
    placed = paid(event=show, now=LATER)

    with pytest.raises(services.NotPostponed):
        services.refund_postponed(order=placed, now=LATER)

    assert sweep().told == 0


def test_a_buyer_may_hand_a_postponed_order_back(show):
    placed = paid(event=show)
    with pytest.raises(services.NotPostponed):
        services.refund_postponed(order=placed, now=LATER)
    call_off(show, EventStatus.POSTPONED)
    placed.refresh_from_db()

    services.refund_postponed(order=placed, now=LATER)
    services.pay_refunds(now=LATER, limit=10)

    placed.refresh_from_db()
    assert (placed.status, balance()) == (OrderStatus.REFUNDED, 0)
    assert_books_are_right(LATER)
