"""Case 7. The capacity is cut while people buy.

What is sold and held stands; the new number counts for new holds. Below what is
taken it is refused, or recorded as an override: then the type is overbooked, what
comes back does not go on sale, and nobody is promised anything from a waitlist.

The guards: the lock on the ticket type in `capacity.set_capacity`, without which
two who change it make or withdraw tickets twice, and `overbooking.withdraw_excess`,
which takes off sale what comes back to an overbooked type. That tickets are waited
for in one order, or cut and release deadlock, is proved in `concurrency/test_stock`.
"""

from functools import partial

import pytest
from django.db import transaction

from inventory import services as inventory
from inventory.models import Hold, Override, TicketStatus, TicketType
from inventory.services import matching
from tests import factories as make
from tests.concurrency.racing import (
    ROUNDS,
    Rival,
    assert_all_is_well,
    breaks_within,
    race,
)
from tests.concurrency.test_stock import (
    capacity_changes_during_a_rush,
    take_out_locks,
)
from tests.factories import NOON
from tests.lining_up import join

pytestmark = pytest.mark.django_db(transaction=True)


def hold(ticket_type, quantity) -> Hold:
    return inventory.hold_tickets(
        user=make.buyer(), ticket_type=ticket_type, quantity=quantity, now=NOON
    )


def cut(ticket_type, capacity, **more):
    return inventory.set_capacity(
        ticket_type=ticket_type, capacity=capacity, now=NOON, **more
    )


def decided():
    return inventory.Overrider(user=make.buyer(), reason="Cameras take the seats")


def free_tickets(ticket_type) -> int:
    return ticket_type.tickets.filter(status=TicketStatus.AVAILABLE).count()


def test_case_07_what_is_held_stands_and_the_new_number_counts():
    """A hold of 4 from 10 stays when 10 becomes 5; one more can be had, no more."""
    rush = make.ticket_type(stock=10)
    held = hold(rush, 4)

    cut(rush, 5)

    assert held.tickets.count() == 4
    with pytest.raises(inventory.TooFewLeft):
        hold(rush, 2)
    hold(rush, 1)
    with pytest.raises(inventory.AllHeld):
        hold(rush, 1)
    assert_all_is_well()


def test_case_07_below_what_is_taken_it_is_refused_and_nothing_changes():
    """Without a decision on record the old number stays."""
    rush = make.ticket_type(stock=6)
    hold(rush, 4)

    with pytest.raises(inventory.CapacityBelowTaken):
        cut(rush, 3)

    rush.refresh_from_db()
    assert (rush.capacity, free_tickets(rush)) == (6, 2)
    assert_all_is_well()


def test_case_07_changes_during_a_rush_neither_deadlock_nor_miscount():
    """24 people hold and let go while four members of staff change the number."""
    for _ in range(2):
        capacity_changes_during_a_rush()


def two_members_of_staff_change_it_at_once() -> None:
    rush = make.ticket_type(stock=10)
    hold(rush, 2)
    second = Rival(partial(cut, rush, 30))

    with transaction.atomic():
        cut(rush, 20)
        second.start_and_run_as_far_as_it_can()

    assert isinstance(second.outcome(), TicketType), second.outcome()
    assert free_tickets(rush) == 28
    assert_all_is_well()


def test_case_07_of_two_who_change_it_at_once_the_second_counts_after_the_first():
    """From 10 to 20 and to 30 there are 30 in the end."""
    two_members_of_staff_change_it_at_once()


def test_case_07_without_the_lock_on_the_type_tickets_are_made_twice(monkeypatch):
    """The guard taken out: both begin from 10, and there are 40."""
    rows = TicketType.objects
    monkeypatch.setattr(rows, "select_for_update", lambda **_: rows.all())

    with pytest.raises(AssertionError, match="== 28"):
        two_members_of_staff_change_it_at_once()


def test_case_07_without_any_lock_changes_during_a_rush_miscount(monkeypatch):
    """All guards taken out, those of the tickets too."""
    take_out_locks(monkeypatch)

    assert breaks_within(ROUNDS, capacity_changes_during_a_rush)


def everybody_lets_go_of_an_overbooked_type() -> None:
    rush = make.ticket_type(stock=16)
    holds = [hold(rush, 2) for _ in range(8)]
    cut(rush, 5, override=decided())

    race(partial(inventory.release_hold, hold=each, now=NOON) for each in holds)

    assert free_tickets(rush) == 5
    assert Override.objects.get(ticket_type=rush).closed_at == NOON
    assert_all_is_well()


def test_case_07_what_comes_back_to_an_overbooked_type_stays_off_sale():
    """8 people let go of 16 tickets at once; 5 are on sale again, as decided."""
    for _ in range(3):
        everybody_lets_go_of_an_overbooked_type()


def test_case_07_without_the_guard_an_overbooked_type_sells_on(monkeypatch):
    """The guard taken out: all 16 are on sale again."""
    monkeypatch.setattr(matching, "withdraw_excess", lambda override, *, now: None)

    assert breaks_within(1, everybody_lets_go_of_an_overbooked_type)


def test_case_07_nobody_is_promised_a_ticket_of_an_overbooked_type():
    """The line waits until the type is not overbooked any more."""
    rush = make.ticket_type(stock=4)
    first, second = hold(rush, 2), hold(rush, 2)
    waiting = make.buyer()
    join(rush, 1, user=waiting)
    cut(rush, 1, override=decided())

    inventory.release_hold(hold=first, now=NOON)
    assert not Hold.objects.filter(user=waiting).exists()

    inventory.release_hold(hold=second, now=NOON)
    assert Hold.objects.get(user=waiting).quantity == 1
    assert_all_is_well()
