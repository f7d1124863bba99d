"""Case 14. Midnight, clock changes, and what "tonight" means.

An event is an instant in UTC and the zone of its venue. The night it belongs to is
a pure function of the two and ends at six local time. A wall time that a clock
change skips is read with the offset before the jump, of a repeated one the first is
meant. Durations run on elapsed time.

The guards are in `events.local_time`: the hour `NIGHT_ENDS`; `fold=0` in
`local_to_utc`; and that `end_of_night` is an instant, not hours added on the wall.
Each test below is run again without its guard and must then fail.
"""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from events import local_time

LONDON = ZoneInfo("Europe/London")
CLOCKS_GO_BACK = datetime(2026, 10, 25)  # noqa: DTZ001  # A date at the venue.
ONE_IN_THE_MORNING = datetime(2026, 6, 2, 0, 30, tzinfo=UTC)


def test_case_14_a_show_after_midnight_belongs_to_the_night_before():
    later = ONE_IN_THE_MORNING + timedelta(hours=5)

    assert local_time.night_of(ONE_IN_THE_MORNING, LONDON) == date(2026, 6, 1)
    assert local_time.night_of(later, LONDON) == date(2026, 6, 2)


def test_case_14_without_the_hour_the_night_would_end_at_midnight(monkeypatch):
    monkeypatch.setattr(local_time, "NIGHT_ENDS", datetime.min.time())

    with pytest.raises(AssertionError):
        test_case_14_a_show_after_midnight_belongs_to_the_night_before()


WALL_TIMES = [
    pytest.param((2026, 3, 29, 1, 30), (2026, 3, 29, 1, 30), id="skipped"),
    pytest.param((2026, 10, 25, 1, 30), (2026, 10, 25, 0, 30), id="repeated"),
]


each_wall_time = pytest.mark.parametrize(("wall", "instant"), WALL_TIMES)


@each_wall_time
@pytest.mark.parametrize("fold", [0, 1])
def test_case_14_a_skipped_or_repeated_wall_time_means_one_instant(wall, instant, fold):
    """Also where whoever names it has said, as Python may, that the second is meant."""
    local = datetime(*wall, fold=fold)  # noqa: DTZ001  # A wall time has no offset.

    assert local_time.local_to_utc(local, LONDON) == datetime(*instant, tzinfo=UTC)


@each_wall_time
def test_case_14_without_the_fold_it_means_whatever_comes_with_it(
    monkeypatch, wall, instant
):
    def as_it_comes(local, zone):
        return local.replace(tzinfo=zone).astimezone(UTC)

    monkeypatch.setattr(local_time, "local_to_utc", as_it_comes)

    with pytest.raises(AssertionError):
        test_case_14_a_skipped_or_repeated_wall_time_means_one_instant(wall, instant, 1)


def test_case_14_durations_run_on_elapsed_time():
    """The night the clocks go back lasts an hour longer than its wall times say."""
    evening = local_time.local_to_utc(CLOCKS_GO_BACK - timedelta(hours=4), LONDON)

    assert local_time.end_of_night(evening, LONDON) - evening == timedelta(hours=11)


def test_case_14_with_hours_added_on_the_wall_it_would_end_early(monkeypatch):
    def hours_on_the_wall(instant, zone):
        evening = instant.astimezone(zone).replace(tzinfo=None)
        morning = datetime.combine(CLOCKS_GO_BACK, local_time.NIGHT_ENDS)
        return instant + (morning - evening)

    monkeypatch.setattr(local_time, "end_of_night", hours_on_the_wall)

    with pytest.raises(AssertionError):
        test_case_14_durations_run_on_elapsed_time()
