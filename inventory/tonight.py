"""An evening as staff see it: which events, and how their tickets stand."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from events.local_time import night_of
from events.models import Event, EventStatus
from inventory.models import OWNED_TICKET, Ticket, TicketStatus, TicketType

# Whatever the zone of its venue, an event of this night starts no further off.
AROUND = timedelta(hours=42)
# What goes on for longer is no event: it bounds what is looked through.
LONGEST_RUN = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Stock:
    """How many tickets are sold (admitted ones too), in somebody's hands, free."""

    sold: int = 0
    held: int = 0
    free: int = 0
    admitted: int = 0

    @property
    def all(self) -> int:
        return self.sold + self.held + self.free

    def __add__(self, other: "Stock") -> "Stock":
        return Stock(
            sold=self.sold + other.sold,
            held=self.held + other.held,
            free=self.free + other.free,
            admitted=self.admitted + other.admitted,
        )


def tonights(events: QuerySet[Event], *, now: datetime) -> list[Event]:
    """Of these events those that go on in the night that it is at their venue.

    Doors first. Only what has tickets here, and is no draft. An event whose hour
    nobody knows comes last on its day.
    """
    today = now.astimezone(UTC).date()
    timeless = Q(
        starts_at=None,
        local_date__range=(today - timedelta(days=2), today + timedelta(days=1)),
    )
    is_not_long_over = Q(starts_at__gt=now - AROUND) | Q(
        starts_at__gt=now - LONGEST_RUN, ends_at__gt=now - AROUND
    )
    found = (
        events.filter(is_not_long_over & Q(starts_at__lt=now + AROUND) | timeless)
        .filter(Exists(TicketType.objects.filter(event=OuterRef("pk"))))
        .exclude(status=EventStatus.DRAFT)
        .select_related("venue")
    )
    tonight = [e for e in found if goes_on_tonight(e, now)]
    last = datetime.max.replace(tzinfo=UTC)
    return sorted(tonight, key=lambda e: (e.doors_at or e.starts_at or last, e.name))


def goes_on_tonight(event: Event, now: datetime) -> bool:
    first, last = event.nights
    return first <= night_of(now, event.venue.zone) <= last


def stock_of(event_ids: Iterable[UUID]) -> dict[UUID, Stock]:
    """The stock of each of these events, counted from its rows at this moment."""
    tickets = Ticket.objects.filter(ticket_type__event__in=list(event_ids))
    counts = (
        tickets.order_by()
        .values("ticket_type__event")
        .annotate(
            sold=Count("pk", filter=Q(status__in=OWNED_TICKET)),
            held=Count("pk", filter=Q(status=TicketStatus.HELD)),
            free=Count("pk", filter=Q(status=TicketStatus.AVAILABLE)),
            admitted=Count("pk", filter=Q(status=TicketStatus.CHECKED_IN)),
        )
    )
    return {row.pop("ticket_type__event"): Stock(**row) for row in counts}
