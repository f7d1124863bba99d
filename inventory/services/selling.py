"""From held to sold: what the payment flow does to stock.

Lock order: waitlist of the type (where tickets may go back on sale), hold,
tickets. The caller holds its order and payment first.
"""

from datetime import datetime, timedelta

from django.db import transaction

from inventory.models import Hold, HoldStatus, Ticket, TicketStatus
from inventory.services.matching import freeing
from inventory.services.offers import complete_offer
from inventory.services.releasing import HoldBeingPaid, free, lock_tickets
from ticketapp.compiled import Compiled
from ticketapp.errors import Action, DomainError

LOCKED = Compiled(lambda hold: Hold.objects.select_for_update().filter(pk=hold))
TICKETS_OF = Compiled(lambda hold: Ticket.objects.filter(hold=hold).order_by("slot"))


class HoldExpired(DomainError):
    code = "hold_expired"
    title = "Your hold ran out."
    message = (
        "The time to pay for these tickets ran out and they went back on sale. You "
        "have not been charged. Choose tickets again to see today's price."
    )
    action = Action.CHOOSE_OTHER_TICKETS


@transaction.atomic
def start_paying(*, hold: Hold, now: datetime, lease: timedelta) -> Hold:
    """Give a hold to the payment flow until it is paused, sold or freed.

    Raises HoldExpired when its time is over and HoldBeingPaid when another
    payment has it. The sweep of unpaid holds leaves it alone from here on.
    """
    locked = _lock(hold)
    if locked.status == HoldStatus.PAYING:
        raise HoldBeingPaid
    if locked.status != HoldStatus.ACTIVE or locked.expires_at <= now:
        raise HoldExpired
    locked.move_to(HoldStatus.PAYING, lease_until=now + lease)
    return locked


@transaction.atomic
def keep_paying(*, hold: Hold, until: datetime) -> None:
    """Let the payment flow keep a hold it has until then, as for a challenge."""
    Hold.objects.filter(pk=hold.pk, status=HoldStatus.PAYING).update(lease_until=until)


@transaction.atomic
def pause_paying(*, hold: Hold, now: datetime) -> Hold:
    """After a decline: back to the buyer if time is left, else back on sale.

    Only when no payment can still succeed. A hold that is not being paid any
    more is returned as it is.
    """
    with freeing([hold.ticket_type_id], now=now):
        locked = _lock(hold)
        if locked.status == HoldStatus.PAYING and locked.expires_at > now:
            locked.move_to(HoldStatus.ACTIVE, lease_until=None)
        elif locked.status == HoldStatus.PAYING:
            free([locked.pk], HoldStatus.EXPIRED)
            locked.refresh_from_db(fields=["status", "lease_until"])
    return locked


@transaction.atomic
def sell_held_tickets(*, hold: Hold, now: datetime) -> list[Ticket]:
    """Make the tickets of a hold that is being paid the buyer's own.

    Late is fine while nobody freed the hold: the tickets are still there.
    Selling a sold hold again returns the same tickets and changes nothing.
    Raises HoldExpired when they are gone; then `retake_tickets`.
    """
    locked = _lock(hold)
    if locked.status == HoldStatus.PAYING:
        locked.move_to(HoldStatus.CONVERTED, lease_until=None)
        lock_tickets(hold=locked).update(status=TicketStatus.SOLD)
        if locked.from_waitlist:
            complete_offer(hold=locked, now=now)
    elif locked.status != HoldStatus.CONVERTED:
        raise HoldExpired
    return TICKETS_OF.all(hold=locked.pk)


@transaction.atomic
def free_paying_hold(*, hold: Hold, now: datetime) -> Hold:
    """Put tickets under payment back on sale: only once the provider says that
    the money cannot come any more. A hold that is not being paid stays as it is.
    """
    with freeing([hold.ticket_type_id], now=now):
        locked = _lock(hold)
        if locked.status == HoldStatus.PAYING:
            lapsed = locked.expires_at <= now
            free([locked.pk], HoldStatus.EXPIRED if lapsed else HoldStatus.RELEASED)
            locked.refresh_from_db(fields=["status", "lease_until"])
    return locked


def _lock(hold: Hold) -> Hold:
    return LOCKED.get(hold=hold.pk)
