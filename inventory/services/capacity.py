"""How many tickets of a type there are.

Lock order: caps of the event, ticket type, waitlist of the type, tickets.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from accounts.models import User
from inventory.models import Override, StockCap, TicketStatus, TicketType
from inventory.services.matching import freeing
from inventory.services.overbooking import move, present_of, withdraw
from inventory.services.picking import SLOTS, share_caps
from ticketapp.errors import Action, DomainError

ADD_TICKETS = """
INSERT INTO inventory_ticket (id, ticket_type_id, slot, status)
SELECT gen_random_uuid(), %s, floor(random() * %s)::int, 'available'
  FROM generate_series(1, %s)
"""


class CapacityBelowTaken(DomainError):
    code = "capacity_below_taken"
    title = "More tickets are taken."
    message = (
        "{taken} tickets of this type are sold or in someone's hands, so there "
        "cannot be {capacity}. Nothing has changed."
    )
    action = Action.CHANGE_REQUEST


@dataclass(frozen=True, slots=True)
class Overrider:
    """Who takes it on themselves to promise less than was taken, and why."""

    user: User
    reason: str


@transaction.atomic
def set_capacity(
    *,
    ticket_type: TicketType,
    capacity: int,
    now: datetime,
    override: Overrider | None = None,
) -> TicketType:
    """Make `capacity` the number of tickets of this type, sold ones included.

    More: withdrawn tickets come back first, the rest are made in one statement
    (70,000 take seconds). Fewer: free ones are withdrawn, waiting for buyers who
    are picking one this instant. When too few are free it raises
    CapacityBelowTaken and changes nothing; with an `override` all free ones go,
    the decision is recorded, and what comes back later goes too until the type
    is not overbooked any more.
    """
    share_caps([ticket_type.event_id])
    locked = TicketType.objects.select_for_update(no_key=True).get(pk=ticket_type.pk)
    with freeing([locked.pk], now=now):
        _resize(locked, capacity, override, now)
    return locked


def _resize(
    ticket_type: TicketType, capacity: int, override: Overrider | None, now: datetime
) -> None:
    present = present_of(ticket_type.pk)
    excess = present - capacity
    close_overrides(ticket_type, now=now)
    if excess < 0:
        _add(ticket_type, -excess)
    elif excess > 0 and withdraw(ticket_type.pk, excess) < excess:
        taken = present_of(ticket_type.pk)
        if override is None:
            raise CapacityBelowTaken(taken=taken, capacity=capacity)
        record_override(
            override, ticket_type=ticket_type, capacity=capacity, taken=taken, now=now
        )
    ticket_type.capacity = capacity
    ticket_type.save(update_fields=["capacity"])


def record_override(
    override: Overrider, *, capacity: int, taken: int, now: datetime, **of: object
) -> Override:
    return Override.objects.create(
        capacity=capacity,
        taken=taken,
        made_by=override.user,
        reason=override.reason,
        created_at=now,
        **of,
    )


def close_overrides(limit: TicketType | StockCap, *, now: datetime) -> None:
    limit.overrides.filter(closed_at__isnull=True).update(closed_at=now)


def _add(ticket_type: TicketType, number: int) -> None:
    restored = move(
        ticket_type.pk, number, TicketStatus.WITHDRAWN, TicketStatus.AVAILABLE
    )
    with connection.cursor() as cursor:
        cursor.execute(ADD_TICKETS, [ticket_type.pk, SLOTS, number - restored])
