from time import perf_counter

import pytest

from inventory import services as inventory
from inventory.models import TicketStatus
from tests import factories as make
from tests.factories import NOON
from tests.lining_up import held, sell

pytestmark = pytest.mark.django_db


def statuses(ticket_type) -> list[str]:
    return sorted(ticket_type.tickets.values_list("status", flat=True))


def test_a_stadium_is_put_on_sale_within_five_seconds():
    rush = make.ticket_type(stock=0)

    began = perf_counter()
    inventory.set_capacity(ticket_type=rush, capacity=70_000, now=NOON)

    assert perf_counter() - began < 5
    assert rush.tickets.filter(status=TicketStatus.AVAILABLE).count() == 70_000
    assert rush.tickets.values("slot").distinct().count() > 60_000


def test_lowering_withdraws_free_tickets_only():
    rush = make.ticket_type(stock=5)
    held(rush, 2)

    changed = inventory.set_capacity(ticket_type=rush, capacity=3, now=NOON)

    assert changed.capacity == 3
    assert statuses(rush) == ["available", "held", "held", "withdrawn", "withdrawn"]


def test_raising_brings_withdrawn_tickets_back_first():
    rush = make.ticket_type(stock=5)
    inventory.set_capacity(ticket_type=rush, capacity=2, now=NOON)

    inventory.set_capacity(ticket_type=rush, capacity=4, now=NOON)
    assert statuses(rush) == ["available"] * 4 + ["withdrawn"]

    inventory.set_capacity(ticket_type=rush, capacity=6, now=NOON)
    assert statuses(rush) == ["available"] * 6


def test_below_what_is_taken_nothing_changes():
    rush = make.ticket_type(stock=5)
    held(rush, 3)

    with pytest.raises(inventory.CapacityBelowTaken) as refusal:
        inventory.set_capacity(ticket_type=rush, capacity=2, now=NOON)

    assert refusal.value.details == {"taken": 3, "capacity": 2}
    rush.refresh_from_db()
    assert rush.capacity == 5
    assert statuses(rush) == ["available"] * 2 + ["held"] * 3


def test_returned_tickets_do_not_count():
    rush = make.ticket_type(stock=2)
    inventory.return_tickets(tickets=sell(held(rush, 2)), now=NOON)

    inventory.set_capacity(ticket_type=rush, capacity=3, now=NOON)

    assert statuses(rush) == ["available"] * 3 + ["returned"] * 2
