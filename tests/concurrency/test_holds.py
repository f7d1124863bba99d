"""Buyers against buyers. Each race has a control: without the lock it is lost."""

from functools import partial
from threading import Event as Signal
from threading import Thread

import pytest
from django.db import connection, transaction

from inventory import services as inventory
from inventory.models import Hold, HoldStatus, Ticket, TicketStatus, TicketType
from inventory.services import holds, picking
from tests import factories as make
from tests.concurrency.racing import (
    ROUNDS,
    Rival,
    assert_all_is_well,
    breaks_within,
    race,
)
from tests.factories import NOON

pytestmark = pytest.mark.django_db(transaction=True)
REFUSED = (inventory.SoldOut, inventory.AllHeld, inventory.TooFewLeft)


def hold(user, ticket_type, quantity) -> Hold:
    return inventory.hold_tickets(
        user=user, ticket_type=ticket_type, quantity=quantity, now=NOON
    )


def take_out_row_locks(monkeypatch) -> None:
    for name, lock in (("EAGER", "FOR UPDATE SKIP LOCKED"), ("PATIENT", "FOR UPDATE")):
        statement = getattr(picking, name)
        assert statement.count(lock) == 2
        monkeypatch.setattr(picking, name, statement.replace(lock, ""))


# 64 people, 20 tickets ---------------------------------------------------------


def crowd_of_64_for_20_tickets() -> None:
    rush = make.ticket_type(stock=20)
    buyers = [make.buyer() for _ in range(64)]

    outcomes = race(partial(hold, buyer, rush, 1) for buyer in buyers)

    refused = [outcome for outcome in outcomes if not isinstance(outcome, Hold)]
    assert len(refused) == 44
    assert [other for other in refused if not isinstance(other, REFUSED)] == []
    assert not Ticket.objects.available(rush).exists()
    assert_all_is_well()


def test_64_buyers_get_exactly_the_20_tickets_there_are():
    crowd_of_64_for_20_tickets()


def test_without_row_locks_64_buyers_share_tickets(monkeypatch):
    take_out_row_locks(monkeypatch)

    assert breaks_within(5, crowd_of_64_for_20_tickets)


# Four left, two buyers of three -------------------------------------------------


def two_buyers_of_three_with_four_left() -> None:
    rush = make.ticket_type(stock=4)
    buyers = [make.buyer(), make.buyer()]

    outcomes = race(partial(hold, buyer, rush, 3) for buyer in buyers)

    assert sorted(type(outcome).__name__ for outcome in outcomes) == [
        "Hold",
        "TooFewLeft",
    ]
    assert_all_is_well()


def test_of_two_buyers_of_three_with_four_left_one_is_served():
    for _ in range(ROUNDS):
        two_buyers_of_three_with_four_left()


def test_without_row_locks_two_buyers_share_the_last_four(monkeypatch):
    take_out_row_locks(monkeypatch)

    assert breaks_within(ROUNDS, two_buyers_of_three_with_four_left)


def ask_behind_a_slow_rival(ends: str) -> tuple[object, Hold | None]:
    """A rival has 3 of 4 tickets in an open transaction; somebody asks for 3.

    The rival then commits or rolls back. Gives the outcome and the rival's hold.
    """
    rush, buyer, rival = make.ticket_type(stock=4), make.buyer(), make.buyer()
    asks = Rival(partial(hold, buyer, rush, 3))

    with transaction.atomic():
        rivals = hold(rival, rush, 3)
        asks.start_and_run_as_far_as_it_can()
        transaction.set_rollback(ends == "rolls back")
    return asks.outcome(), rivals


def test_a_buyer_waits_for_a_rival_who_lets_go():
    outcome, _ = ask_behind_a_slow_rival("rolls back")

    assert isinstance(outcome, Hold)
    assert_all_is_well()


def test_a_buyer_is_refused_once_the_rival_is_served():
    outcome, _ = ask_behind_a_slow_rival("commits")

    assert isinstance(outcome, inventory.TooFewLeft)
    assert outcome.details["available"] == 1
    assert_all_is_well()


def test_without_patience_a_buyer_is_refused_tickets_that_nobody_takes(monkeypatch):
    monkeypatch.setattr(picking, "PATIENT", picking.EAGER)

    outcome, _ = ask_behind_a_slow_rival("rolls back")

    assert isinstance(outcome, REFUSED)
    assert Ticket.objects.filter(status=TicketStatus.AVAILABLE).count() == 4


# Two buyers who each locked a part ----------------------------------------------


