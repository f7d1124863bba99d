"""How many tickets of a type there are.

Lock order: ticket type, waitlist of the type, tickets.
"""

from datetime import datetime

from django.db import connection, transaction

from inventory.models import TAKEN_TICKET, Ticket, TicketStatus, TicketType
from inventory.services.matching import freeing
from inventory.services.picking import SLOTS, WAITING_ORDER
from ticketapp.errors import DomainError

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


@transaction.atomic
def set_capacity(
    *, ticket_type: TicketType, capacity: int, now: datetime
) -> TicketType:
    """Make `capacity` the number of tickets of this type, sold ones included.

    More: withdrawn tickets come back first, the rest are made in one statement
    (70,000 take seconds). Fewer: free ones are withdrawn, waiting for buyers who
    are picking one this instant. Raises CapacityBelowTaken and changes nothing
    when too few are free.
    """
    locked = TicketType.objects.select_for_update(no_key=True).get(pk=ticket_type.pk)
    with freeing([locked.pk], now=now):
        _resize(locked, capacity)
    return locked


def _resize(ticket_type: TicketType, capacity: int) -> None:
    tickets = Ticket.objects.filter(ticket_type=ticket_type)
    present = tickets.exclude(
        status__in=[TicketStatus.RETURNED, TicketStatus.WITHDRAWN]
    ).count()
    if capacity > present:
        _add(ticket_type, capacity - present)
    elif capacity < present and _withdraw(ticket_type, present - capacity) < (
        present - capacity
    ):
        taken = tickets.filter(status__in=TAKEN_TICKET).count()
        raise CapacityBelowTaken(taken=taken, capacity=capacity)
    ticket_type.capacity = capacity
    ticket_type.save(update_fields=["capacity"])


def _add(ticket_type: TicketType, number: int) -> None:
    restored = _move(
        ticket_type, number, TicketStatus.WITHDRAWN, TicketStatus.AVAILABLE
    )
    with connection.cursor() as cursor:
        cursor.execute(ADD_TICKETS, [ticket_type.pk, SLOTS, number - restored])


def _withdraw(ticket_type: TicketType, number: int) -> int:
    return _move(ticket_type, number, TicketStatus.AVAILABLE, TicketStatus.WITHDRAWN)


def _move(ticket_type: TicketType, number: int, old: str, new: str) -> int:
    """Move up to `number` tickets; say how many there were."""
    tickets = Ticket.objects.filter(ticket_type=ticket_type, status=old)
    locked = tickets.order_by(*WAITING_ORDER).select_for_update()[:number]
    keys = list(locked.values_list("pk", flat=True))
    return Ticket.objects.filter(pk__in=keys).update(status=new)
