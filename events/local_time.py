"""Clocks at the venue: pure functions between wall time, instants and nights.

An event starts at an instant (UTC); a poster names a wall time in the venue's
zone. Twice a year a wall time does not exist, or exists twice. The rule here
is the calendar's own (RFC 5545): a skipped time is read with the offset that
was in force before the jump, so 02:30 becomes 03:30; of a repeated time the
first one is meant. Durations are always differences of instants.
"""

from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

NIGHT_ENDS = time(6, 0)


class WallTime(StrEnum):
    """How often a wall time happens on its day."""

    ONCE = "once"
    SKIPPED = "skipped"
    REPEATED = "repeated"


def kind_of_wall_time(local: datetime, zone: ZoneInfo) -> WallTime:
    """Say whether the naive `local` happens once, never or twice in `zone`."""
    first, second = (local.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if first.utcoffset() == second.utcoffset():
        return WallTime.ONCE
    there_and_back = first.astimezone(UTC).astimezone(zone).replace(tzinfo=None)
    return WallTime.REPEATED if there_and_back == local else WallTime.SKIPPED


def local_to_utc(local: datetime, zone: ZoneInfo) -> datetime:
    """Resolve the naive wall time `local` to the instant it means in `zone`.

    Skipped: moved on by the length of the gap. Repeated: the first of the two.
    """
    if local.tzinfo is not None:
        raise ValueError("A wall time has no offset of its own.")
    return local.replace(tzinfo=zone, fold=0).astimezone(UTC)


def night_of(instant: datetime, zone: ZoneInfo) -> date:
    """The date people call that night: until 06:00 it is still yesterday's.

    Read from the clock on the wall, so a night of a clock change ends at 06:00
    too, though it is an hour shorter or longer.
    """
    local = instant.astimezone(zone)
    if local.time() < NIGHT_ENDS:
        return local.date() - timedelta(days=1)
    return local.date()


def end_of_night(instant: datetime, zone: ZoneInfo) -> datetime:
    """The instant at which the night that `instant` belongs to is over."""
    return start_of_night(night_of(instant, zone) + timedelta(days=1), zone)


def start_of_night(night: date, zone: ZoneInfo) -> datetime:
    """The instant from which on the clock belongs to `night`."""
    return local_to_utc(datetime.combine(night, NIGHT_ENDS), zone)
