"""Instants as the API writes them."""

from datetime import datetime
from typing import overload
from zoneinfo import ZoneInfo


@overload
def utc(instant: datetime) -> str: ...
@overload
def utc(instant: None) -> None: ...
def utc(instant: datetime | None) -> str | None:
    """In UTC, with a Z."""
    return instant and instant.isoformat().replace("+00:00", "Z")


def local(instant: datetime | None, zone: ZoneInfo) -> str | None:
    """On the clock at the venue, with its offset."""
    return instant and instant.astimezone(zone).isoformat()
