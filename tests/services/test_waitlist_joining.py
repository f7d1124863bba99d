from datetime import timedelta

import pytest

from events.models import Event, EventStatus
from inventory import services as inventory
from inventory.models import (
    Hold,
    PriceStep,
    TicketType,
    Waitlist,
    WaitlistEntry,
    WaitlistStatus,
)
from tests import factories as make
from tests.factories import NOON
from tests.lining_up import EVENING, LEASE, held, join, sell

pytestmark = pytest.mark.django_db


@pytest.fixture
def sold_out():
    """A type whose two tickets are in somebody's hands."""
    rush = make.ticket_type(stock=2)
    held(rush, 2)
    return rush


def ahead_of(entry) -> int | None:
    return WaitlistEntry.objects.with_ahead().get(pk=entry.pk).ahead


def test_the_line_is_in_the_order_of_joining(sold_out):
    first, second, third = join(sold_out, 2), join(sold_out, 1), join(sold_out, 2)

    assert [entry.number for entry in (first, second, third)] == [1, 2, 3]
    assert [ahead_of(entry) for entry in (first, second, third)] == [0, 1, 2]


def test_who_leaves_makes_room_for_those_behind(sold_out):
    first, second = join(sold_out, 2), join(sold_out, 2)

    inventory.withdraw_from_waitlist(entry=first, now=NOON)

    assert ahead_of(second) == 0
    assert ahead_of(first) is None


def test_who_joins_again_is_last(sold_out):
    buyer = make.buyer()
    first = join(sold_out, 2, user=buyer)
    second = join(sold_out, 2)
    inventory.withdraw_from_waitlist(entry=first, now=NOON)

    again = join(sold_out, 2, user=buyer)

    assert (ahead_of(second), ahead_of(again)) == (0, 1)


def test_nobody_waits_for_what_can_be_bought():
    rush = make.ticket_type(stock=2)

    with pytest.raises(inventory.TicketsAvailable) as refusal:
        join(rush, 2)

    assert refusal.value.details == {"available": 2}
    assert not WaitlistEntry.objects.exists()


def test_a_group_may_wait_while_fewer_are_there():
    rush = make.ticket_type(stock=2)
    held(rush, 1)

    entry = join(rush, 2)

    assert entry.status == WaitlistStatus.WAITING


def test_one_waits_once_per_type(sold_out):
    buyer = make.buyer()
    entry = join(sold_out, 2, user=buyer)

    with pytest.raises(inventory.AlreadyOnWaitlist) as refusal:
        join(sold_out, 1, user=buyer)

    assert refusal.value.details == {"entry": str(entry.pk)}
    assert WaitlistEntry.objects.get().quantity == 2


def test_one_may_wait_for_two_types_of_an_event(sold_out):
    buyer = make.buyer()
    other = make.ticket_type(event=sold_out.event, stock=1)
    held(other, 1)

    join(sold_out, 2, user=buyer)
    join(other, 1, user=buyer)

    assert WaitlistEntry.objects.filter(user=buyer).count() == 2


def test_nobody_waits_for_more_than_they_may_have():
    rush = make.ticket_type(event=make.event(per_buyer_limit=3), stock=4)
    buyer = make.buyer()
    own = sell(held(rush, 2, user=buyer))
    held(rush, 2)

    with pytest.raises(inventory.OverLimit):
        join(rush, 2, user=buyer)

    entry = join(rush, 1, user=buyer)
    assert entry.owned_at_joining == 2
    assert set(entry.had_at_joining) == {ticket.pk for ticket in own}


def test_nobody_waits_beside_a_hold_of_their_own(sold_out):
    other = make.ticket_type(event=sold_out.event, stock=1)
    buyer = make.buyer()
    mine = held(other, 1, user=buyer)

    with pytest.raises(inventory.HoldExists) as refusal:
        join(sold_out, 2, user=buyer)

    assert refusal.value.details["hold"] == str(mine.pk)


def test_no_group_is_larger_than_all_the_tickets(sold_out):
    with pytest.raises(inventory.GroupTooLarge):
        join(sold_out, 3)


