"""Saying which tickets a refund was for that was made in the provider's dashboard,
and taking tickets back that a refund has left good.

No money moves here. Lock order: order, payment, refund, tickets.
"""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from inventory.models import TicketStatus
from payments.models import (
    COUNTED_REFUND,
    Incident,
    IncidentKind,
    OrderLine,
    Refund,
    RefundReason,
    RefundStatus,
)
from payments.money import in_words
from payments.services import books
from payments.services.errors import NotAllocatable, NotRefundable
from payments.services.refunds import (
    left_to_refund,
    move_order,
    open_lines,
    refuse_unless_returnable,
    take_back,
)


@transaction.atomic
def allocate_refund(
    *, refund: Refund, lines: Collection[OrderLine], takes_back: bool, now: datetime
) -> Refund:
    """Name the tickets of a refund that was made by hand; they count as refunded.

    With `takes_back` they stop being good, and as many go back on sale; else the
    refund is goodwill from now on. Raises NotAllocatable unless they cost just what
    went back and nothing else names them, and NotRefundable when one to be taken
    back was used.
    """
    order, payment = books.lock(refund.payment_id)
    refund = Refund.objects.select_for_update(no_key=True).get(pk=refund.pk)
    reference = order.reference
    if not _waits_for_its_tickets(refund):
        raise NotAllocatable(reference=reference, why="this refund has its tickets")
    wanted = {line.pk for line in lines}
    found = list(open_lines(order).filter(pk__in=wanted).select_related("ticket"))
    if len(found) < len(wanted):
        raise NotAllocatable(
            reference=reference, why="another refund is for these tickets"
        )
    cost = sum(line.total_amount for line in found)
    if cost != refund.amount:
        why = (
            f"{in_words(refund.amount, refund.currency)} went back, and these tickets "
            f"cost {in_words(cost, refund.currency)}"
        )
        raise NotAllocatable(reference=reference, why=why)
    refund.lines.set(found)
    refund.unallocated = False
    if takes_back:
        refuse_unless_returnable(order, found)
        take_back(order, found, now=now)
    else:
        refund.reason = RefundReason.GOODWILL
    refund.save(update_fields=["unallocated", "reason"])
    if refund.status == RefundStatus.SUCCEEDED:
        rest = left_to_refund(payment) > 0
        move_order(order, rest=rest or not takes_back)
    _resolve(refund, now)
    return refund


@transaction.atomic
def take_back_given(*, refund: Refund, now: datetime) -> int:
    """Put unused tickets back on sale that a refund has left with their buyer.

    Of a goodwill, as staff think better of it, or of any other that named them: what
    counts is that they were paid back. Gives how many were taken. Raises
    NotRefundable where the money has not gone back for certain, or no such ticket is
    left.
    """
    order, payment = books.lock(refund.payment_id)
    refund = Refund.objects.select_for_update(no_key=True).get(pk=refund.pk)
    good = refund.lines.filter(returned_at=None, ticket__status=TicketStatus.SOLD)
    lines = list(good.select_related("ticket"))
    if refund.status != RefundStatus.SUCCEEDED or not lines:
        why = "no ticket that this refund paid back is left to be taken"
        raise NotRefundable(reference=order.reference, why=why)
    take_back(order, lines, now=now)
    rest = order.lines.filter(returned_at=None).exists()
    move_order(order, rest=rest or left_to_refund(payment) > 0)
    return len(lines)


def _waits_for_its_tickets(refund: Refund) -> bool:
    by_hand = refund.unallocated and refund.reason == RefundReason.DASHBOARD
    return by_hand and refund.status in COUNTED_REFUND


def _resolve(refund: Refund, now: datetime) -> None:
    key = f"{IncidentKind.DASHBOARD_REFUND}:{refund.provider_id}"
    for incident in Incident.objects.filter(dedupe_key=key):
        books.resolve_incident(incident=incident, now=now)
