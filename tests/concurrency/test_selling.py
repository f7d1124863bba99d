"""From held to sold, each step one statement that asks what it may do as it does it.

The guards are the conditions of `selling.START_PAYING` (`active`, and time left) and of
`selling.SELL` (`paying`): a statement that waited for somebody else's looks at them
again; and the lock of the hold (`selling.LOCKED`) for whoever looks first and acts
then. Each test ends with the audit and has a control without its guard.
"""

from functools import partial

import pytest
from django.db import IntegrityError, transaction

from inventory import codes
from inventory import services as inventory
from inventory.models import Hold, HoldStatus
from inventory.services import selling
from tests import factories as make
from tests.concurrency.racing import Rival, assert_all_is_well, race
from tests.factories import NOON, SECOND
from tests.lining_up import LEASE, held

pytestmark = pytest.mark.django_db(transaction=True)


def start(hold, *, now=NOON) -> Hold:
    return inventory.start_paying(hold=hold, now=now, lease=LEASE)


def sell(hold) -> list:
    return inventory.sell_held_tickets(hold=hold, now=NOON)


def well() -> None:
    assert_all_is_well(without_orders=True)


def take_out(monkeypatch, statement: str, condition: str) -> None:
    text = getattr(selling, statement)
    assert condition in text
    monkeypatch.setattr(selling, statement, text.replace(condition, ""))


def take_out_the_holds_lock(monkeypatch) -> None:
    monkeypatch.setattr(selling, "LOCKED", selling.HOLD)


def lose_the_status_of_start(monkeypatch) -> None:
    take_out(monkeypatch, "START_PAYING", "AND hold.status = 'active'")


def lose_the_end_of_start(monkeypatch) -> None:
    take_out(monkeypatch, "START_PAYING", "AND hold.expires_at > %(now)s")


def lose_the_status_of_sell(monkeypatch) -> None:
    take_out(monkeypatch, "SELL", "AND status = 'paying'")


# Starting to pay ---------------------------------------------------------------------


def two_payers_of_one_hold() -> None:
    hold = held(make.ticket_type())
    second = Rival(partial(start, hold))

    with transaction.atomic():
        start(hold)
        second.start_and_run_as_far_as_it_can()

    assert isinstance(second.outcome(), inventory.HoldBeingPaid), second.outcome()
    well()


def eight_payers_of_one_hold() -> None:
    hold = held(make.ticket_type())

    outcomes = race([partial(start, hold)] * 8)

    assert len([each for each in outcomes if isinstance(each, Hold)]) == 1, outcomes
    well()


def a_payer_behind_the_sweep() -> None:
    """By the payer's clock there is a second left, by the sweep's none."""
    hold = held(make.ticket_type())
    payer = Rival(partial(start, hold, now=hold.expires_at - SECOND))

    with transaction.atomic():
        inventory.release_expired_holds(now=hold.expires_at, limit=4)
        payer.start_and_run_as_far_as_it_can()

    assert isinstance(payer.outcome(), inventory.HoldExpired), payer.outcome()
    well()


def a_payer_of_what_was_let_go_and_taken_by_another() -> None:
    hold = held(make.ticket_type(stock=1))
    inventory.release_hold(hold=hold, now=NOON)
    held(hold.ticket_type)

    [outcome] = race([partial(start, hold)])

    assert isinstance(outcome, inventory.HoldExpired), outcome
    well()


def a_payer_whose_time_is_over_before_any_sweep() -> None:
    hold = held(make.ticket_type())

    [outcome] = race([partial(start, hold, now=hold.expires_at)])

    assert isinstance(outcome, inventory.HoldExpired), outcome
    well()


# Selling -----------------------------------------------------------------------------


