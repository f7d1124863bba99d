"""A refund that is shown before it is made. The same code does it both times, and the
first time all of it is undone.

Lock order: as in `refunds`.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from accounts.models import User
from inventory.models import TicketStatus
from inventory.services import Returned
from payments.models import Order, OrderLine, RefundReason
from payments.money import in_words
from payments.services import messages
from payments.services.errors import RefundChanged
from payments.services.refunds import Carried, carry_out, open_lines
from ticketapp.errors import DomainError

STOCK = "The tickets taken back"


@dataclass(frozen=True, slots=True)
class Piece:
    """One chosen ticket: its price, and what becomes of it."""

    name: str
    price: str
    fate: str


@dataclass(frozen=True, slots=True)
class Shown:
    """What a refund of chosen tickets comes to, in the words that staff read."""

    pieces: list[Piece]
    amount: int
    money: str
    stock: str
    told: str

    @property
    def facts(self) -> dict[str, str]:
        """All of it, each under a name: the same facts are the same refund."""
        tickets = {each.name: f"{each.price}, {each.fate}" for each in self.pieces}
        return tickets | {
            "What goes back": self.money,
            STOCK: self.stock,
            "What the buyer is told": self.told,
        }


def show_refund(
    *,
    order: Order,
    lines: Collection[OrderLine],
    reason: RefundReason,
    by: User | None,
    now: datetime,
) -> Shown:
    """What refunding these lines would do: it is done, looked at and undone.

    Nobody else ever sees any of it, and no job is asked for. Raises what
    `carry_out` does.
    """
    with transaction.atomic():
        done = carry_out(order=order, lines=lines, reason=reason, by=by, now=now)
        shown = _in_words(order, done, now)
        transaction.set_rollback(True)
    return shown


@transaction.atomic
def refund_as_shown(
    *,
    order: Order,
    lines: Collection[OrderLine],
    reason: RefundReason,
    facts: Mapping[str, str],
    by: User | None,
    now: datetime,
    wherever_they_go: bool = False,
) -> Shown:
    """Refund these lines if it comes to just the `facts` that were shown.

    With `wherever_they_go` the tickets may meanwhile be for other people than was
    shown. Raises RefundChanged with what is different by now, and then does nothing.
    """
    try:
        done = carry_out(order=order, lines=lines, reason=reason, by=by, now=now)
    except DomainError as refusal:
        happened = list(_happened_since(order, lines, reason))
        raise RefundChanged(happened or [str(refusal)]) from refusal
    shown = _in_words(order, done, now)
    aside = {STOCK: shown.stock} if wherever_they_go else {}
    if changes := list(_differences({**facts, **aside}, shown.facts)):
        raise RefundChanged(changes)
    return shown


def show_full_refund(*, order: Order, by: User | None, now: datetime) -> Shown:
    """What refunding all that is left of an order would do, as `show_refund` says."""
    lines = list(open_lines(order))
    return show_refund(
        order=order, lines=lines, reason=RefundReason.STAFF, by=by, now=now
    )


def refund_order_as_shown(
    *, order: Order, facts: Mapping[str, str], by: User | None, now: datetime
) -> Shown:
    """Refund all that is left of one order among many, if it is what was shown.

    Where the tickets go may differ: the others may have fed the same line before.
    """
    return refund_as_shown(
        order=order,
        lines=list(open_lines(order)),
        reason=RefundReason.STAFF,
        facts=facts,
        by=by,
        now=now,
        wherever_they_go=True,
    )


def _in_words(order: Order, done: Carried, now: datetime) -> Shown:
    names = ticket_names(order)
    pieces = [
        Piece(
            names[line.pk],
            in_words(line.total_amount, order.currency),
            _fate(line, done.returned),
        )
        for line in done.lines
    ]
    money, told = "Nothing: the order was free.", "Nothing, as no money goes back."
    if done.refund:
        amount = in_words(done.refund.amount, done.refund.currency)
        money = f"{amount}, to the card it came from."
        news = messages.refunded(order, done.refund, now=now)
        told = f"{news['title']}. {news['body']}"
    return Shown(
        pieces,
        done.refund.amount if done.refund else 0,
        money,
        _stock(order, done.returned, now),
        told,
    )


def ticket_names(order: Order) -> dict[int, str]:
    """How staff can tell the tickets of an order apart, on every page the same."""
    lines = order.lines.select_related("ticket__ticket_type").order_by("pk")
    return {
        line.pk: f"Ticket {number}, {line.ticket.ticket_type.name}"
        for number, line in enumerate(lines, start=1)
    }


def _fate(line: OrderLine, returned: Returned | None) -> str:
    if returned:
        return "stops being good at once"
    if line.ticket.status == TicketStatus.SOLD:
        return "stays good"
    return "was used at the door"


def _stock(order: Order, returned: Returned | None, now: datetime) -> str:
    if returned is None:
        return "None: they stay as they are."
    is_open = order.event.sales_are_open(now)
    on_sale = "on sale again" if is_open else "free again, but sales are not open"
    parts = [
        (returned.public, on_sale),
        (returned.offered, "offered to the next on the waitlist"),
        (returned.withdrawn, "withdrawn, as more are sold than there is room for"),
    ]
    return "; ".join(f"{number} {where}" for number, where in parts if number) + "."


def _happened_since(
    order: Order, lines: Collection[OrderLine], reason: RefundReason
) -> Iterator[str]:
    """Which of the chosen tickets are why it is refused."""
    names, zone = ticket_names(order), order.event.venue.zone
    still_open = set(open_lines(order).values_list("pk", flat=True))
    chosen = order.lines.filter(pk__in=[line.pk for line in lines])
    for line in chosen.select_related("ticket").order_by("pk"):
        used_at = line.ticket.checked_in_at
        if line.pk not in still_open:
            yield f"{names[line.pk]}: was refunded meanwhile."
        elif used_at and reason != RefundReason.GOODWILL:
            when = f"{used_at.astimezone(zone):%H:%M}"
            yield f"{names[line.pk]}: was used at the door at {when}."


def _differences(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    for name in {**old, **new}:
        if old.get(name) != new.get(name):
            was = old.get(name, "not among them")
            is_now = new.get(name, "not among them")
            yield f"{name}: you saw “{was}”, now it is “{is_now}”"
