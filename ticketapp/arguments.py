"""What is typed after a command, read or refused in words: for `type=`."""

from argparse import ArgumentTypeError
from contextlib import suppress
from datetime import datetime

from django.utils import timezone
from django.utils.dateparse import parse_datetime

# A clock that is moved further is a slip of the keyboard.
YEARS = range(2000, 2100)
MOST_ROWS = 1_000_000
MOST_DAYS = 3660
MOST_MINUTES = 24 * 60


def instant(text: str) -> datetime:
    """A time with its zone: "2026-06-01T12:00:00Z"."""
    found = None
    with suppress(ValueError):
        found = parse_datetime(text)
    if found is None or timezone.is_naive(found) or found.year not in YEARS:
        raise ArgumentTypeError(f"{text!r} is no time such as 2026-06-01T12:00:00Z")
    return found


def count(text: str) -> int:
    """How many rows to take at a time."""
    return _whole_number(text, MOST_ROWS)


def days(text: str) -> int:
    """How far back to look."""
    return _whole_number(text, MOST_DAYS)


def minutes(text: str) -> int:
    """How long to take."""
    return _whole_number(text, MOST_MINUTES)


def _whole_number(text: str, most: int) -> int:
    number = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= number <= most:
        raise ArgumentTypeError(f"{text!r} is no whole number from 1 to {most}")
    return number
