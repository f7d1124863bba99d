"""Whom in line freed tickets fit, by number, limit, price and what else they have."""

import pytest

from events.models import Event, EventStatus
from inventory import services as inventory
from inventory.models import HoldStatus, TicketType, WaitlistEntry, WaitlistReason
from notifications.models import Notification
from tests import factories as make
from tests.factories import MINUTE, NOON
from tests.lining_up import free_one_pair, fresh, held, join, sell, statuses

pytestmark = pytest.mark.django_db


def test_two_single_releases_make_a_pair():
    rush = make.ticket_type(stock=2)
    singles = [held(rush, 1), held(rush, 1)]
    entry = join(rush, 2)

    inventory.release_hold(hold=singles[0], now=NOON)
    after_one = fresh(entry).status
    inventory.release_hold(hold=singles[1], now=NOON)

    assert (after_one, fresh(entry).status) == ("waiting", "offered")


def test_a_group_that_does_not_fit_keeps_its_place_and_blocks_nobody(sold_out):
    group, pair, single = join(sold_out, 4), join(sold_out, 2), join(sold_out, 1)

    free_one_pair(sold_out)

    assert statuses(group, pair, single) == ["waiting", "offered", "waiting"]
    assert WaitlistEntry.objects.with_ahead().get(pk=group.pk).ahead == 0


def test_all_that_is_available_is_matched(sold_out):
    entries = [join(sold_out, 1) for _ in range(5)]

    free_one_pair(sold_out)
    free_one_pair(sold_out)

    assert statuses(*entries) == ["offered"] * 4 + ["waiting"]


def test_a_long_line_is_looked_at_to_its_end(sold_out, monkeypatch):
    monkeypatch.setattr("inventory.services.matching.PAGE", 2)
    Event.objects.update(per_buyer_limit=9)
    busy = [make.buyer() for _ in range(5)]
    other = make.ticket_type(event=sold_out.event, stock=5)
    entries = [join(sold_out, 1, user=buyer) for buyer in busy]
    for buyer in busy:
        held(other, 1, user=buyer)
    last = join(sold_out, 1)

    free_one_pair(sold_out)

    assert statuses(*entries, last) == ["waiting"] * 5 + ["offered"]


def test_a_long_line_is_served_in_several_looks(sold_out, monkeypatch):
    monkeypatch.setattr("inventory.services.matching.MOST_AT_ONCE", 2)
    entries = [join(sold_out, 1) for _ in range(5)]

    inventory.set_capacity(ticket_type=sold_out, capacity=10, now=NOON)
    at_first = statuses(*entries)
    with pytest.raises(inventory.AllHeld):
        held(sold_out, 1)
    in_between = statuses(*entries)
    inventory.match_waitlists(now=NOON)

    assert at_first == ["offered"] * 2 + ["waiting"] * 3
    assert in_between == ["offered"] * 4 + ["waiting"]
    assert statuses(*entries) == ["offered"] * 5
    assert held(sold_out, 1).status == HoldStatus.ACTIVE


def test_who_holds_other_tickets_is_passed_over_and_keeps_their_place(sold_out):
    other = make.ticket_type(event=sold_out.event, stock=1)
    busy = make.buyer()
    first, second = join(sold_out, 2, user=busy), join(sold_out, 2)
    mine = held(other, 1, user=busy)

    free_one_pair(sold_out)
    inventory.release_hold(hold=mine, now=NOON)
    free_one_pair(sold_out)

    assert statuses(first, second) == ["offered", "offered"]
    assert fresh(second).hold.created_at == NOON


def test_who_bought_another_way_waits_no_longer(sold_out):
    other = make.ticket_type(event=sold_out.event, stock=1)
    buyer = make.buyer()
    first, second = join(sold_out, 2, user=buyer), join(sold_out, 2)
    sell(held(other, 1, user=buyer))

    free_one_pair(sold_out)

    assert statuses(first, second) == ["ended", "offered"]
    assert fresh(first).reason == WaitlistReason.BOUGHT_ANOTHER_WAY


def by_a_lower_limit(ticket_type):
    Event.objects.update(per_buyer_limit=2)


def by_less_capacity(ticket_type):
    override = inventory.Overrider(user=make.buyer(), reason="Cameras")
    inventory.set_capacity(
        ticket_type=ticket_type, capacity=2, now=NOON, override=override
    )


