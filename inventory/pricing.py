"""What a ticket costs: a pure function of the terms staff set and the clock.

Amounts are integers in minor units. A price falls on a stored schedule, never
rises, and never goes below its floor; nothing has to run for it to be right.
"""

from datetime import datetime
from typing import NamedTuple

from events.models import TaxMode
from inventory.models import TicketType

BASIS_POINTS = 10_000
# ISO 4217; every other currency has two digits after the point. The ariary (MGA) has
# five parts that nobody counts in: prices are whole, and so cards are charged.
EXPONENTS = (
    dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "MGA"), 0)
    | dict.fromkeys(("PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"), 0)
    | dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3)
)


def exponent(currency: str) -> int:
    """How many digits follow the point in an amount of `currency`."""
    return EXPONENTS.get(currency, 2)


def charge_step(currency: str) -> int:
    """The smallest difference between two amounts that a card can be charged.

    Card networks keep two digits, so the last of three must be a nought.
    """
    return 10 if exponent(currency) == 3 else 1


def share(amount: int, part: int, whole: int, *, step: int = 1) -> int:
    """`amount * part / whole`, rounded half up to a multiple of `step`."""
    return (2 * amount * part + whole * step) // (2 * whole * step) * step


# Tuples, because a page of events makes a hundred of them, and a frozen dataclass
# takes longer to make.
class Quote(NamedTuple):
    """The price of one ticket, all of it: `total_amount` is what is paid."""

    unit_amount: int
    fee_amount: int
    tax_amount: int
    total_amount: int
    currency: str
    tax_included: bool


class Fall(NamedTuple):
    """The next scheduled drop: what a ticket will cost, and from when."""

    quote: Quote
    at: datetime


class Terms(NamedTuple):
    """What a price follows from. `steps` are (starts_at, unit_amount), in order."""

    unit_amount: int
    fee_amount: int
    currency: str
    tax_mode: str
    tax_basis_points: int
    floor_amount: int | None = None
    steps: tuple[tuple[datetime, int], ...] = ()

    def at(self, now: datetime) -> Quote:
        """The price of one ticket at `now`."""
        return self.quote_for(self._unit_at(now))

    def next_fall(self, now: datetime) -> Fall | None:
        """The first coming step that makes the ticket cheaper than at `now`."""
        present = self._unit_at(now)
        for starts_at, _ in self.steps:
            if starts_at > now and (unit := self._unit_at(starts_at)) < present:
                return Fall(quote=self.quote_for(unit), at=starts_at)
        return None

    def _unit_at(self, now: datetime) -> int:
        lowest = self.unit_amount
        for starts_at, amount in self.steps:
            if starts_at <= now and amount < lowest:
                lowest = amount
        return max(lowest, self.floor_amount or 0)

    def quote_for(self, unit: int) -> Quote:
        """What a ticket costs at this price, with the fee and the tax."""
        net = unit + self.fee_amount
        points, included = self.tax_basis_points, self.tax_mode == TaxMode.INCLUDED
        if included:
            tax = share(net, points, BASIS_POINTS + points)
        else:
            step = charge_step(self.currency)
            tax = share(net, points, BASIS_POINTS, step=step)
        return Quote(
            unit_amount=unit,
            fee_amount=self.fee_amount,
            tax_amount=tax,
            total_amount=net if included else net + tax,
            currency=self.currency,
            tax_included=included,
        )


def terms_of(ticket_type: TicketType) -> Terms:
    """The terms of a ticket type; load it with `TicketType.objects.with_terms()`."""
    steps = sorted(
        (step.starts_at, step.unit_amount) for step in ticket_type.price_steps.all()
    )
    return terms_without_steps(ticket_type)._replace(steps=tuple(steps))


def terms_without_steps(ticket_type: TicketType) -> Terms:
    """The terms of a ticket type that may not be saved yet."""
    venue = ticket_type.event.venue
    return Terms(
        unit_amount=ticket_type.unit_amount,
        fee_amount=ticket_type.fee_amount,
        currency=ticket_type.currency,
        tax_mode=venue.tax_mode,
        tax_basis_points=venue.tax_basis_points,
        floor_amount=ticket_type.floor_amount,
    )


def quote(ticket_type: TicketType, now: datetime) -> Quote:
    """What one ticket of this type costs at `now`."""
    return terms_of(ticket_type).at(now)
