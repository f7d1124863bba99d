"""One event of the International Discovery API: ids per country, local words."""

from datetime import date, datetime
from typing import Any

from events.feeds import listing, times
from events.feeds.rows import BadRow, EventRow, PerformerRow, VenueFacts, VenueRow
from events.feeds.text import clean
from events.feeds.ticketmaster_discovery import venue_facts

SOURCE = "ticketmaster-intl"
# Its categories have names in the language of the country, and these numbers.
CATEGORIES = {
    "10001": "Music",
    "10002": "Arts & Theatre",
    "10003": "Family",
    "10004": "Sports",
    "10005": "Miscellaneous",
}


def read(event: dict[str, Any], line: int, notes: list[str]) -> EventRow:
    """One event, or BadRow with the reason why it cannot be listed."""
    name = listing.name_of(event.get("name"))
    domain, own_id = clean(event.get("domain_id")), clean(event.get("id"))
    if not own_id:
        raise BadRow("it has no id")
    venue = _venue(event, domain, line, notes)
    local_date, starts_at = _start(event, venue.facts, notes)
    return EventRow(
        source=SOURCE,
        source_id=f"{domain}:{own_id}"[:120],
        line=line,
        name=name,
        venue=venue,
        local_date=local_date,
        status=_status(event),
        category=_category(event),
        performers=_performers(event, domain),
        image_url=listing.picture(event.get("images"), notes),
        listing_url=listing.link(event.get("url"), "url", notes),
        **listing.in_order(
            notes,
            starts_at=starts_at,
            doors_at=_instant(event, "dooropening", notes),
            sales_open_at=_instant(event, "onsale", notes),
            sales_close_at=_instant(event, "offsale", notes),
        ),
    )


def _instant(event: dict[str, Any], name: str, notes: list[str]) -> datetime | None:
    said = event.get(name)
    if not isinstance(said, dict) or said.get("format") != "datetime":
        return None
    return times.instant_of(said.get("value"), name, notes)


def _start(
    event: dict[str, Any], venue: VenueFacts, notes: list[str]
) -> tuple[date, datetime | None]:
    """The date on the poster, and the instant if the time of day is certain."""
    day, _, hour = clean(event.get("localeventdate")).partition("T")
    local_date = times.date_of(day, "local date")
    if local_date is None:
        raise BadRow("its date is not known yet")
    instant = _instant(event, "eventdate", notes)
    local_time = times.time_of(hour, "local time")
    if instant is None or local_time is None:
        return local_date, None
    zone = times.zone_of(venue, event.get("timezone"), notes)
    starts_at = times.start_of(
        datetime.combine(local_date, local_time),
        zone=zone,
        instant=instant,
        said_zone=event.get("timezone"),
        notes=notes,
    )
    return local_date, starts_at


def _status(event: dict[str, Any]) -> str:
    said = event.get("properties")
    said = said if isinstance(said, dict) else {}
    if said.get("cancelled") is True or said.get("canceled") is True:
        return "cancelled"
    return "postponed" if said.get("postponed") is True else "published"


def _category(event: dict[str, Any]) -> str:
    first = next(iter(listing.objects(event.get("categories"))), {})
    return listing.category_of(
        CATEGORIES.get(clean(first.get("id"))), first.get("name")
    )


def _performers(event: dict[str, Any], domain: str) -> tuple[PerformerRow, ...]:
    acts = listing.objects(event.get("attractions"))
    named = [(clean(act.get("id")), clean(act.get("name"))) for act in acts]
    return tuple(
        PerformerRow(source_id=f"{domain}:{own_id}"[:120], name=name[:200])
        for own_id, name in dict(named).items()
        if own_id and name
    )


def _venue(event: dict[str, Any], domain: str, line: int, notes: list[str]) -> VenueRow:
    said = event.get("venue")
    said = said if isinstance(said, dict) else {}
    own_id = clean(said.get("id"))
    if not own_id:
        raise BadRow("it names no venue")
    place = said.get("location")
    address = place.get("address") if isinstance(place, dict) else None
    address = address if isinstance(address, dict) else {}
    raw = {
        "name": said.get("name"),
        "address": clean(address.get("address")).rstrip(","),
        "city": address.get("city"),
        "postal_code": address.get("postal_code"),
        "country": address.get("country"),
        "latitude": address.get("lat"),
        "longitude": address.get("long"),
    }
    return VenueRow(
        source=SOURCE,
        source_id=f"{domain}:{own_id}"[:120],
        credit="Ticketmaster",
        line=line,
        facts=venue_facts(raw, notes),
    )