@pytest.mark.parametrize("hours", [-1, 0, 9])
def test_waiting_ends_between_now_and_the_start(sold_out, hours):
    with pytest.raises(inventory.UntilOutOfRange):
        join(sold_out, 2, ends_at=NOON + timedelta(hours=hours))

    assert not Waitlist.objects.exists()


def test_a_maximum_that_no_price_reaches_is_refused(sold_out):
    PriceStep.objects.create(
        ticket_type=sold_out, starts_at=EVENING - timedelta(hours=1), unit_amount=1500
    )

    with pytest.raises(inventory.MaximumTooLow) as refusal:
        join(sold_out, 2, max_total_amount=2999)

    assert refusal.value.details == {"lowest": 3000, "currency": "GBP"}
    assert join(sold_out, 2, max_total_amount=3000).max_total_amount == 3000


@pytest.mark.parametrize("status", [EventStatus.CANCELLED, EventStatus.PAUSED])
def test_nobody_joins_what_is_not_on_sale(sold_out, status):
    Event.objects.update(status=status)

    with pytest.raises(inventory.NotOnSale):
        join(sold_out, 2)


def test_an_overbooked_type_lets_nobody_join(sold_out):
    TicketType.objects.update(capacity=1)

    with pytest.raises(inventory.WaitlistClosed):
        join(sold_out, 1)


def test_who_joins_is_behind_those_who_could_be_served_now(sold_out):
    """A price that fell is noticed by whoever comes first, sweep or newcomer."""
    first = join(sold_out, 1, max_total_amount=2000, **falls_to(sold_out, 2000))
    inventory.release_hold(hold=Hold.objects.get(), now=NOON)

    second = join(sold_out, 2, now=NOON + timedelta(hours=1))

    first.refresh_from_db()
    assert first.status == WaitlistStatus.OFFERED
    assert second.status == WaitlistStatus.WAITING


def falls_to(ticket_type, unit_amount) -> dict:
    """A price step in half an hour; gives nothing to add to the wish."""
    PriceStep.objects.create(
        ticket_type=ticket_type,
        starts_at=NOON + timedelta(minutes=30),
        unit_amount=unit_amount,
    )
    return {}


# Leaving ---------------------------------------------------------------------------


def offered(ticket_type, **wish) -> WaitlistEntry:
    entry = join(ticket_type, 2, **wish)
    for rival in Hold.objects.live().filter(ticket_type=ticket_type):
        inventory.release_hold(hold=rival, now=NOON)
    entry.refresh_from_db()
    assert entry.status == WaitlistStatus.OFFERED
    return entry


def test_leaving_twice_is_no_error(sold_out):
    entry = join(sold_out, 2)

    for _ in range(2):
        left = inventory.withdraw_from_waitlist(entry=entry, now=NOON)

    assert (left.status, left.closed_at) == (WaitlistStatus.WITHDRAWN, NOON)


def test_who_leaves_an_offer_hands_it_to_the_next(sold_out):
    first = offered(sold_out)
    second = join(sold_out, 2)

    inventory.withdraw_from_waitlist(entry=first, now=NOON)

    second.refresh_from_db()
    assert second.status == WaitlistStatus.OFFERED
    assert second.hold.tickets.count() == 2


def test_nobody_leaves_an_offer_that_is_being_paid(sold_out):
    entry = offered(sold_out)
    inventory.start_paying(hold=entry.hold, now=NOON, lease=LEASE)

    with pytest.raises(inventory.HoldBeingPaid):
        inventory.withdraw_from_waitlist(entry=entry, now=NOON)

    entry.refresh_from_db()
    assert entry.status == WaitlistStatus.OFFERED


def test_nobody_leaves_what_they_bought(sold_out):
    entry = offered(sold_out)
    sell(entry.hold)

    with pytest.raises(inventory.HoldAlreadySold):
        inventory.withdraw_from_waitlist(entry=entry, now=NOON)

    entry.refresh_from_db()
    assert (entry.status, entry.closed_at) == (WaitlistStatus.PURCHASED, NOON)
