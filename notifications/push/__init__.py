"""Pushes to phones, through whatever PUSH_BACKEND names."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True)
class Push:
    """One message to one device.

    `tag` is the same for every copy of a message, so a device shows one. It is not
    shown at all after `expires_at`, which is `ttl` from now.
    """

    token: str
    tag: str
    title: str
    body: str
    link: str
    ttl: timedelta
    expires_at: datetime


class Verdict(StrEnum):
    DELIVERED = "delivered"
    DEAD = "dead"
    LATER = "later"
    FAILED = "failed"


@dataclass(frozen=True)
class PushResult:
    verdict: Verdict
    reason: str = ""
    retry_after: timedelta = timedelta(0)


class PushBackend(Protocol):
    def send(self, pushes: Sequence[Push]) -> list[PushResult]:
        """Send each of `pushes` and say what became of it, in the same order.

        Whatever the provider does, it is a result and not an exception.
        """
