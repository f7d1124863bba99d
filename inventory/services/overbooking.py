"""What comes back to an overbooked type does not go on sale again.

Lock order: waitlist of the type, override, tickets.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from inventory.models import Override, Ticket, TicketStatus
from inventory.services.picking import WAITING_ORDER

GONE_TICKET = (TicketStatus.RETURNED, TicketStatus.WITHDRAWN)


def lock_overrides(ticket_type_ids: Collection[UUID]) -> list[Override]:
    """The open overrides of these types, one at a time, as two who free at once
    would otherwise both withdraw for the same excess.
    """
    rows = Override.objects.filter(
        ticket_type__in=ticket_type_ids, closed_at__isnull=True
    )
    return list(rows.order_by("pk").select_for_update(no_key=True))


def withdraw_excess(override: Override, *, now: datetime) -> int:
    """Withdraw what is free and too much, and say how many tickets that were.

    The caller has locked `override`.
    """
    override.refresh_from_db(fields=["closed_at"])
    type_id = override.ticket_type_id
    if type_id is None or override.closed_at:
        return 0
    excess, withdrawn = present_of(type_id) - override.capacity, 0
    if excess > 0:
        withdrawn = withdraw(type_id, excess)
    if excess <= withdrawn:
        override.closed_at = now
        override.save(update_fields=["closed_at"])
    return withdrawn


def present_of(ticket_type_id: UUID) -> int:
    """How many tickets of a type there are, neither withdrawn nor returned."""
    tickets = Ticket.objects.filter(ticket_type=ticket_type_id)
    return tickets.exclude(status__in=GONE_TICKET).count()


def withdraw(ticket_type_id: UUID, number: int) -> int:
    """Take up to `number` free tickets off sale; say how many there were."""
    return move(ticket_type_id, number, TicketStatus.AVAILABLE, TicketStatus.WITHDRAWN)


def move(ticket_type_id: UUID, number: int, old: str, new: str) -> int:
    """Move up to `number` tickets of a type; say how many there were."""
    tickets = Ticket.objects.filter(ticket_type=ticket_type_id, status=old)
    locked = tickets.order_by(*WAITING_ORDER).select_for_update()[:number]
    keys = list(locked.values_list("pk", flat=True))
    return Ticket.objects.filter(pk__in=keys).update(status=new)
