"""What the API says about waiting. No queries but those of `with_all_told`."""

from datetime import datetime
from typing import Any

from django.db.models import Prefetch, QuerySet

from events.models import EventStatus
from inventory.documents import event_brief, named
from inventory.instants import utc
from inventory.listing.cards import money
from inventory.models import (
    Hold,
    HoldStatus,
    WaitlistEntry,
    WaitlistReason,
    WaitlistStatus,
)
from inventory.services import CLOSED_EVENT
from inventory.services.quoting import price_shown
from payments.models import Mandate, Order, PaymentStatus
from payments.money import in_words
from payments.services import is_usable

JSON = dict[str, Any]

CLOSED = "The event takes no buyers any more."
# While sales are only paused, who was offered tickets may still buy them.
OFF_SALE_FOR_ALL = (EventStatus.POSTPONED, *CLOSED_EVENT)
ENDINGS = {
    WaitlistReason.OFFER_LAPSED: "The time to buy the tickets ran out.",
    WaitlistReason.OFFER_RELEASED: "You let the tickets go.",
    WaitlistReason.CARD_DECLINED: "Your card was declined.",
    WaitlistReason.NOT_AUTHENTICATED: "The payment was not confirmed in time.",
    WaitlistReason.PAST_ITS_TIME: "Nothing came free for you in time.",
    WaitlistReason.EVENT_CLOSED: CLOSED,
    WaitlistReason.BOUGHT_ANOTHER_WAY: "You have tickets for this event.",
    WaitlistReason.TOO_MANY: "A buyer cannot have so many of these tickets any more.",
}


def with_all_told(entries: QuerySet[WaitlistEntry]) -> QuerySet[WaitlistEntry]:
    """Load what an entry's document is made of, in a fixed number of queries."""
    return (
        entries.with_ahead()  # type: ignore[attr-defined]
        .select_related(
            "event__venue", "ticket_type", "hold__ticket_type__event__venue"
        )
        .prefetch_related(
            Prefetch("mandate", Mandate.objects.select_related("card")),
            "hold__ticket_type__price_steps",
            Prefetch("hold__order", Order.objects.prefetch_related("payments")),
        )
    )


def entry_document(entry: WaitlistEntry, *, now: datetime) -> JSON:
    """An entry as its person sees it. Load it `with_all_told`."""
    mandate: Mandate | None = getattr(entry, "mandate", None)
    maximum = entry.max_total_amount
    closed = entry.status not in (WaitlistStatus.WAITING, WaitlistStatus.OFFERED)
    return {
        "id": entry.pk,
        "status": entry.status,
        "reason": entry.reason or None if closed else None,
        "event": event_brief(entry.event),
        "ticket_type": named(entry.ticket_type),
        "quantity": entry.quantity,
        "max_total": money(maximum, entry.currency) if maximum is not None else None,
        "ahead": entry.ahead,  # type: ignore[attr-defined]
        "what_happens": _what_happens(entry, mandate, now),
        "charge": _charge(entry, mandate, now) if mandate else None,
        "offer": _offer(entry, now) if entry.status == WaitlistStatus.OFFERED else None,
        "joined_at": utc(entry.joined_at),
        "ends_at": utc(entry.ends_at),
        "closed_at": utc(entry.closed_at),
        "server_time": utc(now),
    }


def _charge(entry: WaitlistEntry, mandate: Mandate, now: datetime) -> JSON:
    card = mandate.card
    return {
        "active": _is_active(entry, mandate, now),
        "card": {"id": card.pk, "brand": card.brand, "last4": card.last4},
        "max_total": money(mandate.max_total_amount, mandate.currency),
        "ends_at": utc(mandate.ends_at),
        "consent_version": mandate.consent_version,
    }


def _is_active(entry: WaitlistEntry, mandate: Mandate, now: datetime) -> bool:
    is_covered = entry.charges_card and mandate.is_for(entry.event)
    return is_covered and is_usable(mandate.card, now)


def _why_not_charged(entry: WaitlistEntry, mandate: Mandate, now: datetime) -> str:
    if not is_usable(mandate.card, now):
        return "Your card is not kept any more, so we do not charge it."
    if not mandate.is_for(entry.event):
        return (
            "The date or time of the event has changed since you agreed, so we do not "
            "charge your card."
        )
    return "We do not charge your card any more."


def _offer(entry: WaitlistEntry, now: datetime) -> JSON | None:
    hold = entry.hold
    if hold is None:
        return None
    order: Order | None = getattr(hold, "order", None)
    return {
        "hold": hold.pk,
        "total": money(_total_due(hold, now), hold.currency),
        "expires_at": utc(hold.expires_at),
        "order": order and order.pk,
        "next_step": _next_step(entry, hold, order),
    }


