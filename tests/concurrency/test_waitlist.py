"""Lines against each other: buyers who stand in two, and all that moves them."""

from functools import partial

import pytest

from inventory import services as inventory
from inventory.models import Hold, WaitlistEntry
from inventory.services import matching
from tests import factories as make
from tests.concurrency.racing import ROUNDS, breaks_within, race
from tests.factories import NOON
from tests.lining_up import held, join, priced
from ticketapp import audit
from ticketapp.errors import DomainError
from ticketapp.models import InvalidTransition

pytestmark = pytest.mark.django_db(transaction=True)


def two_types_with_the_same_people_in_both_lines(first_in_line) -> tuple:
    event = make.event(per_buyer_limit=9)
    types = [make.ticket_type(event=event, stock=6) for _ in range(2)]
    holds = [held(kind, 2) for kind in types for _ in range(3)]
    buyers = [make.buyer() for _ in range(4)]
    for kind, line in zip(types, (buyers, buyers[::-1]), strict=True):
        for buyer in line[:first_in_line]:
            join(kind, 1, user=buyer)
    return types, holds, buyers


def everything_moves_at_once() -> None:
    types, holds, buyers = two_types_with_the_same_people_in_both_lines(3)
    leaving = WaitlistEntry.objects.filter(user=buyers[1], ticket_type=types[0]).get()

    outcomes = race(
        [partial(inventory.release_hold, hold=hold, now=NOON) for hold in holds]
        + [partial(held, kind, 1, user=buyer) for kind in types for buyer in buyers[:2]]
        + [partial(join, types[0], 2), partial(join, types[1], 2)]
        + [partial(inventory.match_waitlists, now=NOON)]
        + [partial(inventory.withdraw_from_waitlist, entry=leaving, now=NOON)]
        + [
            partial(inventory.set_capacity, ticket_type=kind, capacity=8, now=NOON)
            for kind in types
        ]
    )

    broken = [
        outcome
        for outcome in outcomes
        if isinstance(outcome, Exception)
        and (
            isinstance(outcome, InvalidTransition)
            or not isinstance(outcome, DomainError)
        )
    ]
    assert not broken, broken
    inventory.match_waitlists(now=NOON)
    assert [str(finding) for finding in audit.findings(now=NOON)] == []
    assert_nobody_waits_for_what_is_there(types)


def assert_nobody_waits_for_what_is_there(types) -> None:
    for entry in WaitlistEntry.objects.waiting():
        busy = Hold.objects.live().filter(user=entry.user_id)
        left = entry.ticket_type.tickets.filter(status="available").count()
        assert busy.exists() or left < entry.quantity


def test_two_lines_with_the_same_people_neither_deadlock_nor_leave_tickets():
    for _ in range(5):
        everything_moves_at_once()


def both_lines_are_served_at_once() -> None:
    """Each line has two tickets for the same two people, in opposite orders."""
    event = make.event(per_buyer_limit=9)
    types = [make.ticket_type(event=event, stock=2) for _ in range(2)]
    holds = [held(kind, 2) for kind in types]
    people = [make.buyer(), make.buyer()]
    for kind, line in zip(types, (people, people[::-1]), strict=True):
        for buyer in line:
            join(priced(kind), 1, user=buyer)

    outcomes = race(
        partial(inventory.release_hold, hold=hold, now=NOON) for hold in holds
    )

    assert all(isinstance(outcome, Hold) for outcome in outcomes), outcomes
    inventory.match_waitlists(now=NOON)
    assert Hold.objects.live().filter(user__in=people).count() == 2


def test_people_in_two_lines_are_served_in_one_of_them():
    for _ in range(8):
        both_lines_are_served_at_once()


def test_waiting_for_a_buyers_turn_while_matching_would_deadlock(monkeypatch):
    waited = matching.TRY_TURN.replace("try_", "").replace("SELECT", "SELECT true FROM")
    monkeypatch.setattr(matching, "TRY_TURN", waited)

    assert breaks_within(ROUNDS, both_lines_are_served_at_once)
