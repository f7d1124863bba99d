"""Everything a page of events says, in one statement."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import connection

from inventory.availability import COUNTED_UP_TO
from inventory.room import CAPPED_IS_HELD, ROOM
from ticketapp.prepared import execute

# `page` gives id, distance and price, in the order they are shown. Stock is
# counted through the index of available tickets, no further than may be told; the
# room that caps leave is null without one, and OFFSET 0 has it asked for once. What
# is gathered has the order to put it in with it: PostgreSQL begins a sort for each
# event and type, which took a fifth of this statement, and most have one or two.
ROWS = """
/* event_rows */
WITH page AS (
    SELECT id, distance, price, row_number() OVER () AS rank FROM ({page}) AS keys
)
SELECT page.distance, page.price, event.id::text, event.name, event.status,
       event.starts_at, event.doors_at, event.ends_at, event.local_date,
       event.sales_open_at, event.sales_close_at, event.image_url, event.listing_url,
       event.per_buyer_limit, category.slug AS category_slug,
       category.name AS category_name, venue.id::text AS venue_id,
       venue.name AS venue_name, venue.city, venue.country,
       venue.location_precision, venue.time_zone, venue.tax_mode,
       venue.tax_basis_points, ST_Y(venue.location::geometry) AS latitude,
       ST_X(venue.location::geometry) AS longitude,
       performers.list::text AS performers, types.list::text AS types{more}
  FROM page
  JOIN events_event AS event ON event.id = page.id
  JOIN events_venue AS venue ON venue.id = event.venue_id
  LEFT JOIN events_category AS category ON category.id = event.category_id
  LEFT JOIN LATERAL (
       SELECT json_agg(json_build_array(
                  link.id, performer.id, performer.name)) AS list
         FROM events_event_performers AS link
         JOIN events_performer AS performer ON performer.id = link.performer_id
        WHERE link.event_id = event.id) AS performers ON true
  LEFT JOIN LATERAL (
       SELECT json_agg(json_build_array(
                  type.position, type.name, type.id, type.description,
                  type.fee_name, type.unit_amount, type.fee_amount, type.currency,
                  type.floor_amount,
                  (SELECT json_agg(json_build_array(step.starts_at, step.unit_amount))
                     FROM inventory_pricestep AS step
                    WHERE step.ticket_type_id = type.id),
                  stock.free, stock.room,
                  CASE WHEN stock.free = 0 OR stock.room <= 0 THEN EXISTS (
                      SELECT FROM inventory_ticket AS ticket
                       WHERE ticket.ticket_type_id = type.id
                         AND ticket.status = 'held')
                      OR stock.room IS NOT NULL AND {capped_is_held} END)) AS list
         FROM inventory_tickettype AS type
        CROSS JOIN LATERAL (
              SELECT (SELECT count(*) FROM (
                          SELECT FROM inventory_ticket AS ticket
                           WHERE ticket.ticket_type_id = type.id
                             AND ticket.status = 'available'
                           LIMIT {counted}) AS few) AS free,
                     {room} AS room OFFSET 0) AS stock
        WHERE type.event_id = event.id AND type.capacity > 0) AS types ON true
 ORDER BY page.rank
"""
ONE = """
    SELECT id, NULL::float8 AS distance, NULL::int AS price FROM events_event
     WHERE id = %(event)s AND status <> 'draft'
"""
CONSTANTS = {
    "counted": COUNTED_UP_TO,
    "room": ROOM.format(type="type.id"),
    "capped_is_held": CAPPED_IS_HELD.format(type="type.id"),
}
MORE = """,
       event.description, event.viewer_counts, venue.address, venue.refund_policy,
       venue.tax_name
"""
ONE_ROW = ROWS.format(page=ONE, more=MORE, **CONSTANTS)

Row = dict[str, Any]


def rows_of(page: str, params: Mapping[str, Any], *, plan: bool) -> list[Row]:
    """What cards say about the events of `page`, SQL with its parameters.

    `plan` is for pages that are asked for all the time: planning a statement of
    so many joins takes longer than running it.
    """
    return _fetch(statement_of(page), params, plan=plan)


@lru_cache(maxsize=200)
def statement_of(page: str) -> str:
    return ROWS.format(page=page, more="", **CONSTANTS)


def row_of(event_id: UUID) -> Row | None:
    """What its own page says about an event; a draft has none."""
    params = {"event": event_id}
    return next(iter(_fetch(ONE_ROW, params, plan=True)), None)


def _fetch(statement: str, params: Mapping[str, Any], *, plan: bool) -> list[Row]:
    with connection.cursor() as cursor:
        if plan:
            execute(cursor, statement, params=params)
        else:
            cursor.execute(statement, params)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
