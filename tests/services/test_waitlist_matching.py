from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from events.models import Event, EventStatus
from inventory import services as inventory
from inventory.models import (
    Hold,
    HoldStatus,
    PriceStep,
    StockCap,
    Ticket,
    TicketType,
    WaitlistEntry,
    WaitlistReason,
)
from notifications.models import Notification
from tests import factories as make
from tests import lining_up
from tests.factories import NOON
from tests.lining_up import free_one_pair, fresh, held, sell, statuses

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
LEASE = timedelta(minutes=2)


@pytest.fixture
def sold_out():
    """A type whose four tickets are in two other buyers' holds."""
    rush = make.ticket_type(stock=4)
    held(rush, 2)
    held(rush, 2)
    return rush


def join(ticket_type, quantity=2, **wish) -> WaitlistEntry:
    return lining_up.join(ticket_type, quantity, **wish)


# Every way tickets come free --------------------------------------------------------


def by_release(ticket_type):
    free_one_pair(ticket_type)


def by_the_sweep(ticket_type):
    Hold.objects.filter(pk=Hold.objects.first().pk).update(expires_at=NOON)
    inventory.release_expired_holds(now=NOON, limit=10)


def by_a_return(ticket_type):
    inventory.return_tickets(tickets=sell(Hold.objects.first()), now=NOON)


def by_more_capacity(ticket_type):
    inventory.set_capacity(ticket_type=ticket_type, capacity=6, now=NOON)


def by_withdrawn_tickets_that_come_back(ticket_type):
    TicketType.objects.update(capacity=6)
    Ticket.objects.bulk_create(
        Ticket(ticket_type=ticket_type, slot=slot, status="withdrawn")
        for slot in range(2)
    )
    TicketType.objects.update(capacity=4)
    inventory.set_capacity(ticket_type=ticket_type, capacity=6, now=NOON)


def by_a_cancelled_payment(ticket_type):
    paying = inventory.start_paying(hold=Hold.objects.first(), now=NOON, lease=LEASE)
    inventory.free_paying_hold(hold=paying, now=NOON)


def by_a_late_decline(ticket_type):
    paying = inventory.start_paying(hold=Hold.objects.first(), now=NOON, lease=LEASE)
    Hold.objects.filter(pk=paying.pk).update(expires_at=NOON)
    inventory.pause_paying(hold=paying, now=NOON)


def by_a_buyer_who_comes_back_after_their_hold(ticket_type):
    lapsed = Hold.objects.first()
    Hold.objects.filter(pk=lapsed.pk).update(expires_at=NOON)
    with pytest.raises(inventory.AllHeld):
        held(ticket_type, 2, user=lapsed.user)


def by_a_waiting_buyer_who_leaves(ticket_type):
    leaves = WaitlistEntry.objects.get(user__email="leaves@example.com")
    free_one_pair(ticket_type)
    inventory.withdraw_from_waitlist(entry=leaves, now=NOON)


