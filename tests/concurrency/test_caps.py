"""Staff who make or extend a shared cap while its types are being sold.

A pick that began before does not see the cap, and the cap does not see what the
pick has not committed. The guard is the event's lock on its caps: shared by all
who take tickets (`picking.SHARE_CAPS`), alone for who changes one (`CHANGE_CAPS`).
"""

from functools import partial
from uuid import uuid4

import pytest
from django.db import OperationalError, transaction

from inventory import services as inventory
from inventory.models import Hold, StockCap, Waitlist
from inventory.services import lines, matching, picking
from tests import factories as make
from tests.concurrency.racing import (
    ROUNDS,
    Rival,
    assert_all_is_well,
    breaks_within,
    race,
)
from tests.factories import NOON
from tests.lining_up import fresh, join, priced

pytestmark = pytest.mark.django_db(transaction=True)
ENDS = (
    inventory.SoldOut,
    inventory.AllHeld,
    inventory.TooFewLeft,
    inventory.CapacityBelowTaken,
)


def hold(ticket_type, quantity=3):
    return inventory.hold_tickets(
        user=make.buyer(), ticket_type=priced(ticket_type), quantity=quantity, now=NOON
    )


def make_a_cap(event, *types, capacity=2):
    return inventory.save_cap(
        cap=StockCap(event=event, name="House", capacity=capacity),
        types=types,
        now=NOON,
    )


def extend_a_cap(event, *types):
    return inventory.save_cap(cap=event.stock_caps.get(), types=types, now=NOON)


def take_out_the_caps_lock(monkeypatch) -> None:
    monkeypatch.setattr(picking, "SHARE_CAPS", "SELECT %(caps)s")
    monkeypatch.setattr(picking, "CHANGE_CAPS", "SELECT %(caps)s")


def a_cap_is_made_while_somebody_takes_tickets() -> None:
    rush = make.ticket_type(stock=10)
    staff = Rival(partial(make_a_cap, rush.event, rush))

    with transaction.atomic():
        hold(rush)
        staff.start_and_run_as_far_as_it_can()

    assert isinstance(staff.outcome(), inventory.CapacityBelowTaken), staff.outcome()
    assert_all_is_well()


def a_cap_gets_another_type_while_somebody_takes_tickets_of_it() -> None:
    event = make.event()
    stalls, circle = (make.ticket_type(event=event, stock=10) for _ in range(2))
    make_a_cap(event, stalls)
    staff = Rival(partial(extend_a_cap, event, stalls, circle))

    with transaction.atomic():
        hold(circle)
        staff.start_and_run_as_far_as_it_can()

    assert isinstance(staff.outcome(), inventory.CapacityBelowTaken), staff.outcome()
    assert_all_is_well()


def somebody_takes_tickets_while_a_cap_is_made() -> None:
    rush = make.ticket_type(stock=10)
    buyer = Rival(partial(hold, rush))

    with transaction.atomic():
        make_a_cap(rush.event, rush)
        buyer.start_and_run_as_far_as_it_can()

    assert isinstance(buyer.outcome(), inventory.TooFewLeft), buyer.outcome()
    assert_all_is_well()


STORIES = [
    a_cap_is_made_while_somebody_takes_tickets,
    a_cap_gets_another_type_while_somebody_takes_tickets_of_it,
    somebody_takes_tickets_while_a_cap_is_made,
]


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_a_new_cap_and_a_pick_see_each_other(story):
    story()


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_without_the_caps_lock_more_is_taken_than_the_cap_allows(story, monkeypatch):
    take_out_the_caps_lock(monkeypatch)

    with pytest.raises(AssertionError):
        story()


def a_cap_is_made_while_tickets_come_free() -> None:
    """Who frees them has the line by then, and is about to pick for it."""
    rush = make.ticket_type(stock=2)
    kept = hold(rush, 2)
    entry = join(rush, 2)
    staff = Rival(partial(make_a_cap, rush.event, rush, capacity=4))

    with transaction.atomic():
        lines.lock_waitlists([rush.pk])
        staff.start_and_run_as_far_as_it_can()
        inventory.release_hold(hold=kept, now=NOON)

    assert fresh(entry).status == "offered"
    assert isinstance(staff.outcome(), StockCap), staff.outcome()
    assert_all_is_well()


def test_who_frees_and_who_makes_a_cap_do_not_wait_in_a_circle():
    a_cap_is_made_while_tickets_come_free()


def test_a_line_that_is_locked_before_the_caps_deadlocks(monkeypatch):
    for module in (lines, matching):
        monkeypatch.setattr(module, "share_caps", lambda event_ids: None)

    with pytest.raises((AssertionError, OperationalError)):
        a_cap_is_made_while_tickets_come_free()


