"""The read of the hot path: a ticket type with all that a hold follows from.

The same rows as `TicketType.objects.with_terms()`, in one statement that is
planned once and not written anew by the ORM for each of a thousand buyers.
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

import orjson
from django.db import connection, models

from events.models import Event, Venue
from inventory.models import PriceStep, TicketType
from ticketapp.prepared import execute

# Left for Django to fetch should anybody ask: nobody who holds tickets does.
LEFT_OUT = {"search_text", "created_at", "description", "match_key"}
LEFT_OUT_OF_EVENT = LEFT_OUT | {"location"}


def fields_of(model: type[models.Model], left_out: set[str]) -> list[models.Field]:
    return [
        field for field in model._meta.concrete_fields if field.name not in left_out
    ]


PARTS = [
    ("type", TicketType, fields_of(TicketType, LEFT_OUT)),
    ("event", Event, fields_of(Event, LEFT_OUT_OF_EVENT)),
    ("venue", Venue, fields_of(Venue, LEFT_OUT)),
]
COLUMNS = ", ".join(
    f"{alias}.{field.column}" for alias, _, fields in PARTS for field in fields
)
TERMS = f"""
/* terms_of_type */
SELECT {COLUMNS},
       (SELECT json_agg(json_build_array(step.starts_at, step.unit_amount))::text
          FROM inventory_pricestep AS step WHERE step.ticket_type_id = type.id)
  FROM inventory_tickettype AS type
  JOIN events_event AS event ON event.id = type.event_id
  JOIN events_venue AS venue ON venue.id = event.venue_id
 WHERE type.id = %(ticket_type)s
"""


def find_type(type_id: UUID) -> TicketType | None:
    """A ticket type with its event, venue and price steps; None if there is none."""
    params = {"ticket_type": type_id}
    with connection.cursor() as cursor:
        execute(cursor, TERMS, params=params)
        row = cursor.fetchone()
    if row is None:
        return None
    values = iter(row)
    found, event, venue = (made_of(model, fields, values) for _, model, fields in PARTS)
    found.event, event.venue = event, venue
    found._prefetched_objects_cache = {"price_steps": steps_of(found, next(values))}
    return found


def made_of(
    model: type[models.Model], fields: list[models.Field], values: Iterator[Any]
) -> Any:
    names = [field.attname for field in fields]
    return model.from_db(connection.alias, names, list(islice(values, len(fields))))


def steps_of(ticket_type: TicketType, packed: str | None) -> list[PriceStep]:
    return [
        PriceStep(
            ticket_type=ticket_type,
            starts_at=datetime.fromisoformat(starts_at),
            unit_amount=unit_amount,
        )
        for starts_at, unit_amount in orjson.loads(packed or "[]")
    ]
