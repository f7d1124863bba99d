"""What is typed wrong is refused in words, before anything is done."""

import pytest
from django.core.management import CommandError, call_command

from payments.models import ReconcileRun
from tests.paying import challenged, held
from ticketapp.arguments import count, instant

pytestmark = pytest.mark.django_db
TIMES = ["nonsense", "", "2026-06-01T12:00:00", "2026-13-01T00:00:00Z", "2026-06-01"]
FAR = ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"]
NUMBERS = ["0", "-1", "1.5", "many", "", "99999999999999999999", "٣"]
MOVED = ["reconcile", "sweep_payments", "release_expired_holds", "audit"]
IN_BATCHES = [
    *("sweep_payments", "release_expired_holds", "send_notifications"),
    "purge_idempotency_keys",
]


@pytest.mark.parametrize("wrong", TIMES + FAR)
@pytest.mark.parametrize("command", MOVED)
def test_a_time_that_is_none_does_nothing(command, wrong):
    lapsed, placed = held(), challenged(held())

    with pytest.raises(CommandError, match="--at"):
        call_command(command, f"--at={wrong}")

    lapsed.refresh_from_db()
    assert lapsed.status == "active"
    assert placed.payments.get().status == "requires_action"
    assert not ReconcileRun.objects.exists()


@pytest.mark.parametrize("wrong", NUMBERS)
@pytest.mark.parametrize("command", IN_BATCHES)
def test_a_number_of_rows_is_a_small_whole_number(command, wrong):
    with pytest.raises(CommandError, match="is no whole number from 1 to 1000000"):
        call_command(command, f"--batch-size={wrong}")


@pytest.mark.parametrize("wrong", [*NUMBERS, "3661"])
def test_days_back_are_a_small_whole_number(wrong):
    with pytest.raises(CommandError, match="is no whole number from 1 to 3660"):
        call_command("reconcile", f"--days={wrong}")

    assert not ReconcileRun.objects.exists()


@pytest.mark.parametrize("wrong", [*NUMBERS, "1441"])
def test_minutes_are_a_small_whole_number(wrong):
    with pytest.raises(CommandError, match="is no whole number from 1 to 1440"):
        call_command("reconcile", f"--minutes={wrong}")

    assert not ReconcileRun.objects.exists()


def test_what_is_right_is_read():
    assert instant("2026-06-01T13:00:00+01:00").utctimetuple().tm_hour == 12
    assert (count("1"), count("1000000")) == (1, 1_000_000)
