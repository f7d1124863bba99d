"""Tickets come free in many ways, and go to the line before they go to the public."""

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
)
from tests import factories as make
from tests.factories import MINUTE, NOON
from tests.lining_up import LEASE, free_one_pair, fresh, held, join, sell, statuses

pytestmark = pytest.mark.django_db


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
        join(sold_out, 2, user=make.buyer(email="leaves@example.com"))
    first, second = join(sold_out, 2), join(sold_out, 2)

    way(sold_out)

    assert statuses(first, second) == ["offered", "waiting"]
    assert fresh(first).hold.tickets.count() == 2
    assert not Ticket.objects.available(sold_out).exists()


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
    entry = join(sold_out, 2, user=buyer)
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
