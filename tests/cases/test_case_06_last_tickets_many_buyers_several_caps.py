"""Case 6. The last tickets, many buyers, several caps at once.

Exactly as many win as type, section and house leave together; all or none for
each buyer; the losers are refused in plain words, without a 5xx or a deadlock.

The guards: the row locks of the tickets (`FOR UPDATE` in `picking.PICK`), which
keep two buyers from one ticket; the lock on the rows that own the shared caps
(`picking.LOCK_CAPS`), without which two count the same room; and for all or none, the
count of what was picked before a hold is made of it, and that an attempt which falls
short is undone (`picking.UNDO_ATTEMPT`), without both of which somebody is half served.
"""

from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from inventory import services as inventory
from inventory.models import OWNED_TICKET, Hold, StockCap, Ticket, TicketStatus
from inventory.services import picking
from tests import factories as make
from tests.concurrency.racing import (
    ROUNDS,
    assert_all_is_well,
    breaks_within,
    race,
)
from tests.concurrency.test_holds import take_out_row_locks
from tests.factories import NOON

pytestmark = pytest.mark.django_db(transaction=True)
REFUSED = (inventory.SoldOut, inventory.AllHeld, inventory.TooFewLeft)
BUYERS, EACH = 24, 2
# The floor has 12 tickets of one type under a cap of 9; the house takes 14.
FLOOR, BALCONY, FLOOR_CAP, HOUSE_CAP = 12, 12, 9, 14


def sold_by_many() -> tuple[list, StockCap]:
    """24 people ask for 2 tickets each at once, half of them for each type."""
    event = make.event(per_buyer_limit=EACH)
    floor = make.ticket_type(event=event, stock=FLOOR)
    balcony = make.ticket_type(event=event, stock=BALCONY)
    save = partial(inventory.save_cap, now=NOON)
    save(cap=StockCap(event=event, name="Floor", capacity=FLOOR_CAP), types=[floor])
    house = StockCap(event=event, name="House", capacity=HOUSE_CAP)
    save(cap=house, types=[floor, balcony])
    asked = [
        partial(
            inventory.hold_tickets,
            user=make.buyer(),
            ticket_type=(floor, balcony)[number % 2],
            quantity=EACH,
            now=NOON,
        )
        for number in range(BUYERS)
    ]
    return race(asked), house


def exactly_as_many_win_as_the_caps_leave() -> None:
    outcomes, house = sold_by_many()

    won = [found for found in outcomes if isinstance(found, Hold)]
    lost = [found for found in outcomes if not isinstance(found, Hold)]
    assert [other for other in lost if not isinstance(other, REFUSED)] == []
    held = Ticket.objects.filter(
        ticket_type__caps=house, status__in=[TicketStatus.HELD, *OWNED_TICKET]
    )
    # The house is full, or the floor's cap leaves its last one to nobody who wants 2.
    assert held.count() == len(won) * EACH == HOUSE_CAP
    assert_all_is_well()


def test_case_06_exactly_as_many_win_as_all_caps_leave():
    """With room for 14 in pairs, 7 of 24 buyers win, and 17 are refused cleanly."""
    for _ in range(3):
        exactly_as_many_win_as_the_caps_leave()


def test_case_06_without_the_lock_on_the_caps_too_many_win(monkeypatch):
    """The guard taken out: two buyers count the same room."""
    monkeypatch.setattr(picking, "LOCK_CAPS", "SELECT %(ticket_type)s")

    assert breaks_within(ROUNDS, exactly_as_many_win_as_the_caps_leave)


def as_many_win_as_there_are_tickets() -> None:
    rush = make.ticket_type(stock=6)
    asked = [
        partial(
            inventory.hold_tickets,
            user=make.buyer(),
            ticket_type=rush,
            quantity=EACH,
            now=NOON,
        )
        for _ in range(BUYERS)
    ]

    outcomes = race(asked)

    assert sum(isinstance(found, Hold) for found in outcomes) == 3
    assert_all_is_well()


def test_case_06_without_a_cap_as_many_win_as_there_are_tickets():
    """No cap is shared here, so nobody waits for one: the rows alone decide."""
    for _ in range(3):
        as_many_win_as_there_are_tickets()


def test_case_06_without_row_locks_a_ticket_is_held_twice(monkeypatch):
    """The other guard taken out: two buyers take the same tickets."""
    take_out_row_locks(monkeypatch)

    assert breaks_within(ROUNDS, as_many_win_as_there_are_tickets)


def test_case_06_nobody_gets_half_of_what_they_asked_for():
    """Of 5 tickets two pairs are sold, and the fifth stays on sale."""
    rush = make.ticket_type(stock=5)
    ask = partial(inventory.hold_tickets, ticket_type=rush, quantity=EACH, now=NOON)

    outcomes = race(partial(ask, user=make.buyer()) for _ in range(8))

    won = [found for found in outcomes if isinstance(found, Hold)]
    assert [hold.tickets.count() for hold in won] == [EACH, EACH]
    assert Ticket.objects.available(rush).count() == 1
    assert_all_is_well()


def the_last_one_is_not_half_a_pair() -> None:
    rush = make.ticket_type(stock=1)

    with pytest.raises(inventory.TooFewLeft):
        inventory.hold_tickets(
            user=make.buyer(), ticket_type=rush, quantity=EACH, now=NOON
        )

    assert not Hold.objects.exists()
    assert Ticket.objects.available(rush).count() == 1


def take_out_the_count_of_what_was_picked(monkeypatch) -> None:
    counted = "(SELECT count(*) FROM picked) = %(quantity)s"
    for name in ("EAGER", "PATIENT"):
        statement = getattr(picking, name)
        assert statement.count(counted) == 1
        uncounted = statement.replace(counted, "EXISTS (SELECT FROM picked)")
        monkeypatch.setattr(picking, name, uncounted)


def keep_what_falls_short(monkeypatch) -> None:
    monkeypatch.setattr(picking, "UNDO_ATTEMPT", "SELECT 1")


@pytest.mark.parametrize(
    "guard_out", [take_out_the_count_of_what_was_picked, keep_what_falls_short]
)
def test_case_06_either_of_count_and_undoing_keeps_it_all_or_none(
    guard_out, monkeypatch
):
    guard_out(monkeypatch)

    the_last_one_is_not_half_a_pair()


def test_case_06_without_the_count_and_undoing_somebody_is_half_served(monkeypatch):
    take_out_the_count_of_what_was_picked(monkeypatch)
    keep_what_falls_short(monkeypatch)

    with pytest.raises(AssertionError):
        the_last_one_is_not_half_a_pair()


def test_case_06_the_api_refuses_losers_without_a_5xx():
    """Over HTTP: 201 for the winners, 409 with an action for everybody else."""
    tomorrow = timezone.now() + timedelta(days=1)
    event = make.event(starts_at=tomorrow, sales_close_at=tomorrow)
    rush = make.ticket_type(event=event, stock=3)

    def ask(buyer):
        client = APIClient()
        client.force_authenticate(buyer)
        body = {"ticket_type": str(rush.pk), "quantity": 1}
        return client.post("/api/v1/holds", body)

    answers = race(partial(ask, make.buyer()) for _ in range(12))

    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [409] * 9
    refused = [answer.json() for answer in answers if answer.status_code == 409]
    assert {problem["code"] for problem in refused} <= {"all_held", "too_few_left"}
    assert all(problem["action"] for problem in refused)
    assert_all_is_well()
