"""Taking tickets off sale for one buyer.

Lock order: (buyer, event) key, ticket type (only for the patient second try),
waitlist of the type, hold, tickets.
"""

from dataclasses import replace
from datetime import datetime

from django.conf import settings
from django.db import transaction

from accounts.models import User
from events.models import Event, EventStatus
from inventory.instants import utc
from inventory.models import Hold, Override, TicketType, WaitlistEntry
from inventory.pricing import Quote, quote
from inventory.services.matching import serve_waitlist
from inventory.services.picking import Outcome, Pick, pick_tickets
from inventory.services.releasing import expire_hold
from ticketapp.compiled import Compiled
from ticketapp.errors import Action, DomainError

# What is left until the start shrinks the hold: an hour before it is 7.5 minutes.
SHARE_OF_TIME_LEFT = 8

OVERBOOKED = Compiled(
    lambda ticket_type: Override.objects.filter(
        ticket_type=ticket_type, closed_at__isnull=True
    )
)
PLACE_IN_LINE = Compiled(
    lambda ticket_type, user: WaitlistEntry.objects.live().filter(
        ticket_type=ticket_type, user=user
    )
)


class NotOnSale(DomainError):
    code = "not_on_sale"
    title = "Not on sale."
    message = (
        "These tickets are not on sale right now. Nothing was held or charged. "
        "Choose another event."
    )
    action = Action.CHOOSE_OTHER_TICKETS


class NotYetOnSale(NotOnSale):
    title = "Not on sale yet."
    message = "These tickets go on sale at {opens_at_local}. Nothing was held."
    action = Action.WAIT


class SoldOut(DomainError):
    code = "sold_out"
    title = "Sold out."
    message = "All of these tickets are sold. Nothing was held or charged."
    action = Action.CHOOSE_OTHER_TICKETS

    def __init__(self, *, requested: int, can_wait: bool = False) -> None:
        """With `can_wait` the buyer is sent to the waitlist, which is open to them."""
        if can_wait:
            self.action = Action.JOIN_WAITLIST
        super().__init__(requested=requested)


class TooFewLeft(DomainError):
    code = "too_few_left"
    title = "Not enough tickets left."
    message = (
        "Only {available} of the {requested} tickets you asked for can be had now. "
        "Nothing was held or charged. Choose fewer, or other tickets."
    )
    action = Action.CHOOSE_OTHER_TICKETS


class AllHeld(DomainError):
    code = "all_held"
    title = "Somebody else holds the last tickets."
    message = (
        "Other people are buying the last of these tickets right now. Nothing was "
        "held or charged. If one of them changes their mind, tickets come back "
        "within minutes."
    )
    action = Action.WAIT
    retry_after = 15


class OverLimit(DomainError):
    code = "over_limit"
    title = "More than one person may have."
    message = (
        "One person may have {limit} tickets for this event, and you have {owned}. "
        "Nothing was held or charged. Choose fewer."
    )
    action = Action.CHOOSE_OTHER_TICKETS


class HoldExists(DomainError):
    code = "hold_exists"
    title = "You already hold tickets for this event."
    message = (
        "You already hold {quantity} tickets for this event. Pay for them, or let "
        "them go first. Nothing was charged."
    )
    action = Action.CHANGE_REQUEST


def hold_tickets(
    *, user: User, ticket_type: TicketType, quantity: int, now: datetime
) -> Hold:
    """Set `quantity` tickets aside for `user` at today's price, all or none.

    Asking again for what one already holds returns that hold, so a double tap
    is harmless. Rows that others are taking this instant are skipped; if that
    leaves too few, one patient try under the type's lock decides, so that of
    two buyers of 3 with 4 left one is served. Load `ticket_type` with
    `with_terms()`. Raises NotOnSale, OverLimit, HoldExists, SoldOut, AllHeld or
    TooFewLeft; then nothing has changed, also inside a larger transaction.
    """
    event = ticket_type.event
    refuse_unless_on_sale(event, now)
    pick = Pick(
        user_id=user.pk,
        ticket_type=ticket_type,
        quantity=quantity,
        quote=quote(ticket_type, now),
        expires_at=hold_ends_at(event, now),
        now=now,
    )
    outcome = _take(pick)
    if outcome.hold:
        return outcome.hold
    if outcome.live_id and _is_the_same(outcome, pick):
        return Hold.objects.with_terms().get(pk=outcome.live_id)
    raise _refusal(outcome, pick)


