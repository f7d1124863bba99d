"""The reads of the hot path: a ticket type with all that a hold follows from.

The same rows as `TicketType.objects.with_terms()`, in one statement that is
planned once and not written anew by the ORM for each of a thousand buyers; or, for
who asks for a price alone, only what that follows from.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from events.models import Event, Venue
from inventory.models import PriceStep, TicketType
from inventory.pricing import Terms
from ticketapp.prepared import execute
from ticketapp.rows import instance_of

# The rest is left for Django to fetch should anybody ask: nobody who holds does.
# An event's own key and its venue's are known from the row before.
ASKED_OF_TYPE = (
    *("id", "event_id", "name", "unit_amount", "fee_amount", "fee_name"),
    *("currency", "capacity", "floor_amount"),
)
ASKED_OF_EVENT = (
    *("venue_id", "name", "status", "image_url", "starts_at", "doors_at", "ends_at"),
    *("local_date", "sales_open_at", "sales_close_at", "per_buyer_limit"),
)
ASKED_OF_VENUE = (
    *("name", "address", "city", "country", "location", "location_precision"),
    *("time_zone", "refund_policy", "tax_name", "tax_mode", "tax_basis_points"),
)
ASKED = {"type": ASKED_OF_TYPE, "event": ASKED_OF_EVENT, "venue": ASKED_OF_VENUE}
COLUMNS = ", ".join(
    f"{alias}.{column}" for alias, columns in ASKED.items() for column in columns
)
OF_EVENT = len(ASKED_OF_TYPE)
OF_VENUE = OF_EVENT + len(ASKED_OF_EVENT)
PRICE_COLUMNS = """
       type.unit_amount, type.fee_amount, type.currency, venue.tax_mode,
       venue.tax_basis_points, type.floor_amount"""
FOUND = """
SELECT {columns},
       (SELECT json_agg(json_build_array(step.starts_at, step.unit_amount)
                        ORDER BY step.starts_at, step.unit_amount)::text
          FROM inventory_pricestep AS step WHERE step.ticket_type_id = type.id)
  FROM inventory_tickettype AS type
  JOIN events_event AS event ON event.id = type.event_id
  JOIN events_venue AS venue ON venue.id = event.venue_id
 WHERE type.id = %(ticket_type)s
"""
TYPE = "/* terms_of_type */" + FOUND.format(columns=COLUMNS)
PRICE = "/* price_of_type */" + FOUND.format(columns=PRICE_COLUMNS)


def find_type(type_id: UUID) -> TicketType | None:
    """A ticket type with its event, venue and price steps; None if there is none."""
    row = _found(TYPE, type_id)
    if row is None:
        return None
    of_type, of_event = row[:OF_EVENT], row[OF_EVENT:OF_VENUE]
    event_id, venue_id = of_type[1], of_event[0]
    venue = instance_of(Venue, ("id", *ASKED_OF_VENUE), (venue_id, *row[OF_VENUE:-1]))
    event = instance_of(
        Event, ("id", *ASKED_OF_EVENT), (event_id, *of_event), venue=venue
    )
    found = instance_of(TicketType, ASKED_OF_TYPE, of_type, event=event)
    vars(found)["_prefetched_objects_cache"] = {"price_steps": steps_of(found, row[-1])}
    return found


def find_terms(type_id: UUID) -> Terms | None:
    """What the price of a ticket type follows from; None if there is none."""
    row = _found(PRICE, type_id)
    if row is None:
        return None
    *amounts, packed = row
    return Terms(*amounts, steps=tuple(_unpacked(packed)))


def _found(statement: str, type_id: UUID) -> Sequence[Any] | None:
    with connection.cursor() as cursor:
        execute(cursor, statement, params={"ticket_type": type_id})
        return cursor.fetchone()


def steps_of(ticket_type: TicketType, packed: str | None) -> list[PriceStep]:
    return [
        PriceStep(ticket_type=ticket_type, starts_at=starts_at, unit_amount=unit_amount)
        for starts_at, unit_amount in _unpacked(packed)
    ]


def _unpacked(packed: str | None) -> list[tuple[datetime, int]]:
    return [
        (datetime.fromisoformat(starts_at), unit_amount)
        for starts_at, unit_amount in orjson.loads(packed or "[]")
    ]
