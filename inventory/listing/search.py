"""Finding events: near, soon, of a kind, by name; in three orders.

Each order has a keyset: nobody sees an event twice or misses one because the
list moved on while they read. The statements say what `EventQuerySet` says, in
text that is the same for everybody who asks the same, so that it is planned
once; a test holds the two together.
"""

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from events.models import Event
from events.querysets import LONGEST_RUN
from inventory.listing import pages
from inventory.listing.cursors import Cursor, InvalidCursor, Key
from inventory.listing.rows import Row, rows_of

# Sorted by time or price, "near me" needs an edge.
RADIUS_M = 50_000
# Sorting by price has to price everything that it sorts.
PRICED_HOURS = 24
# The size that is asked for all the time, and whose statements are planned.
USUAL_SIZE = 20
FIRST_ID = str(UUID(int=0))


class Sort(StrEnum):
    DISTANCE = "distance"
    START = "start"
    PRICE = "price"


class Position(NamedTuple):
    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Search:
    """What somebody looks for. The position is as coarse as it is kept: nowhere."""

    sort: Sort
    position: Position | None = None
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
    finders = {Sort.DISTANCE: by_distance, Sort.START: by_start, Sort.PRICE: by_price}
    rows = finders[search.sort](search, cursor.after, size + 1, now)
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
    where, params = wanted(search, now, radius_m=search.radius_m)
    if after:
        where.append(pages.BEHIND_DISTANCE)
        params |= {"distance": number(after[0]), "after": after[1]}
    return fetch(pages.NEAREST, where, params, search, count)


def by_start(search: Search, after: Key | None, count: int, now: datetime) -> list[Row]:
    """Events with a time by that; then those of which only the day is known."""
    found: list[Row] = []
    if after is None or not is_day(after[0]):
        found = by_time(search, after, count, now)
        after = None
    if len(found) < count and search.starts_within is None:
        found += by_day(search, after, count - len(found), now)
    return found


def by_time(search: Search, after: Key | None, count: int, now: datetime) -> list[Row]:
    window = pages.COMING if search.starts_within is None else None
    where, params = wanted(search, now, window=window, radius_m=edge_of(search))
    if after:
        where.append(pages.BEHIND_START)
        params |= {"start": instant(after[0]), "after": after[1]}
    return fetch(pages.SOONEST, where, params, search, count)


def by_day(search: Search, after: Key | None, count: int, now: datetime) -> list[Row]:
    where, params = wanted(search, now, window=pages.ON_A_DAY, radius_m=edge_of(search))
    if after:
        where.append(pages.BEHIND_DAY)
        params |= {"day": day(after[0]), "after": after[1]}
    return fetch(pages.NEXT_DAYS, where, params, search, count)


def by_price(search: Search, after: Key | None, count: int, now: datetime) -> list[Row]:
    """The cheapest first; what cannot be bought comes last."""
    if search.position is None and search.starts_within is None:
        search = replace(search, starts_within=PRICED_HOURS)
    where, params = wanted(search, now, radius_m=edge_of(search))
    price, ident = (number(after[0]), after[1]) if after else (-1, FIRST_ID)
    params |= {"price": price, "after": ident}
    return fetch(pages.CHEAPEST, where, params, search, count)


def edge_of(search: Search) -> float | None:
    """How far around a list looks that is not sorted by distance."""
    return None if search.position is None else search.radius_m or RADIUS_M


def wanted(
    search: Search,
    now: datetime,
    *,
    radius_m: float | None,
    window: str | None = None,
) -> tuple[list[str], dict[str, Any]]:
    """The conditions of a search and their parameters.

    `window` is when to look if the search does not say it.
    """
    params: dict[str, Any] = {"now": now, "long_ago": now - LONGEST_RUN}
    if search.starts_within is not None and window is None:
        window = pages.STARTING_WITHIN
        params["until"] = now + timedelta(hours=search.starts_within)
    window = window or pages.UPCOMING
    if "%(yesterday)s" in window:
        params["yesterday"] = now.astimezone(UTC).date() - timedelta(days=1)
    where = [pages.PUBLISHED, window]
    if search.position is not None:
        params |= search.position._asdict()
    if radius_m is not None:
        where.append(pages.IN_THE_CIRCLE)
        params["radius"] = radius_m
    if search.category:
        where.append(pages.OF_THE_CATEGORY)
        params["category"] = search.category
    if search.query:
        text, named = named_like(search.query)
        where.append(text)
        params |= named
    return where, params


def named_like(query: str) -> tuple[str, dict[str, Any]]:
    """The condition that `EventQuerySet.search` makes of some words."""
    found = Event.objects.search(query).order_by().values("pk")
    text, values = found.query.sql_with_params()
    params = {f"word_{number}": value for number, value in enumerate(values)}
    names = iter(params)
    text = re.sub(r"(?<!%)%s", lambda _: f"%({next(names)})s", text)
    return f"event.id IN ({text})", params


def fetch(
    page: str, where: list[str], params: dict[str, Any], search: Search, count: int
) -> list[Row]:
    """The rows of a page. What is asked for all the time is planned once."""
    distance = pages.DISTANCE if search.position else pages.NO_DISTANCE
    text = page.format(where=" AND ".join(where), distance=distance, count=count)
    usual = count == USUAL_SIZE + 1 and not search.query
    return rows_of(text, params, plan=usual)


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
