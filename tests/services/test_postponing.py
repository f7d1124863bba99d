"""Who is told of another date, and who may hand back because of it."""

from datetime import timedelta

import pytest

from events import services as events
from events.models import Event, EventStatus
from notifications.models import Notification
from payments import services
from payments.models import Dispute, Order, OrderStatus
from payments.services.refunds import refund_lines
from tests import factories as make
from tests.factories import MINUTE, NOON
from tests.moving import move_event
from tests.paying import (
    DISPUTED,
    answer_challenge,
    challenge_url,
    challenged,
    held,
    order,
    paid,
)
from tests.refunding import hear_the_bank

pytestmark = pytest.mark.django_db
LATER = NOON + 10 * MINUTE


@pytest.fixture
def show():
    return make.event()


def sweep(now=LATER, limit=100):
    return services.sweep_called_off_events(now=now, limit=limit)


def postpone():
    events.postpone_event(event=Event.objects.get())


def move(*, now=LATER, **by):
    move_event(Event.objects.get(), timedelta(**by), now=now)


def publish(now=LATER):
    events.publish_event(event=Event.objects.get(), now=now)


def news(placed=None) -> list[str]:
    found = Notification.objects.filter(kind="event_called_off")
    if placed:
        found = found.filter(user=placed.user)
    titles = found.values_list("title", flat=True)
    return sorted(title.removesuffix(": Late Show") for title in titles)


def may_hand_back(*, now=LATER) -> list[bool]:
    orders = Order.objects.select_related("event", "hold").order_by("created_at")
    can = services.can_hand_back(orders, now=now)
    return [placed.pk in can for placed in orders]


# Nobody depends on the sweep coming by in time ----------------------------------------


def test_who_was_not_told_in_time_is_told_the_new_date_and_may_hand_back(show):
    for _ in range(3):
        paid(event=show)
    postpone()
    assert sweep(limit=1).told == 1
    move(days=7)
    publish()

    assert [sweep(limit=2).told for _ in range(3)] == [2, 1, 0]

    assert news() == ["New date"] * 3 + ["Postponed"]
    assert may_hand_back() == [True] * 3
    for placed in Order.objects.all():
        services.refund_postponed(order=placed, now=LATER)


def test_a_date_that_is_changed_while_on_sale_is_another_date_too(show):
    placed = paid(event=show)
    move(days=1)

    assert [sweep().told, sweep().told] == [1, 0]

    assert news(placed) == ["New date"]
    assert "hand them back" in Notification.objects.get(title__contains="New").body
    assert may_hand_back() == [True]
    assert may_hand_back(now=NOON + timedelta(hours=32)) == [False]


def test_the_date_that_did_not_hold_is_told_though_the_next_is_entered(show):
    paid(event=show)
    postpone()
    move(days=7)

    assert [sweep().told, sweep().told] == [1, 0]

    note = Notification.objects.get(kind="event_called_off")
    assert "does not take place on 1 June." in note.body


# Once for each date -------------------------------------------------------------------


def test_each_date_is_told_once_also_when_it_comes_back(show):
    paid(event=show)

    for minutes, days in enumerate([1, -1, 1]):
        move(days=days, now=LATER + minutes * MINUTE)
        sweep()
        sweep()

    assert news() == ["New date"] * 3


def test_only_the_latest_date_is_told(show):
    placed = paid(event=show)
    move(days=1)
    move(days=1, now=LATER + MINUTE)

    sweep()
    sweep()

    assert news(placed) == ["New date"]
    assert "on 3 June 2026" in Notification.objects.get(title__contains="New").body


def test_a_date_that_did_not_hold_twice_is_told_twice(show):
    paid(event=show)

    for minutes in (0, 1):
        now = LATER + minutes * MINUTE
        postpone()
        sweep(now)
        sweep(now)
        publish(now)
        sweep(now)
        sweep(now)

    on_after_all = "Now on 1 June 2026 at 21:00"
    assert news() == [on_after_all] * 2 + ["Postponed"] * 2


def test_whoever_was_told_before_events_kept_their_moves_hears_of_the_next(show):
    """And has meanwhile what was promised."""
    paid(event=show)
    Order.objects.update(told_postponed_for=show.local_date - timedelta(days=7))
    assert may_hand_back() == [True]
    assert sweep().told == 0

    postpone()

    assert [sweep().told, sweep().told] == [1, 0]