def a_sale_behind_a_release() -> None:
    """The provider said that no money can come; then a late reply says it came."""
    hold = start(held(make.ticket_type()))
    sale = Rival(partial(sell, hold))

    with transaction.atomic():
        inventory.free_paying_hold(hold=hold, now=NOON)
        sale.start_and_run_as_far_as_it_can()

    assert isinstance(sale.outcome(), inventory.HoldExpired), sale.outcome()
    well()


def a_sale_of_what_was_freed_and_taken_by_another() -> None:
    hold = start(held(make.ticket_type(stock=1)))
    inventory.free_paying_hold(hold=hold, now=NOON)
    another = start(held(hold.ticket_type))

    first, second = race([partial(sell, hold)]), race([partial(sell, another)])

    assert isinstance(first[0], inventory.HoldExpired), first
    assert [ticket.hold_id for ticket in second[0]] == [another.pk]
    well()


def a_sale_of_what_is_back_in_the_buyers_hands() -> None:
    """After a decline it is theirs to pay again; only that payment may sell it."""
    hold = start(held(make.ticket_type()))
    inventory.pause_paying(hold=hold, now=NOON)

    [outcome] = race([partial(sell, hold)])

    assert isinstance(outcome, inventory.HoldExpired), outcome
    hold.refresh_from_db()
    assert hold.status == HoldStatus.ACTIVE
    well()


def a_sale_told_again_after_the_door() -> None:
    """The webhook comes after the buyer is inside: what was used stays used."""
    hold = start(held(make.ticket_type()))
    [ticket] = sell(hold)
    code = codes.write(ticket_id=ticket.pk, event_id=hold.event_id)
    staff = make.staff(venue=hold.event.venue)
    inventory.check_in(code=code, staff=staff, gate="A", now=NOON)

    [again] = race([partial(sell, hold)])

    assert not isinstance(again, IntegrityError), again
    assert [found.status for found in again] == ["checked_in"]
    well()


# The lock of the hold ----------------------------------------------------------------


def a_release_behind_a_sale() -> None:
    hold = start(held(make.ticket_type()))
    release = Rival(partial(inventory.free_paying_hold, hold=hold, now=NOON))

    with transaction.atomic():
        sell(hold)
        release.start_and_run_as_far_as_it_can()

    assert release.outcome().status == HoldStatus.CONVERTED
    well()


def a_decline_behind_a_sale() -> None:
    hold = start(held(make.ticket_type()))
    late = hold.expires_at
    decline = Rival(partial(inventory.pause_paying, hold=hold, now=late))

    with transaction.atomic():
        sell(hold)
        decline.start_and_run_as_far_as_it_can()

    assert decline.outcome().status == HoldStatus.CONVERTED
    well()


RACES = [
    (two_payers_of_one_hold, lose_the_status_of_start),
    (eight_payers_of_one_hold, lose_the_status_of_start),
    (a_payer_behind_the_sweep, lose_the_status_of_start),
    (a_payer_of_what_was_let_go_and_taken_by_another, lose_the_status_of_start),
    (a_payer_whose_time_is_over_before_any_sweep, lose_the_end_of_start),
    (a_sale_behind_a_release, lose_the_status_of_sell),
    (a_sale_of_what_was_freed_and_taken_by_another, lose_the_status_of_sell),
    (a_sale_of_what_is_back_in_the_buyers_hands, lose_the_status_of_sell),
    (a_sale_told_again_after_the_door, lose_the_status_of_sell),
    (a_release_behind_a_sale, take_out_the_holds_lock),
    (a_decline_behind_a_sale, take_out_the_holds_lock),
]
each_race = pytest.mark.parametrize(
    ("story", "take_the_guard_out"), RACES, ids=lambda part: part.__name__
)


@each_race
def test_a_step_from_held_to_sold_looks_as_it_acts(story, take_the_guard_out):
    story()


@each_race
def test_without_its_guard_the_step_goes_wrong(story, take_the_guard_out, monkeypatch):
    take_the_guard_out(monkeypatch)

    with pytest.raises(AssertionError):
        story()
