"""When the demo's shows are: relative to now, on the clock of their venue."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from events.local_time import local_to_utc, night_of

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DOORS_BEFORE = timedelta(minutes=45)


@dataclass(frozen=True)
class Slot:
    """A start to choose at `now`, and the starts that will still do."""

    starts_at: datetime
    earliest: datetime
    latest: datetime

    def fits(self, starts_at: datetime) -> bool:
        return self.earliest <= starts_at <= self.latest


def slot_for(name: str, now: datetime, zone: ZoneInfo) -> Slot:
    """The slot called `name` in shows.json, as it is at `now` in `zone`."""
    if name == "now":
        return _around(now - 35 * MINUTE, now - 60 * MINUTE, now)
    if name == "soon":
        return _around(now + 20 * MINUTE, now + 8 * MINUTE, now + 60 * MINUTE)
    if name == "evening":
        return _around(now + 2 * HOUR, now + HOUR, now + 3.5 * HOUR)
    if name == "late":
        return _around(now + 4.5 * HOUR, now + 3.5 * HOUR, now + 8 * HOUR)
    days = {"tomorrow": 1, "in_three_days": 3}[name]
    day = night_of(now, zone) + timedelta(days=days)
    at_eight = local_to_utc(datetime.combine(day, time(20)), zone)
    return Slot(at_eight, earliest=at_eight, latest=at_eight)


def _around(wanted: datetime, earliest: datetime, latest: datetime) -> Slot:
    past = (wanted.minute % 5) * MINUTE
    round_start = wanted.replace(second=0, microsecond=0) - past
    return Slot(round_start + 5 * MINUTE, earliest=earliest, latest=latest)


def sales_end(name: str, starts_at: datetime, ends_at: datetime) -> datetime:
    """Rush tickets sell into the first half; the show "on now" a little longer."""
    return ends_at - 30 * MINUTE if name == "now" else starts_at + 30 * MINUTE
