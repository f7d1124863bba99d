"""What staff say about a ticket type.

Lock order: caps of the event, ticket type, waitlist of the type, tickets.
"""

from datetime import datetime

from django.db import transaction

from inventory.models import TicketType
from inventory.services.capacity import Overrider, set_capacity
from inventory.services.picking import share_caps


@transaction.atomic
def save_ticket_type(
    *,
    ticket_type: TicketType,
    capacity: int,
    now: datetime,
    override: Overrider | None = None,
) -> TicketType:
    """Write the words and the price of a type, and make its tickets so many.

    Holds keep the price they have, and whom a lower one reaches in line is served
    with it. Raises CapacityBelowTaken unless an `override`
    says that this is meant; then nothing is written.
    """
    share_caps([ticket_type.event_id])
    if ticket_type._state.adding:
        ticket_type.capacity = 0
        ticket_type.save()
    else:
        fields = {field.name for field in TicketType._meta.concrete_fields}
        ticket_type.save(update_fields=fields - {"id", "event", "capacity"})
    return set_capacity(
        ticket_type=ticket_type, capacity=capacity, now=now, override=override
    )