@pytest.mark.parametrize("way", [by_a_lower_limit, by_less_capacity])
def test_who_could_never_have_so_many_waits_no_longer(sold_out, way):
    large, small = join(sold_out, 3), join(sold_out, 2)

    way(sold_out)
    inventory.match_waitlists(now=NOON)

    assert statuses(large)[0] == "ended"
    assert fresh(large).reason == WaitlistReason.TOO_MANY
    assert statuses(small)[0] != "ended"
    told = Notification.objects.get(user=large.user)
    assert "A buyer cannot have 3 " in told.body
    assert "You have not been charged." in told.body


def test_what_a_buyer_has_counts_towards_a_lower_limit(sold_out):
    other = make.ticket_type(event=sold_out.event, stock=1)
    buyer = make.buyer()
    sell(held(other, 1, user=buyer))
    mine, theirs = join(sold_out, 2, user=buyer), join(sold_out, 2)

    by_a_lower_limit(sold_out)
    inventory.match_waitlists(now=NOON)

    assert statuses(mine, theirs) == ["ended", "waiting"]
    assert fresh(mine).reason == WaitlistReason.TOO_MANY


def another_ticket_in_exchange(sold_out) -> WaitlistEntry:
    """Somebody with a ticket joins, gives it back and buys one elsewhere."""
    other = make.ticket_type(event=sold_out.event, stock=1)
    buyer = make.buyer()
    had = sell(held(other, 1, user=buyer))
    entry = join(sold_out, 2, user=buyer)
    inventory.return_tickets(tickets=had, now=NOON)
    sell(held(other, 1, user=buyer))
    return entry


def test_who_gave_a_ticket_back_and_bought_another_waits_no_longer(sold_out):
    entry = another_ticket_in_exchange(sold_out)

    free_one_pair(sold_out)

    assert statuses(entry) == ["ended"]
    assert fresh(entry).reason == WaitlistReason.BOUGHT_ANOTHER_WAY


def test_of_who_joined_before_it_was_kept_only_the_number_is_known(sold_out):
    entry = another_ticket_in_exchange(sold_out)
    WaitlistEntry.objects.update(had_at_joining=None)

    free_one_pair(sold_out)

    assert statuses(entry) == ["offered"]


def test_who_gave_a_ticket_back_may_still_wait(sold_out):
    other = make.ticket_type(event=sold_out.event, stock=1)
    buyer = make.buyer()
    had = sell(held(other, 1, user=buyer))
    entry = join(sold_out, 2, user=buyer)
    inventory.return_tickets(tickets=had, now=NOON)

    free_one_pair(sold_out)

    assert statuses(entry) == ["offered"]


def test_who_had_tickets_when_joining_may_get_more(sold_out):
    other = make.ticket_type(event=sold_out.event, stock=1)
    buyer = make.buyer()
    sell(held(other, 1, user=buyer))
    entry = join(sold_out, 2, user=buyer)

    free_one_pair(sold_out)

    assert statuses(entry) == ["offered"]


def test_nobody_is_offered_more_than_they_may_have_by_now(sold_out):
    entry = join(sold_out, 2)
    Event.objects.update(per_buyer_limit=1)

    free_one_pair(sold_out)

    assert statuses(entry) == ["waiting"]


def test_nothing_is_offered_above_the_maximum(sold_out):
    modest, second = join(sold_out, 2, max_total_amount=5000), join(sold_out, 2)
    TicketType.objects.update(unit_amount=2501)

    free_one_pair(sold_out)

    assert statuses(modest, second) == ["waiting", "offered"]


@pytest.mark.parametrize("status", [EventStatus.PAUSED, EventStatus.POSTPONED])
def test_nothing_is_offered_while_the_event_is_not_on_sale(sold_out, status):
    entry = join(sold_out, 2)
    Event.objects.update(status=status)

    free_one_pair(sold_out)

    assert statuses(entry) == ["waiting"]


def test_an_overbooked_type_serves_nobody_in_line(sold_out):
    entry = join(sold_out, 2)
    TicketType.objects.update(capacity=3)

    free_one_pair(sold_out)

    assert statuses(entry) == ["waiting"]


def test_nobody_past_their_time_is_served(sold_out):
    entry = join(sold_out, 2, ends_at=NOON + MINUTE)

    free_one_pair(sold_out, now=NOON + MINUTE)

    assert statuses(entry) == ["waiting"]
