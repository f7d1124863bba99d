"""Finding events: near, soon, of a kind, by name; in three orders.

Each order has a keyset: nobody sees an event twice or misses one because the
list moved on while they read.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.contrib.gis.db.models.functions import GeometryDistance
from django.contrib.gis.geos import Point
from django.db.models import FloatField, IntegerField, Q, Value

from events.models import Event
from events.querysets import EventQuerySet
from inventory.listing.cursors import Cursor, InvalidCursor, Key
from inventory.listing.rows import Row, rows_of
from inventory.pricing import BASIS_POINTS, EXPONENTS

# Sorted by time or price, "near me" needs an edge.
RADIUS_M = 50_000
# Sorting by price has to price everything that it sorts.
PRICED_HOURS = 24
# Greater than every price: events without one come last.
NO_PRICE = 2**31 - 1
FIRST_ID = UUID(int=0)
ANY_HOURS = 24 * 366 * 10
KEYS = ("id", "distance", "price")

# The sum of `inventory.pricing` once more, because the database has to sort by it.
PRICED = """
WITH clock (now) AS (VALUES (%s::timestamptz))
SELECT id, distance, price FROM (
    SELECT found.id, found.distance, coalesce(cheapest.total, {no_price}) AS price
      FROM ({found}) AS found
      JOIN events_event AS event ON event.id = found.id
      JOIN events_venue AS venue ON venue.id = event.venue_id
     CROSS JOIN clock
      LEFT JOIN LATERAL (
           SELECT min(net + CASE venue.tax_mode WHEN 'added' THEN
                      (2 * net * venue.tax_basis_points + {whole} * step)
                      / (2 * {whole} * step) * step ELSE 0 END) AS total
             FROM inventory_tickettype AS type
            CROSS JOIN LATERAL (
                  SELECT type.fee_amount::bigint + greatest(
                             type.floor_amount, least(type.unit_amount, (
                                 SELECT min(begun.unit_amount)
                                   FROM inventory_pricestep AS begun
                                  WHERE begun.ticket_type_id = type.id
                                    AND begun.starts_at <= clock.now))) AS net,
                         CASE WHEN type.currency IN {three_digits}
                              THEN 10 ELSE 1 END AS step) AS price
            WHERE type.event_id = event.id AND type.capacity > 0
              AND coalesce(event.ends_at > clock.now, true)
              AND coalesce(event.sales_close_at > clock.now,
                           event.starts_at > clock.now, true)
              AND EXISTS (SELECT FROM inventory_ticket AS ticket
                           WHERE ticket.ticket_type_id = type.id
                             AND ticket.status = 'available')) AS cheapest ON true
    ) AS priced
 WHERE (price, id) > (%s, %s)
 ORDER BY price, id
 LIMIT %s
