"""How long something may go on that could take hours."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Self


@dataclass(frozen=True, slots=True)
class Deadline:
    """A second on a clock, which is passed in as `now` is."""

    at: float
    clock: Callable[[], float]

    @classmethod
    def after(cls, time: timedelta, *, clock: Callable[[], float]) -> Self:
        return cls(clock() + time.total_seconds(), clock)

    def is_past(self) -> bool:
        return self.clock() >= self.at

    def half_way(self) -> Self:
        """Half of what is left of the time."""
        now = self.clock()
        return replace(self, at=now + (self.at - now) / 2)


NEVER = Deadline(math.inf, lambda: 0.0)