def _total_due(hold: Hold, now: datetime) -> int:
    """What buying an offer comes to: a fall since it was made is passed on."""
    return price_shown(hold, now).total_amount * hold.quantity


def _next_step(entry: WaitlistEntry, hold: Hold, order: Order | None) -> str:
    """What the buyer can do for the tickets: wait, confirm, or buy."""
    off_sale = entry.event.status in OFF_SALE_FOR_ALL
    if off_sale and hold.status != HoldStatus.PAYING:
        return "wait"
    if entry.charges_card and not entry.charge_began_at:
        return "wait"
    if hold.status != HoldStatus.PAYING:
        return "buy"
    payments = order.payments.all() if order else []
    asked = any(p.status == PaymentStatus.REQUIRES_ACTION for p in payments)
    return "confirm" if asked else "wait"


def _what_happens(entry: WaitlistEntry, mandate: Mandate | None, now: datetime) -> str:
    if entry.status == WaitlistStatus.WAITING:
        return _while_waiting(entry, mandate, now)
    if entry.status == WaitlistStatus.OFFERED:
        return _while_offered(entry, now)
    if entry.status == WaitlistStatus.PURCHASED:
        return "The tickets are yours: they are in your tickets."
    if entry.status == WaitlistStatus.WITHDRAWN:
        return "You have left this waitlist. Nothing was charged."
    return f"{ENDINGS.get(entry.reason, '')} Nothing was charged for it.".strip()


def _while_waiting(entry: WaitlistEntry, mandate: Mandate | None, now: datetime) -> str:
    if entry.event.status in CLOSED_EVENT:
        return f"{CLOSED} Nothing was charged for it."
    if entry.event.status != EventStatus.PUBLISHED:
        return _off_sale(entry)
    until = entry.ends_at.astimezone(entry.event.venue.zone)
    first = f"If {_tickets(entry)} free before {until:%H:%M on %-d %B}, "
    if mandate and _is_active(entry, mandate, now):
        most = in_words(mandate.max_total_amount, mandate.currency)
        return (
            f"{first}we buy at once and charge {mandate.card.brand} ending in "
            f"{mandate.card.last4}: the price of that moment, at most {most} in all."
        )
    lost = f"{_why_not_charged(entry, mandate, now)} " if mandate else ""
    them, most = "it" if entry.quantity == 1 else "them", ""
    if entry.max_total_amount is not None:
        limit = in_words(entry.max_total_amount, entry.currency)
        most = f" for {limit} at most in all"
    return (
        f"{lost}{first}we hold {them} for you{most} and tell you. Nothing is charged "
        f"unless you buy {them}."
    )


def _while_offered(entry: WaitlistEntry, now: datetime) -> str:
    hold, status = entry.hold, entry.event.status
    if hold is None:
        return ""
    if status in CLOSED_EVENT:
        return f"{CLOSED} Should your card have been charged, all of it goes back."
    if hold.status == HoldStatus.PAYING:
        postponed = "The event is postponed. " if status in OFF_SALE_FOR_ALL else ""
        return postponed + _while_paying(entry, hold)
    if status in OFF_SALE_FOR_ALL:
        return _off_sale(entry)
    came = "A ticket came" if entry.quantity == 1 else "Tickets came"
    total = in_words(_total_due(hold, now), hold.currency)
    if entry.charges_card and not entry.charge_began_at:
        return f"{came} free. Your card is being charged {total}."
    until = hold.expires_at.astimezone(entry.event.venue.zone)
    are, them, they_go = (
        ("is", "it", "it goes") if entry.quantity == 1 else ("are", "them", "they go")
    )
    return (
        f"{came} free and {are} held for you until {until:%H:%M}. Buy {them} for "
        f"{total} by then, or {they_go} to the next in line."
    )


def _while_paying(entry: WaitlistEntry, hold: Hold) -> str:
    until = hold.expires_at.astimezone(entry.event.venue.zone)
    total = in_words(hold.total_amount, hold.currency)
    return (
        f"A payment of {total} is under way. If your bank asks you to confirm it, "
        f"do so by {until:%H:%M}, or the tickets go to the next in line."
    )


def _off_sale(entry: WaitlistEntry) -> str:
    why = (
        "The event is postponed"
        if entry.event.status == EventStatus.POSTPONED
        else "Sales are paused"
    )
    return (
        f"{why}, so no tickets are sold just now. You keep your place in line, and "
        "nothing is charged meanwhile."
    )


def _tickets(entry: WaitlistEntry) -> str:
    if entry.quantity == 1:
        return "a ticket comes"
    return f"{entry.quantity} tickets together come"
