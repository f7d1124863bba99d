"""Taking sold tickets back. Money is another matter.

Lock order: waitlist of the type, hold, tickets.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from random import randrange

from django.db import transaction

from inventory.models import Hold, Ticket, TicketStatus
from inventory.services.matching import freeing
from inventory.services.picking import SLOTS
from inventory.services.releasing import lock_tickets
from ticketapp.errors import Action, DomainError


class TicketNotReturnable(DomainError):
    code = "ticket_not_returnable"
    title = "A ticket cannot be taken back."
    message = (
        "{count} of these tickets were used at the door or taken back before. "
        "Nothing has changed."
    )
    action = Action.NONE


@dataclass(frozen=True, slots=True)
class Returned:
    """The fresh tickets, and how many of as many were offered to those who wait, or
    withdrawn because their type is overbooked. The public has the others.
    """

    fresh: list[Ticket]
    offered: int
    withdrawn: int

    @property
    def public(self) -> int:
        return len(self.fresh) - self.offered - self.withdrawn


@transaction.atomic
def return_tickets(*, tickets: Collection[Ticket], now: datetime) -> Returned:
    """Retire sold tickets for good and put a fresh one on sale for each.

    The returned row keeps its hold and its history, its code dies with it. All
    or none: raises TicketNotReturnable if one was used or returned before.
    """
    wanted = {ticket.pk for ticket in tickets}
    with freeing({ticket.ticket_type_id for ticket in tickets}, now=now) as gone:
        Hold.objects.filter(tickets__in=wanted).update(freed_at=now)
        sold = lock_tickets(pk__in=wanted, status=TicketStatus.SOLD)
        types = list(sold.values_list("ticket_type", flat=True))
        if len(types) < len(wanted):
            raise TicketNotReturnable(count=len(wanted) - len(types))
        sold.update(status=TicketStatus.RETURNED)
        fresh = Ticket.objects.bulk_create(
            Ticket(ticket_type_id=ticket_type, slot=randrange(SLOTS))
            for ticket_type in types
        )
    # Whoever waited may have got tickets that were free before, too.
    withdrawn = min(len(fresh), gone.withdrawn)
    offered = min(len(fresh) - withdrawn, gone.offered)
    return Returned(fresh, offered, withdrawn)
