"""What is still to be given back of paid orders, to the last line: no locks here.

Asked for all orders of an event that is called off, and of one that may be handed
back; `refunds` refuses what is not among it.
"""

from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from inventory.models import TicketStatus
from payments.models import (
    COUNTED_REFUND,
    LIVE_PAYMENT,
    Dispute,
    DisputeStatus,
    Order,
    OrderLine,
    OrderStatus,
    Payment,
    Refund,
    RefundReason,
)

STANDING = (OrderStatus.PAID, OrderStatus.PARTLY_REFUNDED)


def orders_to_give_back() -> QuerySet[Order]:
    """Those that are owed once their event is cancelled, whether it is or not.

    By the lines' `cost`, or where that is less by what is `left` of their money.
    """
    this, lines = OuterRef("pk"), lines_to_give_back()
    free_and_used = Q(total_amount=0, ticket__status=TicketStatus.CHECKED_IN)
    refunds = Refund.objects.filter(payment__order=this)
    own = Q(payment__order=this, payment__surplus=False)
    back = refunds.filter(own, status__in=COUNTED_REFUND)
    lost = lost_disputes().filter(own)
    by = "payment__order"
    found = Order.objects.annotate(
        cost=sum_of(lines, "total_amount", by="order"),
        left=F("amount") - sum_of(lost, by=by) - sum_of(back, by=by),
    ).filter(
        Q(amount=0) | Q(left__gt=0),
        Exists(lines.exclude(free_and_used)),
        ~Exists(refunds.filter(reason=RefundReason.EVENT_CANCELLED)),
        ~Exists(disputed_payments()),
        status__in=STANDING,
    )
    return found.order_by("pk")


def lines_to_give_back() -> QuerySet[OrderLine]:
    """Of an order around."""
    named = Refund.objects.filter(lines=OuterRef("pk"), status__in=COUNTED_REFUND)
    return OrderLine.objects.filter(
        ~Exists(named), order=OuterRef("pk"), returned_at=None
    )


def disputed_payments() -> QuerySet[Payment]:
    """Of an order around: those whose money a bank asks for, or has the rest of."""
    this = OuterRef("pk")
    lost = lost_disputes().filter(payment=this)
    back = Refund.objects.filter(payment=this, status__in=COUNTED_REFUND)
    left = F("amount") - sum_of(lost) - sum_of(back)
    return Payment.objects.annotate(left=left).filter(
        LIVE_PAYMENT,
        Q(disputes__status=DisputeStatus.OPEN)
        | Q(disputes__status=DisputeStatus.LOST, left__lte=0),
        order=this,
    )


def lost_disputes() -> QuerySet[Dispute]:
    return Dispute.objects.filter(status=DisputeStatus.LOST)


def sum_of(rows: QuerySet[Any], name: str = "amount", by: str = "payment") -> Coalesce:
    """What the rows of one payment, or whatever else they are taken by, come to."""
    sums = rows.order_by().values(by).annotate(sum=Sum(name))
    return Coalesce(Subquery(sums.values("sum")), 0)