WAYS = [
    by_release,
    by_the_sweep,
    by_a_return,
    by_more_capacity,
    by_withdrawn_tickets_that_come_back,
    by_a_cancelled_payment,
    by_a_late_decline,
    by_a_buyer_who_comes_back_after_their_hold,
    by_a_waiting_buyer_who_leaves,
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_freed_tickets_are_the_first_ones_in_line_at_once(sold_out, way):
    if way is by_a_waiting_buyer_who_leaves:
        join(sold_out, user=make.buyer(email="leaves@example.com"))
    first, second = join(sold_out), join(sold_out)

    way(sold_out)

    assert statuses(first, second) == ["offered", "waiting"]
    assert fresh(first).hold.tickets.count() == 2
    assert not Ticket.objects.available(sold_out).exists()


# Who fits ---------------------------------------------------------------------------


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
    first, second = join(sold_out, user=busy), join(sold_out)
    mine = held(other, 1, user=busy)

    free_one_pair(sold_out)
    inventory.release_hold(hold=mine, now=NOON)
    free_one_pair(sold_out)

    assert statuses(first, second) == ["offered", "offered"]
    assert fresh(second).hold.created_at == NOON


def test_who_bought_another_way_waits_no_longer(sold_out):
    other = make.ticket_type(event=sold_out.event, stock=1)
    buyer = make.buyer()
    first, second = join(sold_out, user=buyer), join(sold_out)
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
    large, small = join(sold_out, 3), join(sold_out)

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
    mine, theirs = join(sold_out, user=buyer), join(sold_out)

    by_a_lower_limit(sold_out)
    inventory.match_waitlists(now=NOON)

    assert statuses(mine, theirs) == ["ended", "waiting"]
    assert fresh(mine).reason == WaitlistReason.TOO_MANY


def another_ticket_in_exchange(sold_out) -> WaitlistEntry:
    """Somebody with a ticket joins, gives it back and buys one elsewhere."""
    other = make.ticket_type(event=sold_out.event, stock=1)
    buyer = make.buyer()
    had = sell(held(other, 1, user=buyer))
    entry = join(sold_out, user=buyer)
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
    entry = join(sold_out, user=buyer)
    inventory.return_tickets(tickets=had, now=NOON)

    free_one_pair(sold_out)

    assert statuses(entry) == ["offered"]


def test_who_had_tickets_when_joining_may_get_more(sold_out):
    other = make.ticket_type(event=sold_out.event, stock=1)
    buyer = make.buyer()
    sell(held(other, 1, user=buyer))
    entry = join(sold_out, user=buyer)

    free_one_pair(sold_out)

    assert statuses(entry) == ["offered"]


def test_nobody_is_offered_more_than_they_may_have_by_now(sold_out):
    entry = join(sold_out)
    Event.objects.update(per_buyer_limit=1)

    free_one_pair(sold_out)

    assert statuses(entry) == ["waiting"]


def test_nothing_is_offered_above_the_maximum(sold_out):
    modest, second = join(sold_out, max_total_amount=5000), join(sold_out)
    TicketType.objects.update(unit_amount=2501)

    free_one_pair(sold_out)

    assert statuses(modest, second) == ["waiting", "offered"]


@pytest.mark.parametrize("status", [EventStatus.PAUSED, EventStatus.POSTPONED])
def test_nothing_is_offered_while_the_event_is_not_on_sale(sold_out, status):
    entry = join(sold_out)
    Event.objects.update(status=status)

    free_one_pair(sold_out)

    assert statuses(entry) == ["waiting"]


def test_an_overbooked_type_serves_nobody_in_line(sold_out):
    entry = join(sold_out)
    TicketType.objects.update(capacity=3)

    free_one_pair(sold_out)

    assert statuses(entry) == ["waiting"]


def test_nobody_past_their_time_is_served(sold_out):
    entry = join(sold_out, ends_at=NOON + MINUTE)

    free_one_pair(sold_out, now=NOON + MINUTE)

    assert statuses(entry) == ["waiting"]


# Shared caps -----------------------------------------------------------------------


@pytest.fixture
def stalls_and_circle():
    """Two types of four tickets each that share five places; four are taken."""
    event = make.event(per_buyer_limit=9)
    stalls, circle = (make.ticket_type(event=event, stock=4) for _ in range(2))
    inventory.save_cap(
        cap=StockCap(event=event, name="House", capacity=5),
        types=[stalls, circle],
        now=NOON,
    )
    held(stalls, 2)
    held(stalls, 2)
    return stalls, circle


def test_what_a_shared_cap_forbids_is_waited_for(stalls_and_circle):
    _, circle = stalls_and_circle

    entry = join(circle, 2)

    assert statuses(entry) == ["waiting"]
    with pytest.raises(inventory.TicketsAvailable):
        join(circle, 1)
    with pytest.raises(inventory.GroupTooLarge):
        join(circle, 6)


def test_room_under_a_shared_cap_goes_to_the_line_of_the_other_type(stalls_and_circle):
    stalls, circle = stalls_and_circle
    entry = join(circle, 2)
    free_one_pair(stalls)

    with pytest.raises(inventory.TooFewLeft):
        held(circle, 2)

    assert statuses(entry) == ["offered"]


def test_room_under_a_shared_cap_goes_to_the_other_line_as_it_comes_free(
    stalls_and_circle,
):
    stalls, circle = stalls_and_circle
    entry = join(circle, 2)

    free_one_pair(stalls)

    assert statuses(entry) == ["offered"]


def test_the_line_of_what_came_free_goes_before_the_other(stalls_and_circle):
    stalls, circle = stalls_and_circle
    other, own = join(circle, 2), join(stalls, 2)

    free_one_pair(stalls)

    assert statuses(own, other) == ["offered", "waiting"]


def test_no_more_is_offered_than_a_shared_cap_leaves(stalls_and_circle):
    stalls, circle = stalls_and_circle
    first, second = join(circle, 2), join(circle, 2)
    free_one_pair(stalls)

    inventory.match_waitlists(now=NOON)

    assert statuses(first, second) == ["offered", "waiting"]


# The public ------------------------------------------------------------------------


def test_the_public_gets_what_nobody_in_line_fits(sold_out):
    join(sold_out, 4)
    free_one_pair(sold_out)

    taken = held(sold_out, 2)

    assert taken.status == HoldStatus.ACTIVE


def test_a_public_buyer_does_not_pass_somebody_the_price_has_come_down_to(sold_out):
    PriceStep.objects.create(
        ticket_type=sold_out, starts_at=NOON + MINUTE, unit_amount=1000
    )
    entry = join(sold_out, 2, max_total_amount=2000)
    free_one_pair(sold_out)

    with pytest.raises(inventory.AllHeld):
        held(sold_out, 1, now=NOON + MINUTE)

    assert statuses(entry) == ["offered"]
    assert fresh(entry).hold.total_amount == 2000


def test_a_public_buyer_does_not_pass_the_line_when_sales_go_on(sold_out):
    entry = join(sold_out, 2)
    Event.objects.update(status=EventStatus.PAUSED)
    free_one_pair(sold_out)
    free_one_pair(sold_out)
    Event.objects.update(status=EventStatus.PUBLISHED)

    taken = held(sold_out, 2)

    assert statuses(entry) == ["offered"]
    assert not set(taken.tickets.all()) & set(fresh(entry).hold.tickets.all())


def test_who_waits_and_asks_again_gets_their_own_offer(sold_out):
    buyer = make.buyer()
    entry = join(sold_out, user=buyer)
    free_one_pair(sold_out)

    mine = held(sold_out, 2, user=buyer)

    assert fresh(entry).hold == mine


def test_where_nobody_waits_freeing_costs_one_query_and_holding_none(sold_out):
    rival = Hold.objects.first()

    with CaptureQueriesContext(
        connection,
    ) as freeing:
        inventory.release_hold(hold=rival, now=NOON)
    with CaptureQueriesContext(connection) as holding:
        held(sold_out, 2)

    about_the_line = [q for q in freeing if "inventory_waitlist" in q["sql"]]
    assert len(about_the_line) == 1
    assert len([q for q in holding if 'FROM "inventory_waitlist' in q["sql"]]) == 0
