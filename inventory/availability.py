"""Can it be bought, how many are left, and what will it cost next.

Pure functions of facts and the clock. What they say is shown to people, so it
is exact or not said: a number is told only when it is at most TOLD_UP_TO.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from events.models import EventStatus
from inventory.pricing import Fall, Quote, Terms

TOLD_UP_TO = 10
# Counting stops here: one more than may be told.
COUNTED_UP_TO = TOLD_UP_TO + 1


class Availability(StrEnum):
    ON_SALE = "on_sale"
    NOT_YET_ON_SALE = "not_yet_on_sale"
    SALES_CLOSED = "sales_closed"
    SOLD_OUT = "sold_out"
    ALL_HELD = "all_held"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    POSTPONED = "postponed"
    FINISHED = "finished"
    NO_TICKETS_HERE = "no_tickets_here"


SAID_BY_STATUS: dict[str, Availability] = {
    EventStatus.PAUSED: Availability.PAUSED,
    EventStatus.CANCELLED: Availability.CANCELLED,
    EventStatus.POSTPONED: Availability.POSTPONED,
    EventStatus.FINISHED: Availability.FINISHED,
}


class TypeFacts(NamedTuple):
    """A ticket type that has tickets. `available` is counted to COUNTED_UP_TO and
    no more than its shared caps leave; `held` is known where nothing is available.
    """

    id: UUID | str
    name: str
    description: str
    fee_name: str
    terms: Terms
    available: int
    held: bool
    is_capped: bool = False

    @property
    def stock(self) -> Availability:
        if self.available:
            return Availability.ON_SALE
        return Availability.ALL_HELD if self.held else Availability.SOLD_OUT

    @property
    def left(self) -> int | None:
        """How many can be had, if that is few enough to be told."""
        return self.available if 0 < self.available <= TOLD_UP_TO else None


class EventFacts(NamedTuple):
    """What decides whether an event can be bought."""

    status: str
    starts_at: datetime | None
    ends_at: datetime | None
    sales_open_at: datetime | None
    sales_close_at: datetime | None
    types: Sequence[TypeFacts]

    @property
    def closes_at(self) -> datetime | None:
        return self.sales_close_at or self.starts_at

    def availability(self, now: datetime) -> Availability:
        closed = self.why_closed(now)
        if closed:
            return closed
        stocks = [facts.stock for facts in self.types]
        for best in (Availability.ON_SALE, Availability.ALL_HELD):
            if best in stocks:
                return best
        return Availability.SOLD_OUT

    def availability_of(self, facts: TypeFacts, now: datetime) -> Availability:
        return self.why_closed(now) or facts.stock

    def why_closed(self, now: datetime) -> Availability | None:
        """Why nothing can be bought whatever the stock; None while on sale."""
        if said := SAID_BY_STATUS.get(self.status):
            return said
        if self.ends_at and self.ends_at <= now:
            return Availability.FINISHED
        if not self.types:
            return Availability.NO_TICKETS_HERE
        if self.sales_open_at and now < self.sales_open_at:
            return Availability.NOT_YET_ON_SALE
        closes_at = self.closes_at
        if closes_at and closes_at <= now:
            return Availability.SALES_CLOSED
        return None

    def left(self, now: datetime) -> int | None:
        """How many tickets of all types can be had, if few enough to be told."""
        shared = len(self.types) > 1 and any(facts.is_capped for facts in self.types)
        if shared or self.why_closed(now):
            return None  # What types share must not be counted for each of them.
        available = sum(facts.available for facts in self.types)
        return available if 0 < available <= TOLD_UP_TO else None

    def for_sale(self, now: datetime) -> list[TypeFacts]:
        """The types that can be bought now, or once the sale opens."""
        if self.why_closed(now) in (None, Availability.NOT_YET_ON_SALE):
            return [facts for facts in self.types if facts.available]
        return []

    def cheapest(self, now: datetime) -> Quote | None:
        """The quote of what is cheapest to buy."""
        best = None
        for facts in self.for_sale(now):
            quote = facts.terms.at(now)
            if best is None or quote.total_amount < best.total_amount:
                best = quote
        return best

    def next_fall(self, now: datetime, *, below: Quote | None) -> Fall | None:
        """When some ticket next gets cheaper than `below`, the cheapest now."""
        if below is None or not any(facts.terms.steps for facts in self.types):
            return None
        falls = [
            fall
            for facts in self.for_sale(now)
            for fall in self._falls_of(facts, now)
            if fall.quote.total_amount < below.total_amount
        ]
        return min(falls, key=lambda fall: fall.at, default=None)

    def next_fall_of(self, facts: TypeFacts, now: datetime) -> Fall | None:
        if facts not in self.for_sale(now):
            return None
        return next(iter(self._falls_of(facts, now)), None)

    def _falls_of(self, facts: TypeFacts, now: datetime) -> list[Fall]:
        """Every drop of one type that happens before its sale ends."""
        falls, fall = [], facts.terms.next_fall(now)
        while fall and not (self.closes_at and self.closes_at <= fall.at):
            falls.append(fall)
            fall = facts.terms.next_fall(fall.at)
        return falls
