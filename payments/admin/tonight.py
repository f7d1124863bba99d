"""The first page of the admin: tonight, and what needs a person.

Everybody sees the stock of their own venues; money and what went wrong with it
are for those who sell there.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import QuerySet, Sum
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from events.models import Event, EventStatus
from events.scoping import EVERYONE, SELLERS, may, of_own_venues
from inventory import tonight
from inventory.tonight import Stock
from payments.models import Incident, LedgerEntry, Payment, Refund, RefundStatus
from payments.money import in_words

MOST_EVENTS = 40
MOST_INCIDENTS = 5
WORTH_SAYING = {
    EventStatus.PAUSED: "warning",
    EventStatus.POSTPONED: "warning",
    EventStatus.CANCELLED: "danger",
    EventStatus.FINISHED: "info",
}

# What may wait for a person: its words, for one and for several, and its list.
INCIDENTS = (
    ("incident to look at", "incidents to look at"),
    ("incident", "state=open"),
)
FLAGGED = (("flagged payment", "flagged payments"), ("payment", "flagged=yes"))
FAILED_REFUNDS = (
    ("refund that failed", "refunds that failed"),
    ("refund", "status__exact=failed"),
)


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a bar: where it begins and how far it goes, out of 100."""

    kind: str
    start: float
    width: float


@dataclass(frozen=True, slots=True)
class Row:
    """An event of tonight. Without leave to see money `money` is None."""

    event: Event
    stock: Stock
    money: str | None

    @property
    def when(self) -> str:
        """Its doors and its start, on the clock at the venue."""
        if self.event.starts_at is None:
            return "Time open"
        zone = self.event.venue.zone
        starts = f"{self.event.starts_at.astimezone(zone):%H:%M}"
        if self.event.doors_at is None:
            return starts
        return f"{starts}, doors {self.event.doors_at.astimezone(zone):%H:%M}"

    @property
    def state(self) -> tuple[str, str] | None:
        """What is unusual about its state: words and a colour."""
        colour = WORTH_SAYING.get(EventStatus(self.event.status))
        return (self.event.get_status_display(), colour) if colour else None

    @property
    def tickets(self) -> list[Segment]:
        parts = [("sold", self.stock.sold), ("held", self.stock.held)]
        return _segments(parts, of=self.stock.all)

    @property
    def entries(self) -> list[Segment]:
        return _segments([("admitted", self.stock.admitted)], of=self.stock.sold)

    @property
    def page(self) -> str:
        return reverse("admin:events_event_change", args=[self.event.pk])

    @property
    def urgency(self) -> str:
        return reverse("admin:events_event_urgency", args=[self.event.pk])


@dataclass(frozen=True, slots=True)
class Problem:
    """A pile of things that wait for a person, and where they are."""

    one: str
    several: str
    count: int
    page: str

    @property
    def words(self) -> str:
        return self.one if self.count == 1 else self.several


@dataclass(frozen=True, slots=True)
class Board:
    rows: list[Row]
    more: int
    total: Stock
    money: str | None
    problems: list[Problem] = field(default_factory=list)
    incidents: list[Incident] = field(default_factory=list)
    sees_money: bool = False


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What settings.UNFOLD asks for: the context of the admin's first page."""
    now = timezone.now()
    board = board_for(request, now=now)
    return context | {"title": "Tonight", "board": board, "now": now}


def board_for(request: HttpRequest, *, now: datetime) -> Board:
    """Tonight at the venues of this person, as far as their roles let them see."""
    own = of_own_venues(request, Event.objects.all(), EVERYONE)
    events = tonight.tonights(own, now=now)
    shown = events[:MOST_EVENTS]
    stock = tonight.stock_of(event.pk for event in events)
    money = _money(request, events)
    rows = [
        Row(
            event=event,
            stock=stock.get(event.pk, Stock()),
            money=_words(money.get(event.pk)) if _sells(request, event) else None,
        )
        for event in shown
    ]
    sees_money = may(request, SELLERS)
    return Board(
        rows=rows,
        more=len(events) - len(shown),
        total=sum(stock.values(), Stock()),
        money=_words(_added_up(money)) if sees_money else None,
        problems=_problems(request) if sees_money else [],
        incidents=list(_open_incidents(request)[:MOST_INCIDENTS]) if sees_money else [],
        sees_money=sees_money,
    )


def _segments(parts: list[tuple[str, int]], *, of: int) -> list[Segment]:
    found, start = [], 0.0
    for kind, count in parts:
        width = round(100 * count / of, 2) if of else 0.0
        if width:
            found.append(Segment(kind, start, width))
        start += width
    return found


def _sells(request: HttpRequest, event: Event) -> bool:
    return may(request, SELLERS, event.venue_id)


def _money(request: HttpRequest, events: list[Event]) -> dict[Any, dict[str, int]]:
    """What came in for each event less what went back, by currency."""
    moved = LedgerEntry.objects.filter(order__event__in=events).order_by()
    sums = _where_one_sells(request, moved).values_list("order__event", "currency")
    found: dict[Any, dict[str, int]] = {}
    for event, currency, amount in sums.annotate(amount=Sum("amount")):
        found.setdefault(event, {})[currency] = amount
    return found


def _added_up(money: dict[Any, dict[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for amounts in money.values():
        for currency, amount in amounts.items():
            total[currency] = total.get(currency, 0) + amount
    return total


def _words(amounts: dict[str, int] | None) -> str:
    told = [in_words(amount, name) for name, amount in sorted((amounts or {}).items())]
    return " + ".join(told) or "nothing yet"


def _where_one_sells(
    request: HttpRequest, rows: QuerySet[Any], order: str = "order"
) -> QuerySet[Any]:
    path = f"{order}__event__venue"
    return of_own_venues(request, rows, SELLERS, venue_path=path)


def _open_incidents(request: HttpRequest) -> QuerySet[Incident]:
    own = _where_one_sells(request, Incident.objects.open())
    return own.select_related("order__event").order_by("-created_at")


def _problems(request: HttpRequest) -> list[Problem]:
    """Only what there is: an empty list is good news."""
    flagged = _where_one_sells(request, Payment.objects.exclude(flag=""))
    failed = Refund.objects.filter(status=RefundStatus.FAILED)
    failed = _where_one_sells(request, failed, "payment__order")
    piles = [
        (INCIDENTS, _open_incidents(request)),
        (FLAGGED, flagged),
        (FAILED_REFUNDS, failed),
    ]
    return [
        Problem(*words, rows.count(), _page(*page))
        for (words, page), rows in piles
        if rows.exists()
    ]


def _page(model: str, query: str) -> str:
    return f"{reverse(f'admin:payments_{model}_changelist')}?{query}"
