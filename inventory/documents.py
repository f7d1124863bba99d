"""What the API says about holds and tickets. No queries here."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from events.models import Event
from inventory import codes, qr
from inventory.instants import local, utc
from inventory.listing.cards import money, price_of
from inventory.models import CheckIn, Hold, Ticket
from inventory.owners import OrderRef
from inventory.services.admission import NotAdmitted
from inventory.services.holds import quote_of
from inventory.services.quoting import price_shown

JSON = dict[str, Any]
# Rows that a ticket's document is made of, loaded at once.
OF_A_TICKET = ("ticket_type__event__venue", "hold__user")


def hold_document(hold: Hold, *, now: datetime, order: OrderRef | None = None) -> JSON:
    """A hold with the price that would be paid now. Load it `with_terms()`."""
    fee_name, tax_name = hold.ticket_type.fee_name, hold.event.venue.tax_name
    price = price_shown(hold, now)
    return {
        "id": hold.pk,
        "status": hold.status,
        "event": event_brief(hold.event),
        "ticket_type": named(hold.ticket_type),
        "quantity": hold.quantity,
        "price": price_of(price, fee_name, tax_name),
        "total": money(price.total_amount * hold.quantity, hold.currency),
        "expires_at": utc(hold.expires_at),
        "created_at": utc(hold.created_at),
        "server_time": utc(now),
        "order": order and order.id,
    }


def ticket_document(
    ticket: Ticket,
    *,
    order: OrderRef | None,
    not_admitted: NotAdmitted | None,
) -> JSON:
    """A ticket with its code, and what the door says to it. Load `OF_A_TICKET`."""
    event = ticket.ticket_type.event
    code = codes.write(ticket_id=ticket.pk, event_id=event.pk)
    price = quote_of(ticket.hold)
    return {
        "id": ticket.pk,
        "status": ticket.status,
        "event": event_brief(event),
        "ticket_type": named(ticket.ticket_type),
        "total": money(price.total_amount, price.currency),
        "order": order and {"id": order.id, "reference": order.reference},
        "holder": holder_of(ticket),
        "code": code,
        "qr_svg": qr_svg(code),
        "checked_in_at": utc(ticket.checked_in_at),
        "admits": not_admitted is None,
        "not_admitted": not_admitted and why_not(not_admitted),
    }


def why_not(not_admitted: NotAdmitted) -> JSON:
    return {
        "code": not_admitted.code,
        "message": f"It does not admit: {not_admitted.reason}.",
    }


def revocations_document(
    event: Event,
    *,
    revoked: Mapping[UUID, NotAdmitted],
    admits_between: tuple[datetime, datetime],
) -> JSON:
    """What a scanner needs to judge codes of `event` on its own. Load its venue.

    Nothing in it follows from when it was asked for.
    """
    tickets: dict[NotAdmitted, list[UUID]] = defaultdict(list)
    for ticket in sorted(revoked):
        tickets[revoked[ticket]].append(ticket)
    opens, closes = admits_between
    return {
        "event": event_brief(event),
        "code_key": codes.public_key_text(),
        "admits_from": utc(opens),
        "admits_until": utc(closes),
        "revoked": [
            why_not(why) | {"tickets": tickets[why]}
            for why in sorted(tickets, key=lambda why: why.code)
        ],
    }


def check_in_document(scan: CheckIn) -> JSON:
    """What a scanner shows when somebody may come in."""
    ticket = scan.ticket
    return {
        "id": scan.pk,
        "admitted": scan.admitted,
        "ticket": {
            "id": ticket.pk,
            "ticket_type": named(ticket.ticket_type),
            "holder": holder_of(ticket),
        },
        "event": named(ticket.ticket_type.event),
        "scanned_at": utc(scan.scanned_at),
    }


def event_brief(event: Any) -> JSON:
    """An event as holds, orders and tickets name it: what, when, where.

    Of an `Event`, or of anything that has these values under the same names.
    """
    venue = event.venue
    latitude, longitude = venue.coordinates
    return {
        "id": event.id,
        "name": event.name,
        "status": event.status,
        "image_url": event.image_url or None,
        "starts_at": utc(event.starts_at),
        "starts_at_local": local(event.starts_at, venue.zone),
        "doors_at": utc(event.doors_at),
        "doors_at_local": local(event.doors_at, venue.zone),
        "ends_at": utc(event.ends_at),
        "local_date": event.local_date.isoformat(),
        "time_zone": venue.time_zone,
        "venue": {
            "id": venue.id,
            "name": venue.name,
            "city": venue.city,
            "country": venue.country,
            "location_precision": venue.location_precision,
            "latitude": latitude,
            "longitude": longitude,
            "time_zone": venue.time_zone,
            "address": venue.address,
            "refund_policy": venue.refund_policy,
        },
    }


def named(row: Any) -> JSON:
    return {"id": row.id, "name": row.name}


def holder_of(ticket: Ticket) -> str:
    """Whose ticket it is, as staff at the door read it."""
    if ticket.hold is None:
        return ""
    return ticket.hold.user.name or ticket.hold.user.email


# A code never changes and takes milliseconds to draw.
qr_svg = lru_cache(maxsize=2000)(qr.svg)
