"""Joining and leaving the line for a ticket type.

Lock order: (buyer, event) key, waitlist of the type, entry, hold, tickets.
"""

from datetime import datetime, timedelta
from http import HTTPStatus
from uuid import UUID

from django.db import connection, transaction

from accounts.models import User
from events.models import Event
from inventory.instants import utc
from inventory.models import (
    LIVE_ENTRY,
    OWNED_TICKET,
    Hold,
    HoldStatus,
    StockCap,
    Ticket,
    TicketType,
    Waitlist,
    WaitlistEntry,
    WaitlistStatus,
)
from inventory.pricing import quote
from inventory.services.holds import HoldExists, OverLimit, refuse_unless_on_sale
from inventory.services.lines import lock_waitlists
from inventory.services.matching import freeing, match, takes_offers
from inventory.services.offers import pass_offer
from inventory.services.picking import TAKE_TURN, turn_of
from inventory.services.releasing import HoldAlreadySold, HoldBeingPaid, free
from ticketapp.errors import Action, DomainError

# For an event that has no time yet: a card is not kept ready without an end.
LONGEST_WAIT = timedelta(days=366)


class TicketsAvailable(DomainError):
    code = "tickets_available"
    title = "There is no need to wait."
    message = (
        "Enough of these tickets are on sale right now. You were not put on the "
        "waitlist and not charged. Buy them the ordinary way."
    )
    action = Action.CHOOSE_OTHER_TICKETS


class AlreadyOnWaitlist(DomainError):
    code = "already_on_waitlist"
    title = "You are already on this waitlist."
    message = (
        "You already wait for these tickets, and keep your place. To change what "
        "you wait for, leave the waitlist and join it again, at its end."
    )
    action = Action.NONE


class WaitlistClosed(DomainError):
    code = "waitlist_closed"
    title = "This waitlist is closed."
    message = (
        "More of these tickets are sold than there are places, so nobody can be "
        "promised one. You were not put on the waitlist and not charged."
    )
    action = Action.CHOOSE_OTHER_TICKETS


class GroupTooLarge(DomainError):
    code = "group_too_large"
    title = "There are not that many tickets."
    message = (
        "There are {capacity} of these tickets in all, so a group of {requested} "
        "would wait in vain. You were not put on the waitlist. Choose fewer."
    )
    action = Action.CHOOSE_OTHER_TICKETS


class UntilOutOfRange(DomainError):
    code = "until_out_of_range"
    title = "The waitlist cannot run until then."
    status = HTTPStatus.BAD_REQUEST
    message = "Choose a time to stop waiting between now and {latest_at_local}."
    action = Action.CHANGE_REQUEST


class MaximumTooLow(DomainError):
    code = "maximum_too_low"
    title = "Your maximum is below every price."
    message = (
        "Until then the lowest price of these tickets is above your maximum, so you "
        "would wait in vain. You were not put on the waitlist and not charged."
    )
    action = Action.CHANGE_REQUEST


@transaction.atomic
def join_waitlist(
    *,
    user: User,
    ticket_type: TicketType,
    quantity: int,
    ends_at: datetime,
    now: datetime,
    max_total_amount: int | None = None,
    charges_card: bool = False,
) -> WaitlistEntry:
    """Put `user` at the end of the line for `quantity` tickets, until `ends_at`.

    Nothing is offered above `max_total_amount` for them all. With `charges_card`
    the caller keeps a mandate and charges it when tickets are set aside; else
    the buyer is told. Nobody waits for what is there to be bought: those in the
    line are served first, and TicketsAvailable if enough is left. Also raises
    NotOnSale, OverLimit, HoldExists, GroupTooLarge, UntilOutOfRange,
    MaximumTooLow, AlreadyOnWaitlist and WaitlistClosed. Load `ticket_type` with
    `with_terms()`.
    """
    event = ticket_type.event
    refuse_unless_on_sale(event, now)
    _refuse_waiting_in_vain(ticket_type, quantity, ends_at, now, max_total_amount)
    _take_turn(user, event)
    had = _refuse_unless_allowed(user, ticket_type, quantity)
    number = _take_number(ticket_type, quantity, now)
    return WaitlistEntry.objects.create(
        user=user,
        event=event,
        ticket_type=ticket_type,
        number=number,
        quantity=quantity,
        owned_at_joining=len(had),
        had_at_joining=had,
        max_total_amount=max_total_amount,
        currency=ticket_type.currency,
        charges_card=charges_card,
        joined_at=now,
        ends_at=ends_at,
    )