def a_cap_is_made_in_a_rush() -> None:
    """With a line, too: a release serves somebody under the cap that is made."""
    rush = make.ticket_type(event=make.event(per_buyer_limit=8), stock=8)
    kept = hold(rush, 8)
    entry = join(rush, 2)
    free = make.ticket_type(event=rush.event, stock=40)

    outcomes = race(
        [partial(inventory.release_hold, hold=kept, now=NOON)]
        + [partial(hold, free, 2) for _ in range(10)]
        + [partial(make_a_cap, rush.event, rush, free, capacity=12)]
        + [partial(hold, rush, 2) for _ in range(4)]
    )

    clean = (Hold, StockCap, *ENDS)
    assert not [o for o in outcomes if not isinstance(o, clean)], outcomes
    assert fresh(entry).status in ("offered", "waiting")
    assert_all_is_well()


def test_a_cap_made_in_a_rush_neither_deadlocks_nor_miscounts():
    for _ in range(10):
        a_cap_is_made_in_a_rush()


def test_without_the_caps_lock_a_rush_goes_beyond_it(monkeypatch):
    take_out_the_caps_lock(monkeypatch)

    assert breaks_within(ROUNDS, a_cap_is_made_in_a_rush)


# Room that comes free under a cap, with people in line for another type ---------------


def two_full_types_under_one_cap() -> tuple:
    """Two tickets of each type are held, two lie free, and people wait for both."""
    event = make.event(per_buyer_limit=9)
    types = [make.ticket_type(event=event, stock=4) for _ in range(2)]
    make_a_cap(event, *types, capacity=4)
    holds = [hold(kind, 2) for kind in types]
    entries = [join(kind, 2) for kind in types for _ in range(2)]
    return holds, entries


def both_types_come_free_at_once() -> None:
    holds, entries = two_full_types_under_one_cap()

    outcomes = race(
        [partial(inventory.release_hold, hold=each, now=NOON) for each in holds]
    )

    assert all(isinstance(each, Hold) for each in outcomes), outcomes
    inventory.match_waitlists(now=NOON)
    offered = [entry for entry in entries if fresh(entry).status == "offered"]
    assert len(offered) == 2
    assert_all_is_well()


def test_lines_under_one_cap_are_served_without_waiting_in_a_circle():
    for _ in range(10):
        both_types_come_free_at_once()


def test_another_line_that_is_waited_for_deadlocks(monkeypatch):
    def wait(ticket_type_ids):
        rows = Waitlist.objects.filter(pk__in=ticket_type_ids).order_by("pk")
        return list(rows.select_for_update(no_key=True))

    monkeypatch.setattr(matching, "try_lines", wait)

    assert breaks_within(ROUNDS, both_types_come_free_at_once)


def a_line_is_busy_when_room_comes_free(asked) -> list[str]:
    """What is asked for at once, so that nobody waits for the sweep."""
    holds, entries = two_full_types_under_one_cap()
    release = Rival(partial(inventory.release_hold, hold=holds[0], now=NOON))

    with transaction.atomic():
        list(Waitlist.objects.select_for_update().filter(pk=entries[2].ticket_type_id))
        release.start_and_run_as_far_as_it_can()

    assert isinstance(release.outcome(), Hold), release.outcome()
    return asked


def test_where_a_line_is_busy_a_look_follows_at_once(monkeypatch):
    asked: list[str] = []
    monkeypatch.setattr(matching, "look_now", asked.append)

    assert a_line_is_busy_when_room_comes_free(asked) == [matching.JOB]


# A cap of a section within a cap of the house ----------------------------------------


def lock_caps(*names) -> None:
    rows = StockCap.objects.filter(name__in=names).order_by("pk")
    list(rows.select_for_update(no_key=True))


def two_lines_are_served_while_somebody_picks_under_both_caps() -> None:
    """Who picks has the section's cap and asks for the house's; who frees serves a
    line that is only under the house's first, and then one that is under both."""
    event = make.event(per_buyer_limit=9)
    circle, stalls = (make.ticket_type(event=event, stock=4) for _ in range(2))
    first, last = sorted(uuid4() for _ in range(2))
    for pk, name, types in (
        (first, "Section", [stalls]),
        (last, "House", [circle, stalls]),
    ):
        cap = StockCap(pk=pk, event=event, name=name, capacity=4)
        inventory.save_cap(cap=cap, types=types, now=NOON)
    kept = [hold(each, 2) for each in (circle, stalls)]
    entries = [join(each, 1) for each in (circle, stalls)]
    release = Rival(partial(inventory.release_hold, hold=kept[0], now=NOON))

    with transaction.atomic():
        lock_caps("Section")
        release.start_and_run_as_far_as_it_can()
        lock_caps("Section", "House")

    assert isinstance(release.outcome(), Hold), release.outcome()
    assert [fresh(each).status for each in entries] == ["offered"] * 2
    assert_all_is_well()


def test_lines_under_different_caps_are_served_without_waiting_in_a_circle():
    two_lines_are_served_while_somebody_picks_under_both_caps()


def test_lines_whose_caps_are_locked_one_by_one_deadlock(monkeypatch):
    monkeypatch.setattr(matching, "lock_caps", lambda event_ids: None)

    with pytest.raises((AssertionError, OperationalError)):
        two_lines_are_served_while_somebody_picks_under_both_caps()
