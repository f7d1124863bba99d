"""Staff, sweeper, payments and door against each other, each with its control."""

from datetime import timedelta
from functools import partial

import pytest
from django.db import transaction
from django.db.models import QuerySet

from inventory import codes
from inventory import services as inventory
from inventory.models import Hold, HoldStatus, Ticket, TicketStatus
from inventory.services import releasing
from tests import factories as make
from tests.concurrency.racing import (
    ROUNDS,
    Rival,
    assert_all_is_well,
    breaks_within,
    race,
)
from tests.factories import NOON
from tests.lining_up import LEASE, held, sell

pytestmark = pytest.mark.django_db(transaction=True)
REFUSED = (inventory.SoldOut, inventory.AllHeld, inventory.TooFewLeft)


def take_out_locks(monkeypatch) -> None:
    monkeypatch.setattr(QuerySet, "select_for_update", lambda rows, **how: rows.all())


def make_parents_locks_plain(monkeypatch) -> None:
    lock = QuerySet.select_for_update

    def plain(rows, *, no_key=False, **how):
        return lock(rows, **how)

    monkeypatch.setattr(QuerySet, "select_for_update", plain)


# Capacity ------------------------------------------------------------------------


def capacity_changes_during_a_rush() -> None:
    rush = make.ticket_type(stock=60)
    buyers = [make.buyer() for _ in range(24)]

    def buy(buyer):
        for _ in range(3):
            hold = inventory.hold_tickets(
                user=buyer, ticket_type=rush, quantity=2, now=NOON
            )
            inventory.release_hold(hold=hold, now=NOON)

    def resize(capacity):
        for extra in range(3):
            inventory.set_capacity(
                ticket_type=rush, capacity=capacity + extra, now=NOON
            )

    outcomes = race(
        [partial(buy, buyer) for buyer in buyers]
        + [partial(resize, capacity) for capacity in (20, 40, 80, 100)]
    )

    refused = (*REFUSED, inventory.CapacityBelowTaken)
    unclean = [o for o in outcomes if o is not None and not isinstance(o, refused)]
    assert unclean == []
    assert_all_is_well()


def test_a_capacity_change_during_holds_neither_deadlocks_nor_miscounts():
    for _ in range(3):
        capacity_changes_during_a_rush()


def test_with_a_plain_lock_on_the_type_a_capacity_change_deadlocks(monkeypatch):
    make_parents_locks_plain(monkeypatch)

    assert breaks_within(ROUNDS, capacity_changes_during_a_rush)


@pytest.mark.timeout(300)
def test_without_one_order_of_ticket_locks_a_capacity_change_deadlocks(monkeypatch):
    monkeypatch.setattr(releasing, "lock_tickets", Ticket.objects.filter)

    # It takes four that cross within a moment, about once in ten rounds.
    assert breaks_within(3 * ROUNDS, capacity_changes_during_a_rush)


def test_without_the_types_lock_two_capacity_changes_miscount(monkeypatch):
    take_out_locks(monkeypatch)

    assert breaks_within(ROUNDS, capacity_changes_during_a_rush)


# The sweep -----------------------------------------------------------------------


def sweep_against_payment() -> None:
    """The last moment by the payment's clock, just past it by the sweeper's."""
    rush = make.ticket_type(stock=16)
    holds = [held(rush, 2) for _ in range(8)]
    late = holds[0].expires_at
    early = late - timedelta(seconds=1)

    race(
        [
            partial(inventory.start_paying, hold=hold, now=early, lease=LEASE)
            for hold in holds
        ]
        + [partial(inventory.release_expired_holds, now=late, limit=4)] * 4
    )

    paying = Hold.objects.filter(ticket_type=rush, status=HoldStatus.PAYING)
    freed = rush.tickets.filter(status=TicketStatus.AVAILABLE).count()
    assert freed == 16 - 2 * paying.count()
    assert_all_is_well()


def test_the_sweep_never_frees_a_hold_whose_payment_began():
    for _ in range(5):
        sweep_against_payment()


def sweep_while_a_payment_begins() -> None:
    rush = make.ticket_type(stock=2)
    hold = held(rush, 2)
    late = hold.expires_at
    sweep = Rival(partial(inventory.release_expired_holds, now=late, limit=4))

    with transaction.atomic():
        inventory.start_paying(hold=hold, now=late - timedelta(seconds=1), lease=LEASE)
        sweep.start_and_run_as_far_as_it_can()

    assert sweep.outcome() == 0
    hold.refresh_from_db()
    assert hold.status == HoldStatus.PAYING
    assert hold.tickets.count() == 2


def test_the_sweep_passes_by_a_hold_whose_payment_begins():
    sweep_while_a_payment_begins()


def test_without_locks_the_sweep_frees_tickets_under_payment(monkeypatch):
    take_out_locks(monkeypatch)

    assert breaks_within(1, sweep_while_a_payment_begins)


def sweep_against_release() -> None:
    rush = make.ticket_type(stock=16)
    holds = [held(rush, 2) for _ in range(8)]
    late = holds[0].expires_at

    outcomes = race(
        [partial(inventory.release_hold, hold=hold, now=NOON) for hold in holds]
        + [partial(inventory.release_expired_holds, now=late, limit=3)] * 4
    )

    swept = sum(outcome for outcome in outcomes if isinstance(outcome, int))
    let_go = [
        outcome
        for outcome in outcomes
        if isinstance(outcome, Hold) and outcome.status == HoldStatus.RELEASED
    ]
    assert swept + len(let_go) == 8
    assert rush.tickets.filter(status=TicketStatus.AVAILABLE).count() == 16
    assert_all_is_well()


def test_a_hold_is_let_go_or_swept_but_never_both():
    for _ in range(5):
        sweep_against_release()


def test_without_locks_a_hold_is_let_go_and_swept(monkeypatch):
    take_out_locks(monkeypatch)

    assert breaks_within(ROUNDS, sweep_against_release)


# The door ------------------------------------------------------------------------


def two_scanners_on_one_ticket() -> None:
    rush = make.ticket_type()
    [ticket] = sell(held(rush))
    code = codes.write(ticket_id=ticket.pk, event_id=rush.event_id)
    staff = make.staff(venue=rush.event.venue)

    outcomes = race(
        partial(inventory.check_in, code=code, staff=staff, gate=gate, now=NOON)
        for gate in ("North", "South", "East", "West")
    )

    told = [o for o in outcomes if isinstance(o, inventory.AlreadyCheckedIn)]
    [admitted] = [o for o in outcomes if not isinstance(o, inventory.AlreadyCheckedIn)]
    assert admitted.admitted, admitted
    assert {refusal.details["first_gate"] for refusal in told} == {admitted.gate}
    assert_all_is_well(without_orders=True)


def test_of_scanners_on_one_ticket_one_admits_and_the_others_are_told():
    for _ in range(5):
        two_scanners_on_one_ticket()


def lost_scanner() -> None:
    try:
        two_scanners_on_one_ticket()
    except (ValueError, AttributeError) as error:
        raise AssertionError from error


def test_without_the_tickets_lock_a_scanner_is_told_nonsense(monkeypatch):
    take_out_locks(monkeypatch)

    assert breaks_within(ROUNDS, lost_scanner)
