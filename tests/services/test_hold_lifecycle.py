from datetime import timedelta

import pytest

from inventory import services as inventory
from inventory.models import Hold, HoldStatus, Ticket, TicketStatus
from tests import factories as make
from tests.factories import NOON
from tests.lining_up import LEASE

pytestmark = pytest.mark.django_db


@pytest.fixture
def rush():
    return make.ticket_type(stock=4)


@pytest.fixture
def held(rush):
    return inventory.hold_tickets(
        user=make.buyer(), ticket_type=rush, quantity=2, now=NOON
    )


@pytest.fixture
def paying(held):
    return inventory.start_paying(hold=held, now=NOON, lease=LEASE)


def statuses(ticket_type) -> list[str]:
    return sorted(ticket_type.tickets.values_list("status", flat=True))


def test_letting_a_hold_go_puts_its_tickets_back_on_sale(rush, held):
    released = inventory.release_hold(hold=held, now=NOON)

    assert released.status == HoldStatus.RELEASED
    assert statuses(rush) == ["available"] * 4


def test_letting_go_twice_is_no_error(rush, held):
    inventory.release_hold(hold=held, now=NOON)

    again = inventory.release_hold(hold=held, now=NOON)

    assert again.status == HoldStatus.RELEASED


def test_a_hold_under_payment_is_not_let_go(rush, paying):
    with pytest.raises(inventory.HoldBeingPaid):
        inventory.release_hold(hold=paying, now=NOON)

    assert statuses(rush) == ["available"] * 2 + ["held"] * 2


def test_the_sweep_frees_lapsed_holds_and_no_others(rush, held):
    kept = inventory.hold_tickets(
        user=make.buyer(),
        ticket_type=rush,
        quantity=1,
        now=NOON + timedelta(minutes=1),
    )

    freed = inventory.release_expired_holds(now=held.expires_at, limit=10)

    held.refresh_from_db()
    kept.refresh_from_db()
    assert freed == 1
    assert (held.status, kept.status) == (HoldStatus.EXPIRED, HoldStatus.ACTIVE)
    assert Ticket.objects.available(rush).count() == 3


def test_the_sweep_leaves_holds_under_payment_to_payments(rush, paying):
    freed = inventory.release_expired_holds(
        now=paying.expires_at + timedelta(days=1), limit=10
    )

    assert freed == 0
    assert statuses(rush) == ["available"] * 2 + ["held"] * 2


def test_paying_starts_once(paying):
    assert paying.lease_until == NOON + LEASE

    with pytest.raises(inventory.HoldBeingPaid):
        inventory.start_paying(hold=paying, now=NOON, lease=LEASE)


def test_a_lapsed_hold_cannot_be_paid_for(held):
    with pytest.raises(inventory.HoldExpired):
        inventory.start_paying(hold=held, now=held.expires_at, lease=LEASE)

    held.refresh_from_db()
    assert held.status == HoldStatus.ACTIVE


def test_after_a_decline_the_hold_is_the_buyers_while_time_is_left(paying):
    paused = inventory.pause_paying(hold=paying, now=NOON)

    assert (paused.status, paused.lease_until) == (HoldStatus.ACTIVE, None)


def test_after_a_decline_too_late_the_tickets_go_back(rush, paying):
    paused = inventory.pause_paying(hold=paying, now=paying.expires_at)

    assert paused.status == HoldStatus.EXPIRED
    assert statuses(rush) == ["available"] * 4


def test_a_paid_hold_sells_its_tickets(rush, paying):
    tickets = inventory.sell_held_tickets(hold=paying, now=NOON)

    assert [ticket.status for ticket in tickets] == [TicketStatus.SOLD] * 2
    assert Hold.objects.get().status == HoldStatus.CONVERTED


def test_selling_twice_gives_the_same_tickets(paying):
    first = inventory.sell_held_tickets(hold=paying, now=NOON)

    assert inventory.sell_held_tickets(hold=paying, now=NOON) == first


def test_a_late_payment_sells_while_nobody_freed_the_hold(rush, paying):
    late = paying.expires_at + timedelta(hours=1)

    assert len(inventory.sell_held_tickets(hold=paying, now=late)) == 2


def test_a_freed_hold_cannot_be_sold(rush, paying):
    inventory.free_paying_hold(hold=paying, now=paying.expires_at)

    with pytest.raises(inventory.HoldExpired):
        inventory.sell_held_tickets(hold=paying, now=paying.expires_at)

    assert statuses(rush) == ["available"] * 4


def test_late_money_takes_tickets_again_at_the_old_price(rush, paying):
    inventory.free_paying_hold(hold=paying, now=NOON)
    rush.unit_amount = 9900
    rush.save()

    again = inventory.retake_tickets(hold=paying, now=NOON + timedelta(days=1))

    assert again.pk != paying.pk
    assert (again.status, again.total_amount) == (HoldStatus.CONVERTED, 5000)
    assert statuses(rush) == ["available"] * 2 + ["sold"] * 2
    assert again.tickets.count() == 2
    assert inventory.sell_held_tickets(hold=again, now=NOON) == list(
        again.tickets.order_by("slot")
    )


def test_late_money_is_honoured_beside_another_live_hold(rush, paying):
    inventory.free_paying_hold(hold=paying, now=NOON)
    other = inventory.hold_tickets(
        user=paying.user, ticket_type=rush, quantity=1, now=NOON
    )

    inventory.retake_tickets(hold=paying, now=NOON)

    other.refresh_from_db()
    assert other.status == HoldStatus.ACTIVE
    assert statuses(rush) == ["available", "held", "sold", "sold"]


def test_late_money_never_goes_beyond_the_limit():
    rush = make.ticket_type(event=make.event(per_buyer_limit=2), stock=9)
    buyer = make.buyer()
    first = inventory.hold_tickets(user=buyer, ticket_type=rush, quantity=2, now=NOON)
    inventory.start_paying(hold=first, now=NOON, lease=LEASE)
    inventory.free_paying_hold(hold=first, now=NOON)
    inventory.hold_tickets(user=buyer, ticket_type=rush, quantity=2, now=NOON)

    with pytest.raises(inventory.OverLimit):
        inventory.retake_tickets(hold=first, now=NOON)

    assert Hold.objects.count() == 2


def test_late_money_without_tickets_is_refused(rush, paying):
    inventory.free_paying_hold(hold=paying, now=NOON)
    inventory.hold_tickets(user=make.buyer(), ticket_type=rush, quantity=3, now=NOON)

    with pytest.raises(inventory.TooFewLeft):
        inventory.retake_tickets(hold=paying, now=NOON)

    assert statuses(rush) == ["available"] + ["held"] * 3


def test_a_returned_ticket_leaves_a_fresh_one_in_its_place(rush, paying):
    [returned, _] = inventory.sell_held_tickets(hold=paying, now=NOON)

    [fresh] = inventory.return_tickets(tickets=[returned], now=NOON).fresh

    assert fresh.pk != returned.pk
    assert statuses(rush) == ["available"] * 3 + ["returned", "sold"]


def test_a_ticket_is_taken_back_once(rush, paying):
    sold = inventory.sell_held_tickets(hold=paying, now=NOON)
    inventory.return_tickets(tickets=sold[:1], now=NOON)

    with pytest.raises(inventory.TicketNotReturnable):
        inventory.return_tickets(tickets=sold, now=NOON)

    assert statuses(rush) == ["available"] * 3 + ["returned", "sold"]
