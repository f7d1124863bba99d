"""Dates and times of feeds, and which of them to believe.

The rule, when a feed says local time, instant and zone at once: the local time
is what the poster says, and the zone is that of the venue's point. An event
whose local time is not certain has no start at all.
"""

import re
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from events import zones
from events.feeds.rows import BadRow, VenueFacts
from events.feeds.text import clean
from events.local_time import WallTime, kind_of_wall_time, local_to_utc

# A year outside of these is a mistake, and some are more than a clock can hold.
YEARS = range(1970, 2200)
SHORT_OFFSET = re.compile(r"([+-]\d\d)(\d\d)$")


def date_of(value: object, name: str) -> date | None:
    text = clean(value)
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise BadRow(f"{name} {text!r} is not a date") from None
    if day.year not in YEARS:
        raise BadRow(f"{name} {text!r} is not a believable date")
    return day


def time_of(value: object, name: str) -> time | None:
    text = clean(value)
    if not text:
        return None
    try:
        return time.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        raise BadRow(f"{name} {text!r} is not a time of day") from None


def instant_of(value: object, name: str, notes: list[str]) -> datetime | None:
    """An instant in UTC; one without an offset is nobody's and left out."""
    text = SHORT_OFFSET.sub(r"\1:\2", clean(value))
    if not text:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        notes.append(f"{name} {text!r} is not a time: left out")
        return None
    if instant.tzinfo is None:
        notes.append(f"{name} {text!r} has no offset: left out")
        return None
    if instant.year not in YEARS:
        notes.append(f"{name} {text!r} is not believable: left out")
        return None
    return instant.astimezone(UTC)


def zone_of(venue: VenueFacts, said: object, notes: list[str]) -> ZoneInfo | None:
    """The zone of the venue's point, else the one the feed names, else None."""
    if venue.latitude is not None and venue.longitude is not None:
        return ZoneInfo(zones.time_zone_at(venue.latitude, venue.longitude))
    for name in (venue.time_zone, clean(said)):
        try:
            if name:
                return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            notes.append(f"no time zone is called {name!r}")
    return None


def start_of(
    wall: datetime,
    *,
    zone: ZoneInfo | None,
    instant: datetime | None,
    said_zone: object,
    notes: list[str],
) -> datetime | None:
    """The instant the wall time means; what contradicts it goes to `notes`."""
    if zone is None:
        if instant is None:
            notes.append("no time zone is known: the time of day is left out")
        return instant
    starts_at = local_to_utc(wall, zone)
    kind = kind_of_wall_time(wall, zone)
    if kind == WallTime.REPEATED:
        second = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
        starts_at = second if instant == second else starts_at
        notes.append(f"{wall:%H:%M} comes twice that night: took {starts_at:%H:%M} UTC")
    elif kind == WallTime.SKIPPED:
        shown = starts_at.astimezone(zone)
        notes.append(f"{wall:%H:%M} is skipped that night: took {shown:%H:%M}")
    if instant is not None and instant != starts_at:
        notes.append(
            f"{wall:%H:%M} in {zone.key} is {starts_at:%H:%M} UTC, but the feed says "
            f"{instant:%Y-%m-%d %H:%M} UTC: kept the local time"
        )
    _compare_zones(starts_at, zone, clean(said_zone), notes)
    return starts_at


def _compare_zones(
    starts_at: datetime, zone: ZoneInfo, said: str, notes: list[str]
) -> None:
    if not said or said == zone.key:
        return
    try:
        other = ZoneInfo(said)
    except (ZoneInfoNotFoundError, ValueError):
        notes.append(f"no time zone is called {said!r}: took {zone.key}")
        return
    if (
        starts_at.astimezone(other).utcoffset()
        != starts_at.astimezone(zone).utcoffset()
    ):
        notes.append(f"the feed says {said}, but the venue is in {zone.key}")
