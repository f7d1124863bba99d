from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from events.local_time import (
    WallTime,
    end_of_night,
    kind_of_wall_time,
    local_to_utc,
    night_of,
)

LONDON = ZoneInfo("Europe/London")
NEW_YORK = ZoneInfo("America/New_York")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")  # Its clocks move by half an hour.


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


def wall(*parts):
    return datetime(*parts)  # noqa: DTZ001 - A wall time has no zone.


@pytest.mark.parametrize(
    ("local", "zone", "instant", "kind"),
    [
        (wall(2026, 6, 1, 20), LONDON, utc(2026, 6, 1, 19), WallTime.ONCE),
        (wall(2026, 1, 1, 20), LONDON, utc(2026, 1, 1, 20), WallTime.ONCE),
        # 01:00 to 02:00 is skipped on 29 March: 01:30 is read as 02:30.
        (wall(2026, 3, 29, 1, 30), LONDON, utc(2026, 3, 29, 1, 30), WallTime.SKIPPED),
        # 01:00 to 02:00 comes twice on 25 October: the first, in summer time.
        (wall(2026, 10, 25, 1, 30), LONDON, utc(2026, 10, 25, 0, 30), "repeated"),
        (wall(2026, 3, 8, 2, 30), NEW_YORK, utc(2026, 3, 8, 7, 30), WallTime.SKIPPED),
        (wall(2026, 11, 1, 1, 30), NEW_YORK, utc(2026, 11, 1, 5, 30), "repeated"),
        (wall(2026, 10, 4, 2, 15), LORD_HOWE, utc(2026, 10, 3, 15, 45), "skipped"),
    ],
)
def test_a_wall_time_means_one_instant_also_when_clocks_change(
    local, zone, instant, kind
):
    assert local_to_utc(local, zone) == instant
    assert kind_of_wall_time(local, zone) == kind


def test_a_skipped_time_is_shown_later_by_the_length_of_the_gap():
    instant = local_to_utc(wall(2026, 3, 29, 1, 30), LONDON)

    assert instant.astimezone(LONDON).replace(tzinfo=None) == wall(2026, 3, 29, 2, 30)


def test_a_time_with_an_offset_is_not_a_wall_time():
    with pytest.raises(ValueError, match="no offset"):
        local_to_utc(utc(2026, 6, 1, 20), LONDON)


@pytest.mark.parametrize(
    ("instant", "zone", "night"),
    [
        (utc(2026, 6, 1, 19), LONDON, date(2026, 6, 1)),
        (utc(2026, 6, 1, 23, 30), LONDON, date(2026, 6, 1)),  # 00:30 on the 2nd.
        (utc(2026, 6, 2, 4, 59), LONDON, date(2026, 6, 1)),  # 05:59
        (utc(2026, 6, 2, 5), LONDON, date(2026, 6, 2)),  # 06:00
        (utc(2026, 6, 2, 3, 30), NEW_YORK, date(2026, 6, 1)),  # 23:30 over there.
        (utc(2026, 3, 29, 4, 30), LONDON, date(2026, 3, 28)),  # 05:30, short night.
        (utc(2026, 10, 25, 1, 30), LONDON, date(2026, 10, 24)),  # 01:30 again.
        (utc(2026, 10, 25, 6), LONDON, date(2026, 10, 25)),
    ],
)
def test_a_night_lasts_until_six_on_the_wall(instant, zone, night):
    assert night_of(instant, zone) == night


def test_the_night_of_a_clock_change_is_an_hour_shorter_or_longer_in_elapsed_time():
    def length(year, month, day):
        starts = utc(year, month, day, 20)
        return end_of_night(starts, LONDON) - starts

    assert length(2026, 3, 27) == timedelta(hours=10)
    assert length(2026, 3, 28) == timedelta(hours=9)  # Ends at 06:00 summer time.
    assert length(2026, 10, 24) == timedelta(hours=10)  # Ends at 06:00 winter time.
    assert length(2026, 10, 23) == timedelta(hours=9)
