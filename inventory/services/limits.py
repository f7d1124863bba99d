"""How many tickets for an event one buyer may have, as staff say it.

Lock order: event, the caps of the event; tickets are only counted.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import Count

from events import services as events
from events.models import Event
from inventory.models import TAKEN_TICKET, Ticket
from inventory.services.picking import change_caps
from ticketapp.errors import Action, DomainError


class LimitBelowTaken(DomainError):
    code = "limit_below_taken"
    title = "Somebody has more tickets than that."
    message = "Somebody has {taken} already: {limit} a buyer is too few."
    action = Action.CHANGE_REQUEST


@transaction.atomic
def save_event(*, event: Event, now: datetime) -> Event:
    """Write what staff entered, the limit as well. Raises LimitBelowTaken.

    A lower limit waits for all who are taking tickets, and whoever takes some later
    reads it: so nobody ever has more than it says.
    """
    rows = Event.objects.select_for_update(no_key=True).filter(pk=event.pk)
    before = rows.values_list("per_buyer_limit", flat=True).first()
    if before is not None and event.per_buyer_limit < before:
        change_caps(event.pk)
        taken = most_taken_by_one(event)
        if taken > event.per_buyer_limit:
            raise LimitBelowTaken(taken=taken, limit=event.per_buyer_limit)
    return events.save_event(event=event, now=now)


def most_taken_by_one(event: Event) -> int:
    """How many tickets the buyer with the most of them holds or owns."""
    taken = Ticket.objects.filter(hold__event=event, status__in=TAKEN_TICKET)
    by_buyer = taken.values("hold__user").annotate(number=Count("pk"))
    return by_buyer.order_by("-number").values_list("number", flat=True).first() or 0