def retake_tickets(*, hold: Hold, now: datetime) -> Hold:
    """Take tickets again for a hold that ended before its payment succeeded.

    Returns a new, converted hold with the old one's quantity and quote, its
    tickets sold; also outside the sales window and beside another live hold,
    because the money is there. Raises SoldOut, AllHeld, TooFewLeft or
    OverLimit: then the money must go back.
    """
    ticket_type = TicketType.objects.select_related("event").get(pk=hold.ticket_type_id)
    pick = Pick(
        user_id=hold.user_id,
        ticket_type=ticket_type,
        quantity=hold.quantity,
        quote=quote_of(hold),
        expires_at=hold.expires_at,
        now=now,
        beside_a_live_hold=True,
    )
    outcome = _take(pick)
    if outcome.hold:
        return outcome.hold
    raise _refusal(outcome, pick)


def hold_ends_at(event: Event, now: datetime) -> datetime:
    """When a hold taken now runs out: sooner as the doors near.

    Never later than the sale closes, except that nobody gets less than the
    time it takes to pay.
    """
    longest = settings.HOLD_DURATION
    if event.starts_at:
        longest = min(longest, (event.starts_at - now) / SHARE_OF_TIME_LEFT)
    if event.sales_close_at:
        longest = min(longest, event.sales_close_at - now)
    return now + max(longest, settings.HOLD_DURATION_AT_LEAST)


def refuse_unless_on_sale(event: Event, now: datetime) -> None:
    if event.sales_are_open(now):
        return
    opens_at = event.sales_open_at
    if event.status == EventStatus.PUBLISHED and opens_at and now < opens_at:
        local = opens_at.astimezone(event.venue.zone)
        raise NotYetOnSale(
            opens_at=utc(opens_at),
            opens_at_local=f"{local:%H:%M on %A %-d %B}",
        )
    raise NotOnSale


def _take(pick: Pick) -> Outcome:
    """Pick eagerly; if rivals' locks were in the way, patiently, one at a time.

    No savepoint of Django's: a refusal is raised by our callers when everything
    is already undone, and the two round trips count.
    """
    with transaction.atomic(savepoint=False):
        outcome = pick_tickets(pick)
        if not outcome.hold and (lapsed := outcome.lapsed_hold(pick.now)):
            expire_hold(*lapsed, wanted=pick.ticket_type.pk, now=pick.now)
            outcome = pick_tickets(pick)
        if not outcome.hold and outcome.available >= pick.quantity:
            outcome = _take_patiently(pick)
    return outcome


def _take_patiently(pick: Pick) -> Outcome:
    """Wait for rivals, after those who wait in line have had their turn."""
    locked = TicketType.objects.select_for_update(no_key=True)
    locked.get(pk=pick.ticket_type.pk)
    left = serve_waitlist(pick.ticket_type, now=pick.now)
    if left is not None and left >= pick.quantity:
        pick = replace(pick, line_is_served=True)
    outcome = pick_tickets(pick, patient=True)
    if not outcome.hold:  # Its counts are from before it waited.
        outcome = pick_tickets(pick)
    return outcome


def _is_the_same(outcome: Outcome, pick: Pick) -> bool:
    return (outcome.live_ticket_type_id, outcome.live_quantity) == (
        pick.ticket_type.pk,
        pick.quantity,
    )


def _refusal(outcome: Outcome, pick: Pick) -> DomainError:
    asked = pick.quantity
    if outcome.live_id and not pick.beside_a_live_hold:
        return HoldExists(hold=str(outcome.live_id), quantity=outcome.live_quantity)
    taken = outcome.owned + (outcome.live_quantity or 0)
    if taken + asked > outcome.limit:
        return OverLimit(limit=outcome.limit, owned=taken, requested=asked)
    if 0 < outcome.available < asked:
        return TooFewLeft(available=outcome.available, requested=asked)
    if outcome.held or outcome.available:
        return AllHeld(requested=asked)
    return SoldOut(requested=asked, can_wait=_can_wait(pick))


def _can_wait(pick: Pick) -> bool:
    """Whether the buyer could join the line, asked cheaply: many hear "sold out".

    Unlike joining it does not count the tickets: whoever overbooks is on record.
    """
    if pick.quantity > pick.ticket_type.capacity:
        return False
    if OVERBOOKED.first(ticket_type=pick.ticket_type.pk):
        return False
    return not PLACE_IN_LINE.first(ticket_type=pick.ticket_type.pk, user=pick.user_id)


def quote_of(hold: Hold) -> Quote:
    """The price a hold froze; how its tax was counted no longer matters."""
    return Quote(
        unit_amount=hold.unit_amount,
        fee_amount=hold.fee_amount,
        tax_amount=hold.tax_amount,
        total_amount=hold.total_amount // hold.quantity,
        currency=hold.currency,
        tax_included=hold.total_amount
        == (hold.unit_amount + hold.fee_amount) * hold.quantity,
    )