@transaction.atomic
def withdraw_from_waitlist(*, entry: WaitlistEntry, now: datetime) -> WaitlistEntry:
    """Leave the line, and let an offer go to the next; leaving twice is no error.

    Raises HoldBeingPaid while a payment for the offer runs (it is cancelled
    first) and HoldAlreadySold when the tickets are bought.
    """
    with freeing([entry.ticket_type_id], now=now):
        entry = WaitlistEntry.objects.select_related("hold").get(pk=entry.pk)
        if entry.status == WaitlistStatus.PURCHASED:
            raise HoldAlreadySold
        hold = entry.hold if entry.status == WaitlistStatus.OFFERED else None
        if hold:
            _refuse_unless_unpaid(hold)
        if entry.status in LIVE_ENTRY:
            entry.move_to(WaitlistStatus.WITHDRAWN, closed_at=now, reason="")
        if hold:
            free([hold.pk], HoldStatus.RELEASED, now=now)
    return entry


@transaction.atomic
def give_up_offer(*, hold: Hold, reason: str, now: datetime) -> bool:
    """End an offer that nothing came of, for this reason, and serve the next.

    The entry does not return to the line. False for an offer that ended before,
    which stays as it is. Raises HoldBeingPaid and HoldAlreadySold.
    """
    with freeing([hold.ticket_type_id], now=now):
        _refuse_unless_unpaid(hold)
        passed = pass_offer(hold=hold, reason=reason, now=now)
        if passed:
            free([hold.pk], HoldStatus.RELEASED, now=now)
    return passed


def latest_end(event: Event) -> datetime | None:
    """The last moment that waiting makes sense: sales end, or the event begins."""
    ends = [at for at in (event.sales_close_at, event.starts_at) if at]
    return min(ends, default=None)


def _refuse_waiting_in_vain(
    ticket_type: TicketType,
    quantity: int,
    ends_at: datetime,
    now: datetime,
    max_total_amount: int | None,
) -> None:
    latest = latest_end(ticket_type.event) or now + LONGEST_WAIT
    if not now < ends_at <= latest:
        local = latest.astimezone(ticket_type.event.venue.zone)
        raise UntilOutOfRange(
            latest_at=utc(latest), latest_at_local=f"{local:%H:%M on %A %-d %B %Y}"
        )
    caps = StockCap.objects.filter(types=ticket_type)
    most = min([ticket_type.capacity, *caps.values_list("capacity", flat=True)])
    if quantity > most:
        raise GroupTooLarge(capacity=most, requested=quantity)
    # Prices only fall, so the last one is the lowest.
    lowest = quote(ticket_type, ends_at).total_amount * quantity
    if max_total_amount is not None and max_total_amount < lowest:
        raise MaximumTooLow(lowest=lowest, currency=ticket_type.currency)


def _take_turn(user: User, event: Event) -> None:
    with connection.cursor() as cursor:
        cursor.execute(TAKE_TURN, {"turn": turn_of(user.pk, event.pk)})


def _refuse_unless_allowed(
    user: User, ticket_type: TicketType, quantity: int
) -> list[UUID]:
    """Raise, or say which tickets for the event the buyer has."""
    event = ticket_type.event
    own = Hold.objects.filter(user=user, event=event)
    entries = WaitlistEntry.objects.live().filter(user=user, ticket_type=ticket_type)
    if entry := entries.first():
        raise AlreadyOnWaitlist(entry=str(entry.pk))
    if live := own.live().first():
        raise HoldExists(hold=str(live.pk), quantity=live.quantity)
    bought = Ticket.objects.filter(
        hold__in=own.filter(status=HoldStatus.CONVERTED), status__in=OWNED_TICKET
    )
    had = list(bought.values_list("pk", flat=True))
    owned = len(had)
    if owned + quantity > event.per_buyer_limit:
        raise OverLimit(limit=event.per_buyer_limit, owned=owned, requested=quantity)
    return had


def _take_number(ticket_type: TicketType, quantity: int, now: datetime) -> int:
    """Lock and serve the line, and give its next number to who cannot simply buy."""
    waitlist = _lock_or_make(ticket_type)
    left = match(waitlist, now=now).left
    if not takes_offers(ticket_type, now):
        raise WaitlistClosed
    if left >= quantity:
        raise TicketsAvailable(available=left)
    waitlist.last_number += 1
    waitlist.save(update_fields=["last_number"])
    return waitlist.last_number


def _lock_or_make(ticket_type: TicketType) -> Waitlist:
    for waitlist in lock_waitlists([ticket_type.pk]):
        return waitlist
    Waitlist.objects.bulk_create(
        [Waitlist(ticket_type=ticket_type)], ignore_conflicts=True
    )
    [waitlist] = lock_waitlists([ticket_type.pk])
    return waitlist


def _refuse_unless_unpaid(hold: Hold) -> None:
    """Lock the hold of an offer; without a payment it can be let go."""
    status = Hold.objects.select_for_update().get(pk=hold.pk).status
    if status == HoldStatus.PAYING:
        raise HoldBeingPaid
    if status == HoldStatus.CONVERTED:
        raise HoldAlreadySold
