"""Case 12. Nobody passes a waiting entry that fits, whatever hides that it fits.

Two things did. A hold of the waiting buyer's own, of other tickets, that had lapsed a
moment ago and was not swept yet: it still counted as a hold, so they were passed over.
And room under a cap that types share, where a line for one of them begins to fit with
nothing freed: buyers of another type did not look at that line.

The guards are `WaitlistEntryQuerySet.with_empty_hands`, with `Outcome.comes_too_early`,
and the look at the lines under the same caps in the pick (`room.WAITED_FOR_BESIDE`).
Each is taken out below and must be missed.
"""

from datetime import timedelta
from functools import partial

import pytest
from django.db.models import Exists, OuterRef

from inventory import services as inventory
from inventory.models import (
    Hold,
    PriceStep,
    StockCap,
    TicketType,
    WaitlistEntryQuerySet,
)
from inventory.room import WAITED_FOR_BESIDE
from inventory.services import picking
from tests import factories as make
from tests.concurrency.racing import ROUNDS, breaks_within, race
from tests.factories import NOON
from tests.lining_up import fresh, held, join, statuses
from ticketapp import audit

pytestmark = pytest.mark.django_db(transaction=True)
REFUSED = (inventory.SoldOut, inventory.AllHeld, inventory.TooFewLeft)
SECOND = timedelta(seconds=1)


def assert_books_are_right(now) -> None:
    assert [str(finding) for finding in audit.findings(now=now)] == []


# A hold of one's own that has lapsed ------------------------------------------------


def count_every_hold(monkeypatch) -> None:
    def holds_nothing(entries, now):
        own = Hold.objects.live().filter(user=OuterRef("user"), event=OuterRef("event"))
        return entries.filter(~Exists(own))

    monkeypatch.setattr(WaitlistEntryQuerySet, "with_empty_hands", holds_nothing)


def leave_them_behind(monkeypatch) -> None:
    monkeypatch.setattr(picking.Outcome, "comes_too_early", lambda *_: False)


def the_public_comes_as_somebodys_other_hold_has_lapsed() -> None:
    rush = make.ticket_type(stock=1)
    other = make.ticket_type(event=rush.event, stock=1)
    kept = held(rush)
    entry = join(rush)
    own = held(other, user=entry.user)
    then = own.expires_at + SECOND

    inventory.release_hold(hold=kept, now=then)
    outcomes = race([partial(held, rush, now=then) for _ in range(4)])

    assert all(isinstance(outcome, REFUSED) for outcome in outcomes), outcomes
    inventory.release_expired_holds(now=then, limit=10)
    inventory.match_waitlists(now=then)
    assert statuses(entry) == ["offered"]
    assert fresh(entry).hold.ticket_type == rush
    assert_books_are_right(then)


def test_case_12_a_lapsed_hold_of_ones_own_lets_nobody_pass():
    for _ in range(4):
        the_public_comes_as_somebodys_other_hold_has_lapsed()


@pytest.mark.parametrize("guard", [count_every_hold, leave_them_behind])
def test_case_12_without_the_guard_the_public_passes(monkeypatch, guard):
    guard(monkeypatch)

    with pytest.raises(AssertionError):
        the_public_comes_as_somebodys_other_hold_has_lapsed()


def the_sweep_and_the_public_come_at_once() -> None:
    rush = make.ticket_type(stock=1)
    other = make.ticket_type(event=rush.event, stock=1)
    kept = held(rush)
    entry = join(rush)
    own = held(other, user=entry.user)
    behind = join(other)
    then = own.expires_at + SECOND
    inventory.release_hold(hold=kept, now=then)

    outcomes = race(
        [partial(held, kind, now=then) for kind in (rush, other) for _ in range(2)]
        + [partial(inventory.release_expired_holds, now=then, limit=10)]
        + [partial(inventory.match_waitlists, now=then)] * 2
    )

    assert all(isinstance(outcome, REFUSED) for outcome in outcomes[:4]), outcomes
    assert not [o for o in outcomes[4:] if isinstance(o, Exception)], outcomes
    inventory.match_waitlists(now=then)
    assert statuses(entry, behind) == ["offered", "offered"]
    assert_books_are_right(then)


def test_case_12_the_sweep_serves_both_lines_and_never_the_public():
    for _ in range(5):
        the_sweep_and_the_public_come_at_once()


# Room under a shared cap ------------------------------------------------------------


def look_at_ones_own_line_only(monkeypatch) -> None:
    beside = WAITED_FOR_BESIDE.format(type="%(ticket_type)s")
    for name in ("EAGER", "PATIENT"):
        statement = getattr(picking, name)
        assert statement.count(beside) == 1
        monkeypatch.setattr(picking, name, statement.replace(beside, "false"))


def one_place_for_two_types() -> tuple[TicketType, TicketType, Hold]:
    """Somebody holds the one place that there is under the cap, as the second type."""
    show = make.event()
    dear, other = [make.ticket_type(event=show, stock=2) for _ in range(2)]
    cap = StockCap(event=show, name="House", capacity=1)
    inventory.save_cap(cap=cap, types=[dear, other], now=NOON)
    return dear, other, held(other)


def the_price_comes_down_to_somebody_under_the_same_cap() -> None:
    dear, other, kept = one_place_for_two_types()
    falls_at = NOON + timedelta(minutes=2)
    PriceStep.objects.create(ticket_type=dear, starts_at=falls_at, unit_amount=2000)
    entry = join(dear, max_total_amount=2000)
    inventory.release_hold(hold=kept, now=NOON + timedelta(minutes=1))
    assert statuses(entry) == ["waiting"]
    then = falls_at + SECOND

    outcomes = race(
        [partial(held, kind, now=then) for kind in (dear, other) for _ in range(3)]
    )

    assert all(isinstance(outcome, REFUSED) for outcome in outcomes), outcomes
    assert statuses(entry) == ["offered"]
    assert_books_are_right(then)


def test_case_12_room_goes_to_the_line_of_another_type_under_the_cap():
    for _ in range(4):
        the_price_comes_down_to_somebody_under_the_same_cap()


def test_case_12_without_the_look_at_all_lines_the_public_takes_the_room(monkeypatch):
    look_at_ones_own_line_only(monkeypatch)

    assert breaks_within(ROUNDS, the_price_comes_down_to_somebody_under_the_same_cap)


def test_case_12_a_line_that_does_not_fit_keeps_the_room_from_nobody():
    dear, other, kept = one_place_for_two_types()
    entry = join(dear, max_total_amount=2500, ends_at=NOON + timedelta(minutes=30))
    TicketType.objects.filter(pk=dear.pk).update(unit_amount=3000)
    inventory.release_hold(hold=kept, now=NOON)

    assert held(other).quantity == 1
    assert statuses(entry) == ["waiting"]


def test_case_12_whose_turn_is_taken_has_the_room_kept_for_them():
    """What is spoken for in the line beside counts under the cap, and only there."""
    dear, other, kept = one_place_for_two_types()
    entry = join(dear)
    own = held(make.ticket_type(event=dear.event, stock=1), user=entry.user)
    then = own.expires_at + SECOND
    inventory.release_hold(hold=kept, now=then)

    with pytest.raises(REFUSED):
        held(other, now=then)

    inventory.release_expired_holds(now=then, limit=10)
    inventory.match_waitlists(now=then)
    assert statuses(entry) == ["offered"]