def test_an_event_postponed_before_it_kept_that_is_told_once(show):
    paid(event=show)
    Event.objects.update(status=EventStatus.POSTPONED)

    assert [sweep().told, sweep().told] == [1, 0]
    move(days=7)
    assert sweep().told == 0


# Who chose which date -----------------------------------------------------------------


def test_who_ordered_once_the_date_was_known_is_not_told_and_may_not(show):
    paid(event=show)
    move(days=1)
    late = paid(event=show, now=LATER)

    assert sweep().told == 1

    assert news(late) == []
    assert may_hand_back() == [True, False]
    with pytest.raises(services.NotPostponed):
        services.refund_postponed(order=late, now=LATER)


def test_who_ordered_before_and_paid_after_may(show):
    placed = challenged(held(event=show))
    move(days=1, now=NOON + MINUTE)
    answer_challenge(challenge_url(placed))
    services.ask_about(payment=placed.payments.get(), now=NOON + 2 * MINUTE)

    assert sweep().told == 1
    assert may_hand_back() == [True]


def test_who_took_tickets_before_and_ordered_after_may(show):
    hold = held(event=show)
    move(days=1, now=NOON + MINUTE)
    order(hold, now=NOON + 2 * MINUTE)

    assert sweep().told == 1
    assert may_hand_back() == [True]


# The time of the same night -----------------------------------------------------------


def test_a_time_put_right_is_told_and_no_money_offered(show):
    placed = paid(event=show)
    move(minutes=30)

    assert [sweep().told, sweep().told] == [1, 0]

    assert news(placed) == ["Now on 1 June 2026 at 21:30"]
    body = Notification.objects.get(title__contains="Now on").body
    assert body.endswith(
        "takes place on 1 June 2026 at 21:30. Your tickets are good for it."
    )
    assert may_hand_back() == [False]
    with pytest.raises(services.NotPostponed):
        services.refund_postponed(order=placed, now=LATER)


def test_a_time_put_right_takes_nothing_away_from_who_was_moved(show):
    placed = paid(event=show)
    move(days=1)
    sweep()
    move(minutes=-30, now=LATER + MINUTE)
    sweep()

    assert news(placed) == ["New date", "Now on 2 June 2026 at 20:30"]
    assert may_hand_back() == [True]
    offers = Notification.objects.filter(body__contains="hand them back")
    assert offers.count() == 2


def test_what_has_begun_is_not_told_of_any_more(show):
    paid(event=show)
    move(minutes=30)

    assert sweep(NOON + timedelta(hours=9)).told == 0
    assert sweep().told == 1


def test_free_tickets_are_told_and_handed_back_too(show):
    placed = order(held(event=show, unit_amount=0), payment_method=None)
    move(days=1)

    assert sweep().told == 1
    assert services.refund_postponed(order=placed, now=LATER) is None


# Who has tickets that are good --------------------------------------------------------


def give_back(show, *reasons) -> Order:
    """An order of two tickets, of which a refund of each of these kinds is owed."""
    placed = paid(event=show)
    for line, reason in zip(placed.lines.all(), reasons, strict=False):
        refund_lines(order=placed, lines=[line], reason=reason, by=None, now=NOON)
    return placed


def test_whose_money_went_back_and_who_may_still_come_is_told(show):
    give_back(show, "goodwill", "staff")
    services.pay_refunds(now=NOON, limit=10)
    assert Order.objects.get().status == OrderStatus.REFUNDED

    postpone()
    sweep()
    move(days=7)
    publish()
    sweep()

    assert news() == ["New date", "Postponed"]


def test_who_has_no_tickets_any_more_is_not_told_that_they_are_good(show):
    give_back(show, "staff", "staff")
    assert Order.objects.get().status == OrderStatus.PAID

    postpone()
    sweep()

    assert news() == []


def test_whose_bank_asks_the_money_back_is_told_once_it_does_not(show):
    paid(DISPUTED, event=show)
    hear_the_bank()
    postpone()
    sweep()
    while_it_asks = news()

    Dispute.objects.update(status="won", closed_at=LATER)
    sweep()

    assert (while_it_asks, news()) == ([], ["Postponed"])
