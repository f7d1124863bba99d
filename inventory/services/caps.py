"""Limits that ticket types share.

Lock order: the caps of the event, ticket types and their waitlists, shared cap;
tickets are only counted.
"""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from inventory.models import TAKEN_TICKET, StockCap, Ticket, TicketType
from inventory.services.capacity import (
    CapacityBelowTaken,
    Overrider,
    close_overrides,
    record_override,
)
from inventory.services.matching import letting_more_fit
from inventory.services.picking import change_caps
from ticketapp.errors import Action, DomainError


class CapOfAnotherEvent(DomainError):
    code = "cap_of_another_event"
    title = "A shared cap belongs to one event."
    message = "{ticket_type} is not a ticket type of this event."
    action = Action.CHANGE_REQUEST


@transaction.atomic
def save_cap(
    *,
    cap: StockCap,
    types: Collection[TicketType],
    now: datetime,
    override: Overrider | None = None,
) -> StockCap:
    """Let `types` share so many tickets; room that it makes goes to the lines.

    Raises CapacityBelowTaken when more are held or sold already and changes
    nothing; with an `override` the decision is recorded, and nothing of these
    types can be had until enough has come back.
    """
    for ticket_type in types:
        if ticket_type.event_id != cap.event_id:
            raise CapOfAnotherEvent(ticket_type=ticket_type.name)
    # Also for those who could not know of the cap: it was not there yet.
    change_caps(cap.event_id)
    with letting_more_fit([cap.event_id], now=now):
        cap.save()
        cap.types.set(types)
        _see_what_is_taken(cap, override, now)
    return cap


def _see_what_is_taken(
    cap: StockCap, override: Overrider | None, now: datetime
) -> None:
    taken = taken_of(cap)
    close_overrides(cap, now=now)
    if taken > cap.capacity:
        if override is None:
            raise CapacityBelowTaken(taken=taken, capacity=cap.capacity)
        record_override(override, cap=cap, capacity=cap.capacity, taken=taken, now=now)


def taken_of(cap: StockCap) -> int:
    """How many tickets under this cap are held or owned."""
    taken = Ticket.objects.filter(ticket_type__caps=cap, status__in=TAKEN_TICKET)
    return taken.count()
