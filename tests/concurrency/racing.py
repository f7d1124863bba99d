"""Running attempts at the same instant, and telling how each came out."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier, Thread
from typing import Any

from django.db import connection

from tests import auditing
from tests.factories import NOON

# These tests know no money: they sell and admit without an order.
OWNED_BY_AN_ORDER = "A ticket is owned exactly when one line of a paid order has it"

# When jobs have had their time, and no hold is over.
SOON_AFTER = NOON + timedelta(minutes=6)
# How often a race whose lock was taken out may go well by luck.
ROUNDS = 40


def race(attempts: Iterable[Callable[[], Any]]) -> list[Any]:
    """Start all at once; each one's result, or the exception it ended with."""
    attempts = list(attempts)
    start = Barrier(len(attempts))

    def run(attempt: Callable[[], Any]) -> Any:
        connection.ensure_connection()
        start.wait(timeout=30)
        try:
            return attempt()
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(attempts)) as crowd:
        return list(crowd.map(run, attempts))


class Rival:
    """One attempt in a thread of its own, while the test holds a transaction."""

    def __init__(self, attempt: Callable[[], Any]) -> None:
        self._outcomes: list[Any] = []
        self._thread = Thread(target=lambda: self._outcomes.extend(race([attempt])))

    def start_and_run_as_far_as_it_can(self) -> None:
        """Return once it is done, or waits for a lock that somebody has."""
        self._thread.start()
        with connection.cursor() as cursor:
            while self._thread.is_alive():
                cursor.execute("SELECT pg_sleep(0.002), pg_stat_clear_snapshot()")
                cursor.execute(
                    "SELECT count(*) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
                )
                if cursor.fetchone()[0]:
                    return

    def outcome(self) -> Any:
        self._thread.join(timeout=30)
        return self._outcomes[0]


def assert_all_is_well(
    *, without_orders: bool = False, now: datetime = SOON_AFTER
) -> None:
    found = auditing.findings(now=now)
    left_out = OWNED_BY_AN_ORDER if without_orders else None
    assert [str(each) for each in found if each.promise != left_out] == []


def breaks_within(rounds: int, one_round: Callable[[], None]) -> bool:
    """Whether a race goes wrong at least once, as it must without its lock."""
    for _ in range(rounds):
        try:
            one_round()
        except AssertionError:
            return True
    return False
