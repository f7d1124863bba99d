"""What an event that is put off, or moved to another date, owes its buyers.

The event keeps that it moved and since when its start is known; who bought before
is told, and may give back what was bought for another date (ADR 20). Lock order:
order, payment, refund, tickets.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from events.models import EventStatus
from inventory.models import TicketStatus
from payments.models import (
    PAID_ORDER,
    TAKEN_BY_THE_BANK,
    Dispute,
    Order,
    OrderLine,
    Refund,
    RefundReason,
)
from payments.services import messages
from payments.services.errors import NotPostponed
from payments.services.giving_back import (
    STANDING,
    lines_to_give_back,
    orders_to_give_back,
)
from payments.services.refunds import open_lines, refund_lines

ON = (EventStatus.PUBLISHED, EventStatus.PAUSED)


def tickets_in_hand() -> QuerySet[OrderLine]:
    """Of an order around: what its buyer has and may come with, refunded or not."""
    return OrderLine.objects.filter(
        order=OuterRef("pk"), returned_at=None, ticket__status=TicketStatus.SOLD
    )


def _with_good_tickets() -> QuerySet[Order]:
    """Whom another date concerns, whatever part of their money went back.

    Not who asks their bank for it: should the bank say no, they are told then.
    """
    disputed = Dispute.objects.filter(
        payment__order=OuterRef("pk"),
        payment__surplus=False,
        status__in=TAKEN_BY_THE_BANK,
    )
    return Order.objects.filter(
        Exists(tickets_in_hand()), ~Exists(disputed), status__in=PAID_ORDER
    )


def untold_orders() -> QuerySet[Order]:
    """Orders of postponed events whose buyers do not know it yet.

    Nor do those who know that another date did not hold, or were told since that
    this one would.
    """
    of_another = Q(event__moved_from__isnull=False)
    of_another &= ~Q(told_postponed_for=F("event__moved_from"))
    would_hold = Q(told_retimed_at=F("event__retimed_at"))
    return (
        _with_good_tickets()
        .filter(
            Q(told_postponed_for=None) | of_another | would_hold,
            event__status=EventStatus.POSTPONED,
        )
        .select_related("event", "user")
        .order_by("pk")
    )


def untold_of_the_start(now: datetime) -> QuerySet[Order]:
    """Orders of before their event's start was known, not told of it yet."""
    since = F("event__retimed_at")
    return (
        _with_good_tickets()
        .filter(
            Q(created_at__lt=since) | Q(hold__created_at__lt=since),
            Q(told_retimed_at=None) | Q(told_retimed_at__lt=since),
            Q(event__starts_at=None) | Q(event__starts_at__gt=now),
            event__status__in=ON,
        )
        .select_related("event__venue", "hold", "user")
        .order_by("pk")
    )


def tell_start(order: Order, *, now: datetime) -> None:
    """Tell one of `untold_of_the_start`."""
    event, told = order.event, order.told_retimed_at
    is_news = told is None or (event.moved_at is not None and told < event.moved_at)
    messages.tell_start(
        order,
        moved=is_news and _moved(order) and event.local_date != event.moved_from,
        refundable=order.pk in can_hand_back([order], now=now),
        now=now,
    )


def refund_postponed(*, order: Order, now: datetime) -> Refund | None:
    """A buyer who cannot come to the new date gets all that is left back.

    What was used at the door before is not handed back, and keeps none of the others.
    Raises NotPostponed, or what `refund_lines` does.
    """
    if order.status in STANDING and not _has_another_date(order, now=now):
        raise NotPostponed(reference=order.reference)
    return refund_lines(
        order=order,
        lines=list(open_lines(order).filter(ticket__status=TicketStatus.SOLD)),
        reason=RefundReason.EVENT_POSTPONED,
        by=order.user,
        now=now,
    )


def can_hand_back(orders: Collection[Order], *, now: datetime) -> set[UUID]:
    """Those that `refund_postponed` gives something back for: their ids.

    No query unless one of their events has another date.
    """
    dated = [order.id for order in orders if _has_another_date(order, now=now)]
    if not dated:
        return set()
    unused = lines_to_give_back().filter(ticket__status=TicketStatus.SOLD)
    found = orders_to_give_back().filter(Exists(unused), pk__in=dated)
    return set(found.values_list("pk", flat=True))


def _has_another_date(order: Order, *, now: datetime) -> bool:
    """Whether a paid order is of an event that has another date, or will have.

    While there is none yet, and once there is until the event begins.
    """
    event = order.event
    if order.status not in STANDING:
        return False
    if event.status == EventStatus.POSTPONED:
        return True
    # Whoever was told so when events did not keep their moves yet has that promise.
    moved = _moved(order) or order.told_postponed_for is not None
    is_to_come = event.starts_at is None or now < event.starts_at
    return moved and event.status in ON and is_to_come


def _moved(order: Order) -> bool:
    """Whether its tickets were chosen before the event's date was known."""
    since = order.event.moved_at
    return since is not None and min(order.created_at, order.hold.created_at) < since