"""
PRICED_CONSTANTS = {
    "no_price": NO_PRICE,
    "whole": BASIS_POINTS,
    "three_digits": tuple(c for c, digits in EXPONENTS.items() if digits == 3),
}


class Sort(StrEnum):
    DISTANCE = "distance"
    START = "start"
    PRICE = "price"


@dataclass(frozen=True, slots=True)
class Search:
    """What somebody looks for. The position is as coarse as it is kept: nowhere."""

    sort: Sort
    point: Point | None = None
    radius_m: float | None = None
    starts_within: float | None = None
    category: str | None = None
    query: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    rows: list[Row]
    cursor: Cursor
    next: Cursor | None


def find(search: Search, *, cursor: Cursor, size: int, now: datetime) -> Page:
    """One page of what is on, with what its cards say."""
    pages = {Sort.DISTANCE: by_distance, Sort.START: by_start, Sort.PRICE: by_price}
    rows = pages[search.sort](search, cursor.after, size + 1, now)
    if len(rows) <= size:
        return Page(rows, cursor, None)
    rows = rows[:size]
    return Page(rows, cursor, cursor.next(key_of(rows[-1], search.sort)))


def key_of(row: Row, sort: Sort) -> Key:
    starts_at = row["starts_at"] or row["local_date"]
    place = {
        Sort.DISTANCE: row["distance"],
        Sort.START: starts_at.isoformat(),
        Sort.PRICE: row["price"],
    }
    return place[sort], str(row["id"])


def by_distance(
    search: Search, after: Key | None, count: int, now: datetime
) -> list[Row]:
    events = upcoming(search, now).near(search.point, search.radius_m)
    if after:
        events = events.after(number(after[0]), after[1])
    return fetch(events.nearest(count), count)


def by_start(search: Search, after: Key | None, count: int, now: datetime) -> list[Row]:
    """Events with a time by that; then those of which only the day is known."""
    found: list[Row] = []
    if after is None or not is_day(after[0]):
        found = fetch(
            after_time(around(with_a_time(search, now), search), after), count
        )
        after = None
    if len(found) < count and search.starts_within is None:
        events = after_day(around(with_a_day(search, now), search), after)
        found += fetch(events, count - len(found))
    return found


def by_price(search: Search, after: Key | None, count: int, now: datetime) -> list[Row]:
    """The cheapest first; what cannot be bought comes last."""
    if search.point is None and search.starts_within is None:
        search = replace(search, starts_within=PRICED_HOURS)
    events = around(upcoming(search, now), search).order_by()
    found, params = events.values("id", "distance").query.sql_with_params()
    place, ident = (number(after[0]), after[1]) if after else (-1, FIRST_ID)
    page = PRICED.format(found=found, **PRICED_CONSTANTS)
    return rows_of(page, [now, *params, place, ident, count])


def upcoming(search: Search, now: datetime) -> EventQuerySet:
    """What has not ended, with a time or not, in the window that is asked for."""
    if search.starts_within is not None:
        return with_a_time(search, now)
    return narrowed(search, Event.objects.published().upcoming(now))


def with_a_time(search: Search, now: datetime) -> EventQuerySet:
    hours = search.starts_within if search.starts_within is not None else ANY_HOURS
    return narrowed(search, Event.objects.published().starting_within(now, hours))


def with_a_day(search: Search, now: datetime) -> EventQuerySet:
    return narrowed(search, Event.objects.published().on_a_day(now))


def narrowed(search: Search, events: EventQuerySet) -> EventQuerySet:
    if search.category:
        events = events.filter(category__slug=search.category)
    if search.query:
        events = events.search(search.query)
    return events


def around(events: EventQuerySet, search: Search) -> EventQuerySet:
    """Only what is near the position, if there is one, and how far it is."""
    if search.point is None:
        return events.annotate(distance=Value(None, FloatField()))
    return events.within(search.point, search.radius_m or RADIUS_M).annotate(
        distance=GeometryDistance("location", search.point)
    )


def after_time(events: EventQuerySet, after: Key | None) -> EventQuerySet:
    if after:
        at = instant(after[0])
        events = events.filter(Q(starts_at__gt=at) | Q(starts_at=at, pk__gt=after[1]))
    return events.order_by("starts_at", "pk")


def after_day(events: EventQuerySet, after: Key | None) -> EventQuerySet:
    if after:
        on = day(after[0])
        events = events.filter(Q(local_date__gt=on) | Q(local_date=on, pk__gt=after[1]))
    return events.order_by("local_date", "pk")


def fetch(events: EventQuerySet, count: int) -> list[Row]:
    keyed = events.annotate(price=Value(None, IntegerField())).values(*KEYS)[:count]
    return rows_of(*keyed.query.sql_with_params())


def number(place: Any) -> float:
    if isinstance(place, str):
        raise InvalidCursor
    return place


def is_day(place: Any) -> bool:
    return isinstance(place, str) and len(place) == len("2026-06-01")


def day(place: Any) -> date:
    try:
        return date.fromisoformat(place)
    except (TypeError, ValueError) as error:
        raise InvalidCursor from error


def instant(place: Any) -> datetime:
    try:
        at = datetime.fromisoformat(place)
    except (TypeError, ValueError) as error:
        raise InvalidCursor from error
    if at.tzinfo is None:
        raise InvalidCursor
    return at