def two_buyers_who_each_locked_one(monkeypatch) -> list[object]:
    """A third one's locks make two buyers of 3 lock one ticket each, then go.

    A locks ticket 0 and falls short, B locks ticket 1 and falls short, the
    third lets go, and both try patiently.
    """
    rush, outcomes = make.ticket_type(stock=0, capacity=4), []
    Ticket.objects.bulk_create(Ticket(ticket_type=rush, slot=n) for n in range(4))
    a_fell_short, b_fell_short, go_on = Signal(), Signal(), Signal()
    real_pick, names = picking.pick_tickets, {}

    def paused_pick(pick, *, patient=False):
        outcome = real_pick(pick, patient=patient)
        if not patient:
            names[pick.user_id].set()
            go_on.wait(timeout=30)
        return outcome

    monkeypatch.setattr(holds, "pick_tickets", paused_pick)
    a, b = make.buyer(), make.buyer()
    names.update({a.pk: a_fell_short, b.pk: b_fell_short})
    threads = [
        Thread(
            target=lambda who=who: outcomes.extend(race([partial(hold, who, rush, 3)]))
        )
        for who in (a, b)
    ]

    with transaction.atomic():
        lock_slots(rush, 2, 3)
        with connection.cursor() as cursor:
            cursor.execute("SAVEPOINT ticket_one")
            lock_slots(rush, 1)
            threads[0].start()
            assert a_fell_short.wait(timeout=30)
            cursor.execute("ROLLBACK TO SAVEPOINT ticket_one")
        threads[1].start()
        assert b_fell_short.wait(timeout=30)
    go_on.set()
    for thread in threads:
        thread.join(timeout=30)
    return outcomes


def lock_slots(ticket_type: TicketType, *slots: int) -> None:
    rows = ticket_type.tickets.filter(slot__in=slots)
    assert len(rows.select_for_update()) == len(slots)


def test_two_buyers_who_each_locked_a_part_do_not_wait_for_each_other(monkeypatch):
    outcomes = two_buyers_who_each_locked_one(monkeypatch)

    assert sorted(type(outcome).__name__ for outcome in outcomes) == [
        "Hold",
        "TooFewLeft",
    ]
    assert_all_is_well()


def test_without_undoing_the_short_pick_they_deadlock(monkeypatch):
    monkeypatch.setattr(picking, "UNDO_ATTEMPT", "SELECT 1")

    outcomes = two_buyers_who_each_locked_one(monkeypatch)

    assert "deadlock detected" in " ".join(str(outcome) for outcome in outcomes)


# One buyer against the limit ----------------------------------------------------


def one_buyer_on_twelve_devices() -> None:
    event, buyer = make.event(per_buyer_limit=4), make.buyer()
    types = [make.ticket_type(event=event, stock=20) for _ in range(2)]

    outcomes = race(partial(hold, buyer, types[n % 2], 1 + n % 4) for n in range(12))

    others = [outcome for outcome in outcomes if not isinstance(outcome, Hold)]
    assert all(isinstance(other, inventory.HoldExists) for other in others), others
    assert Hold.objects.filter(user=buyer, status=HoldStatus.ACTIVE).count() == 1
    assert_all_is_well()


def test_one_buyer_on_twelve_devices_has_one_hold():
    for _ in range(5):
        one_buyer_on_twelve_devices()


def test_without_the_buyers_turn_devices_run_into_the_constraint(monkeypatch):
    monkeypatch.setattr(picking, "TAKE_TURN", "SELECT %(turn)s")

    assert breaks_within(ROUNDS, one_buyer_on_twelve_devices)


def two_late_payments_against_the_limit() -> None:
    event, buyer = make.event(per_buyer_limit=4), make.buyer()
    rush = make.ticket_type(event=event, stock=20)
    lapsed = [hold(buyer, rush, 3)]
    inventory.release_hold(hold=lapsed[0], now=NOON)
    lapsed.append(hold(buyer, rush, 3))
    inventory.release_hold(hold=lapsed[1], now=NOON)

    outcomes = race(
        partial(inventory.retake_tickets, hold=late, now=NOON) for late in lapsed
    )

    assert sorted(type(outcome).__name__ for outcome in outcomes) == [
        "Hold",
        "OverLimit",
    ]
    assert_all_is_well(without_orders=True)


def test_two_late_payments_together_stay_within_the_limit():
    for _ in range(10):
        two_late_payments_against_the_limit()


def test_without_the_buyers_turn_two_late_payments_exceed_the_limit(monkeypatch):
    monkeypatch.setattr(picking, "TAKE_TURN", "SELECT %(turn)s")

    assert breaks_within(ROUNDS, two_late_payments_against_the_limit)
