from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from events import local_time
from events.local_time import end_of_night, local_to_utc, night_of

LONDON = ZoneInfo("Europe/London")
CLOCKS_GO_BACK = datetime(2026, 10, 25)  # noqa: DTZ001  # A date at the venue.
ONE_IN_THE_MORNING = datetime(2026, 6, 2, 0, 30, tzinfo=UTC)


def test_case_14_a_show_after_midnight_belongs_to_the_night_before():
    """An instant and a zone say which night it is; the night ends at six local.

    Guard: `NIGHT_ENDS` in `events.local_time`.
    """
    assert night_of(ONE_IN_THE_MORNING, LONDON) == date(2026, 6, 1)
    assert night_of(ONE_IN_THE_MORNING + timedelta(hours=5), LONDON) == date(2026, 6, 2)


def test_case_14_control_without_the_hour_the_night_would_end_at_midnight(monkeypatch):
    monkeypatch.setattr(local_time, "NIGHT_ENDS", datetime.min.time())

    assert night_of(ONE_IN_THE_MORNING, LONDON) == date(2026, 6, 2)


@pytest.mark.parametrize(
    ("wall", "instant"),
    [
        pytest.param((2026, 3, 29, 1, 30), (2026, 3, 29, 1, 30), id="skipped"),
        pytest.param((2026, 10, 25, 1, 30), (2026, 10, 25, 0, 30), id="repeated"),
    ],
)
def test_case_14_a_skipped_or_repeated_wall_time_means_one_instant(wall, instant):
    """Skipped: read with the offset before the jump. Repeated: the first one.

    Guard: `fold=0` in `local_to_utc`.
    """
    local = datetime(*wall)  # noqa: DTZ001  # A wall time has no offset.

    assert local_to_utc(local, LONDON) == datetime(*instant, tzinfo=UTC)


def test_case_14_durations_run_on_elapsed_time():
    """The night the clocks go back lasts an hour longer than its wall times say.

    Guard: `end_of_night` subtracts instants, not wall times.
    """
    evening = local_to_utc(CLOCKS_GO_BACK - timedelta(hours=4), LONDON)

    assert end_of_night(evening, LONDON) - evening == timedelta(hours=11)
