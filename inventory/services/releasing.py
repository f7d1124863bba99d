"""Putting held tickets back on sale.

Lock order: ticket type (where it is needed at all), waitlist of the type, hold,
tickets.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from inventory.models import Hold, HoldStatus, Ticket, TicketStatus
from inventory.services.lines import lock_types_and_lines
from inventory.services.matching import freeing
from inventory.services.picking import WAITING_ORDER
from ticketapp.errors import Action, DomainError


class HoldBeingPaid(DomainError):
    code = "hold_being_paid"
    title = "A payment for these tickets is under way."
    message = (
        "A payment for these tickets is under way. The tickets stay yours until it "
        "is through. Wait for it, or cancel the order."
    )
    action = Action.WAIT
    retry_after = 5


class HoldAlreadySold(DomainError):
    code = "hold_already_sold"
    title = "These tickets are bought."
    message = "You have bought these tickets, so there is no hold to let go."
    action = Action.NONE


@transaction.atomic
def release_hold(*, hold: Hold, now: datetime) -> Hold:
    """Let a buyer's tickets go at their wish; letting go twice is no error.

    Raises HoldBeingPaid while a payment runs (the order is cancelled first) and
    HoldAlreadySold after it.
    """
    with freeing([hold.ticket_type_id], now=now):
        locked = Hold.objects.select_for_update().get(pk=hold.pk)
        if locked.status == HoldStatus.PAYING:
            raise HoldBeingPaid
        if locked.status == HoldStatus.CONVERTED:
            raise HoldAlreadySold
        if locked.status == HoldStatus.ACTIVE:
            lapsed = locked.expires_at <= now
            status = HoldStatus.EXPIRED if lapsed else HoldStatus.RELEASED
            free([locked.pk], status, now=now)
            locked.refresh_from_db(fields=["status"])
    return locked


@transaction.atomic
def release_expired_holds(*, now: datetime, limit: int) -> int:
    """Put the tickets of up to `limit` unpaid, lapsed holds back on sale.

    Returns how many holds ended. Any number of workers may run this at once:
    each takes holds that no other has locked.
    """
    lapsed = Hold.objects.expired(now).order_by("expires_at")
    types = set(lapsed.values_list("ticket_type", flat=True)[:limit])
    with freeing(types, now=now):
        rows = lapsed.filter(ticket_type__in=types).select_for_update(skip_locked=True)
        ended = list(rows.values_list("pk", flat=True)[:limit])
        free(ended, HoldStatus.EXPIRED, now=now)
    return len(ended)


def expire_hold(
    hold_id: UUID, ticket_type_id: UUID, *, wanted: UUID, now: datetime
) -> None:
    """End one lapsed hold, unless someone else just did; in a transaction.

    For a buyer who takes tickets of `wanted` next, and may have to wait for that type
    and its line: both types and lines are locked before the hold and its tickets.
    """
    lock_types_and_lines({ticket_type_id, wanted})
    with freeing([ticket_type_id], now=now):
        lapsed = Hold.objects.expired(now).filter(pk=hold_id)
        ended = list(lapsed.select_for_update().values_list("pk", flat=True))
        free(ended, HoldStatus.EXPIRED, now=now)


def free(hold_ids: Collection[UUID], status: str, *, now: datetime) -> None:
    """End holds that the caller has locked, and put their tickets back on sale.

    Inside `freeing`, so that those who wait for such tickets are served first.
    """
    if not hold_ids:
        return
    Hold.objects.filter(pk__in=hold_ids).update(
        status=status, lease_until=None, freed_at=now
    )
    held = lock_tickets(hold__in=hold_ids, status=TicketStatus.HELD)
    held.update(status=TicketStatus.AVAILABLE, hold=None)


def lock_tickets(**wanted: object) -> QuerySet[Ticket]:
    """Lock these tickets in the one order that keeps waiters from deadlock."""
    rows = Ticket.objects.filter(**wanted).order_by("ticket_type", *WAITING_ORDER)
    keys = list(rows.select_for_update().values_list("pk", flat=True))
    return Ticket.objects.filter(pk__in=keys)
