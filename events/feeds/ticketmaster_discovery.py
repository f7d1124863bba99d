"""One event of the Discovery API, in the shape of its version 2 or 1.

Version 1 has no way to say that a time is not certain: it writes midnight.
"""

from datetime import date, datetime, time
from typing import Any

from events.feeds import listing, times, venues
from events.feeds.rows import BadRow, EventRow, PerformerRow, VenueFacts, VenueRow
from events.feeds.text import clean

V2, V1 = "ticketmaster", "ticketmaster-v1"
UNCERTAIN = ("timeTBA", "noSpecificTime", "dateTBD", "dateTBA")
STATUSES = {
    "onsale": "published",
    "offsale": "published",
    "active": "published",
    "rescheduled": "published",
    "cancelled": "cancelled",
    "canceled": "cancelled",
    "postponed": "postponed",
}


def read(event: dict[str, Any], line: int, notes: list[str]) -> EventRow:
    """One event, or BadRow with the reason why it cannot be listed."""
    if event.get("test") is True:
        raise BadRow("its source marks it as a test")
    name = listing.name_of(event.get("name"))
    source_id = clean(event.get("id"))
    if not source_id:
        raise BadRow("it has no id")
    embedded = _dict(event.get("_embedded"))
    version = V1 if "venue" in embedded else V2
    venue = _venue(embedded, version, line, notes)
    local_date, start = _start(event, venue.facts, version, notes)
    sales = _dict(_dict(event.get("sales")).get("public"))
    opens = None if sales.get("startTBD") is True else sales.get("startDateTime")
    return EventRow(
        source=version,
        source_id=source_id[:120],
        line=line,
        name=name,
        venue=venue,
        local_date=local_date,
        status=_status(event, notes),
        description=clean(event.get("info") or event.get("pleaseNote")),
        category=_category(event, embedded),
        performers=_performers(embedded, notes),
        image_url=listing.picture(event.get("images"), notes),
        listing_url=listing.link(event.get("url"), "url", notes),
        **listing.in_order(
            notes,
            starts_at=start,
            ends_at=_end(event, start, notes),
            sales_open_at=times.instant_of(opens, "start of sales", notes),
            sales_close_at=times.instant_of(
                sales.get("endDateTime"), "end of sales", notes
            ),
        ),
    )


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _first(value: Any) -> dict[str, Any]:
    if isinstance(value, list):
        value = value[0] if value else None
    return _dict(value)


def _start(
    event: dict[str, Any], venue: VenueFacts, version: str, notes: list[str]
) -> tuple[date, datetime | None]:
    """The date on the poster, and the instant if the time of day is certain."""
    dates = _dict(event.get("dates"))
    start = _dict(dates.get("start"))
    local_date = times.date_of(start.get("localDate"), "local date")
    local_time = times.time_of(start.get("localTime"), "local time")
    if local_date is None:
        raise BadRow("its date is not known yet")
    midnight_means_unknown = version == V1 and local_time == time(0)
    uncertain = any(start.get(flag) is True for flag in UNCERTAIN)
    if local_time is None or uncertain or midnight_means_unknown:
        return local_date, None
    starts_at = times.start_of(
        datetime.combine(local_date, local_time),
        zone=times.zone_of(venue, dates.get("timezone"), notes),
        instant=times.instant_of(start.get("dateTime"), "start", notes),
        said_zone=dates.get("timezone"),
        notes=notes,
    )
    return local_date, starts_at


def _end(
    event: dict[str, Any], starts_at: datetime | None, notes: list[str]
) -> datetime | None:
    end = _dict(_dict(event.get("dates")).get("end"))
    if starts_at is None or end.get("approximate") is True:
        return None
    if end.get("noSpecificTime") is True:
        return None
    return times.instant_of(end.get("dateTime"), "end", notes)


def _status(event: dict[str, Any], notes: list[str]) -> str:
    code = clean(_dict(_dict(event.get("dates")).get("status")).get("code")).casefold()
    if code and code not in STATUSES:
        notes.append(f"status {code!r} is not known: listed as usual")
    return STATUSES.get(code, "published")


def _category(event: dict[str, Any], embedded: dict[str, Any]) -> str:
    said = listing.objects(event.get("classifications"))
    primary = [kind for kind in said if kind.get("primary") is True]
    kind = _first(primary or said)
    if clean(_dict(kind.get("genre")).get("name")).casefold() == "comedy":
        return "Comedy"
    segment = _dict(kind.get("segment")).get("name")
    return listing.category_of(segment, _first(embedded.get("categories")).get("name"))


def _performers(embedded: dict[str, Any], notes: list[str]) -> tuple[PerformerRow, ...]:
    found: dict[str, PerformerRow] = {}
    for act in listing.objects(embedded.get("attractions")):
        own_id, name = clean(act.get("id")), clean(act.get("name"))
        if not name or not own_id:
            notes.append(f"performer {own_id or '?'} has no name: left out")
            continue
        found[own_id] = PerformerRow(source_id=own_id[:120], name=name[:200])
    return tuple(found.values())


def _venue(
    embedded: dict[str, Any], version: str, line: int, notes: list[str]
) -> VenueRow:
    said = _first(embedded.get("venues") or embedded.get("venue"))
    own_id = clean(said.get("id"))
    if not own_id:
        raise BadRow("it names no venue")
    state, point = _dict(said.get("state")), _dict(said.get("location"))
    country = _dict(said.get("country"))
    raw = {
        "name": said.get("name"),
        "address": clean(_dict(said.get("address")).get("line1")).rstrip(","),
        "city": _dict(said.get("city")).get("name"),
        "region": state.get("stateCode") or state.get("name"),
        "postal_code": said.get("postalCode"),
        "country": country.get("countryCode") or country.get("name"),
        "latitude": point.get("latitude"),
        "longitude": point.get("longitude"),
        "time_zone": said.get("timezone") or said.get("timeZone"),
    }
    return VenueRow(
        source=version,
        source_id=own_id[:120],
        credit="Ticketmaster",
        line=line,
        facts=venue_facts(raw, notes),
    )


def venue_facts(raw: dict[str, Any], notes: list[str]) -> VenueFacts:
    try:
        return venues.checked_facts(raw, notes)
    except BadRow as error:
        raise BadRow(f"its venue: {error}") from None
