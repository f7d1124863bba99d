"""The lines for tickets: which ones, and the locks on them and around them.

Lock order: as in `matching`, which takes them.
"""

from collections.abc import Collection
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from inventory.models import StockCap, TicketType, Waitlist, WaitlistEntry
from inventory.services.picking import share_caps


def lines_about(freed: set[UUID]) -> dict[UUID, UUID]:
    """The lines of these types, and those where people wait under the same caps;
    each with its event.

    The caps of their events stay as they are from here on.
    """
    types = TicketType.objects.filter(caps__types__in=freed)
    waiting = WaitlistEntry.objects.waiting().filter(ticket_type=OuterRef("pk"))
    beside = Q(Exists(waiting), pk__in=types.values("pk"))
    rows = Waitlist.objects.filter(Q(pk__in=freed) | beside)
    lines = dict(rows.values_list("pk", "ticket_type__event"))
    share_caps(lines.values())
    return lines


def lock_waitlists(ticket_type_ids: Collection[UUID]) -> list[Waitlist]:
    """The lines of these types, and the caps of their events before them."""
    rows = Waitlist.objects.filter(pk__in=set(ticket_type_ids)).order_by("pk")
    event_ids = list(rows.values_list("ticket_type__event", flat=True))
    if not event_ids:
        return []
    share_caps(event_ids)
    return list(rows.select_for_update(no_key=True))


def lock_types_and_lines(ticket_type_ids: Collection[UUID]) -> None:
    """For who frees tickets of one type and goes on to wait for another."""
    lines = lines_about(set(ticket_type_ids))
    lock_types(ticket_type_ids)
    lock_waitlists(lines)


def lock_types(ticket_type_ids: Collection[UUID]) -> None:
    rows = TicketType.objects.filter(pk__in=ticket_type_ids).order_by("pk")
    list(rows.select_for_update(no_key=True).values_list("pk"))


def lock_caps(event_ids: Collection[UUID]) -> None:
    """The rows of all caps of these events, for who picks for several types.

    Each pick locks those of its type; one after the other they would be out of order.
    """
    if event_ids:
        rows = StockCap.objects.filter(event__in=set(event_ids)).order_by("pk")
        list(rows.select_for_update(no_key=True).values_list("pk"))


def try_lines(ticket_type_ids: Collection[UUID]) -> list[Waitlist]:
    """Those of these lines that nobody is at work on."""
    rows = Waitlist.objects.filter(pk__in=ticket_type_ids).order_by("pk")
    return list(rows.select_for_update(skip_locked=True, no_key=True))
