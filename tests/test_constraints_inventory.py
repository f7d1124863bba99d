"""What can never be false about stock: each constraint, broken once."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from inventory import services as inventory
from inventory.models import (
    CheckIn,
    Hold,
    HoldStatus,
    Override,
    PriceStep,
    StockCap,
    Ticket,
    TicketStatus,
    TicketType,
)
from tests import factories as make
from tests.factories import NOON
from ticketapp.models import InvalidTransition

pytestmark = pytest.mark.django_db


@pytest.fixture
def rush():
    return make.ticket_type(name="Rush", stock=4)


@pytest.fixture
def hold(rush):
    return inventory.hold_tickets(
        user=make.buyer(), ticket_type=rush, quantity=2, now=NOON
    )


def broken(name: str, act) -> bool:
    """Whether the database refuses `act` by the constraint of that name."""
    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        act()
    return refusal.value.__cause__.diag.constraint_name == name


def test_a_ticket_type(rush):
    change = TicketType.objects.filter(pk=rush.pk).update

    assert broken(
        "inventory_ticket_type_name_is_used_once_per_event",
        lambda: make.ticket_type(event=rush.event, name="Rush"),
    )
    assert broken("inventory_ticket_type_fee_has_a_name", lambda: change(fee_amount=1))
    assert broken(
        "inventory_ticket_type_floor_is_not_above_the_price",
        lambda: change(floor_amount=2501),
    )
    assert broken(
        "inventory_ticket_type_currency_is_three_capital_letters",
        lambda: change(currency="GB"),
    )


def test_a_price_step(rush):
    def step():
        PriceStep.objects.create(ticket_type=rush, starts_at=NOON, unit_amount=1)

    step()
    assert broken("inventory_price_step_is_one_per_instant", step)


def test_a_hold(hold):
    change = Hold.objects.filter(pk=hold.pk).update
    second = Hold.objects.get(pk=hold.pk)
    second.pk = None

    assert broken("inventory_hold_status_is_known", lambda: change(status="lost"))
    assert broken("inventory_hold_has_tickets", lambda: change(quantity=0))
    assert broken(
        "inventory_hold_has_a_lease_while_paying", lambda: change(status="paying")
    )
    assert broken(
        "inventory_hold_is_one_live_per_buyer_and_event",
        lambda: second.save(force_insert=True),
    )


def test_a_ticket(rush, hold):
    held = Ticket.objects.filter(hold=hold)
    free = Ticket.objects.available(rush)

    assert broken("inventory_ticket_status_is_known", lambda: held.update(status="x"))
    for act in (
        lambda: held.update(hold=None),
        lambda: free.update(hold=hold),
        lambda: free.update(status=TicketStatus.SOLD),
    ):
        assert broken("inventory_ticket_has_a_hold_unless_free", act)
    for act in (
        lambda: held.update(status=TicketStatus.CHECKED_IN),
        lambda: held.update(checked_in_at=NOON),
    ):
        assert broken("inventory_ticket_checked_in_has_a_time", act)


def test_a_check_in(hold):
    def scan(**fields):
        defaults = {"admitted": True, "scanned_at": NOON, "staff": hold.user}
        ticket = hold.tickets.order_by("slot").first()
        return CheckIn.objects.create(ticket=ticket, **defaults | fields)

    first = scan()
    assert broken("inventory_check_in_admits_once", scan)
    assert broken(
        "inventory_check_in_flag_is_known", lambda: scan(admitted=False, flag="odd")
    )
    for fields in ({"admitted": False}, {"admitted": True, "flag": "again"}):
        assert broken(
            "inventory_check_in_that_did_not_count_has_a_flag",
            lambda fields=fields: CheckIn.objects.filter(pk=first.pk).update(**fields),
        )


def test_a_shared_cap(rush):
    def cap():
        return StockCap.objects.create(event=rush.event, name="House", capacity=1)

    cap()
    assert broken("inventory_stock_cap_name_is_used_once_per_event", cap)


def test_an_override(rush):
    cap = StockCap.objects.create(event=rush.event, name="House", capacity=1)

    def decide(**fields):
        defaults = {
            "capacity": 1,
            "taken": 2,
            "made_by": make.buyer(),
            "reason": "Cameras",
            "created_at": NOON,
        }
        return Override.objects.create(**defaults | fields)

    for fields in ({}, {"ticket_type": rush, "cap": cap}):
        assert broken(
            "inventory_override_is_of_a_type_or_a_cap",
            lambda fields=fields: decide(**fields),
        )
    assert broken(
        "inventory_override_is_below_what_was_taken", lambda: decide(cap=cap, taken=1)
    )
    decide(cap=cap)
    decide(ticket_type=rush)
    assert broken(
        "inventory_override_is_one_open_per_type", lambda: decide(ticket_type=rush)
    )
    assert broken("inventory_override_is_one_open_per_cap", lambda: decide(cap=cap))


# States -------------------------------------------------------------------------------


@pytest.mark.parametrize("old", HoldStatus.values)
@pytest.mark.parametrize("new", HoldStatus.values)
def test_a_hold_moves_along_its_states_only(hold, old, new):
    lease = NOON + timedelta(minutes=2)
    Hold.objects.update(status=old, lease_until=lease)
    hold.refresh_from_db()

    if new in Hold.TRANSITIONS[old]:
        hold.move_to(new)
    else:
        with pytest.raises(InvalidTransition):
            hold.move_to(new)

    stored = Hold.objects.get().status
    assert stored == (new if new in Hold.TRANSITIONS[old] else old)


def test_every_state_of_a_ticket_says_where_it_leads():
    assert set(Ticket.TRANSITIONS) == set(TicketStatus)
    reached = set().union(*Ticket.TRANSITIONS.values())
    assert reached == set(TicketStatus)
    assert TicketStatus.AVAILABLE not in Ticket.TRANSITIONS[TicketStatus.SOLD]


def test_of_two_who_move_a_hold_one_is_refused(hold):
    same = Hold.objects.get(pk=hold.pk)
    hold.move_to(HoldStatus.RELEASED)

    with pytest.raises(InvalidTransition):
        same.move_to(HoldStatus.EXPIRED)

    assert Hold.objects.get().status == HoldStatus.RELEASED


def test_no_constraint_is_without_its_test():
    models = (TicketType, PriceStep, Hold, Ticket, CheckIn, StockCap, Override)
    names = {rule.name for model in models for rule in model._meta.constraints}

    with open(__file__) as source:
        text = source.read()

    assert {name for name in names if f'"{name}"' not in text} == set()
