"""How an order stands once paying for it has ended, or what its buyer is told."""

from datetime import datetime

from django.db.models import QuerySet

from events.models import EventStatus
from payments.models import (
    COUNTED_REFUND,
    PAID_ORDER,
    AttemptStatus,
    Order,
    OrderStatus,
    PaymentAttempt,
    Refund,
)
from payments.money import in_words
from payments.services import opening
from payments.services.errors import CardDeclined, OrderClosed, PaymentInProgress
from ticketapp.compiled import Compiled

ORDER = Compiled(lambda order: Order.objects.filter(pk=order))


def outcome(order: Order, attempt: PaymentAttempt, *, now: datetime) -> Order:
    """The order as the attempt left it, or the refusal it met."""
    order = ORDER.get(order=order.pk)
    if order.status in PAID_ORDER:
        return order
    attempt.refresh_from_db()
    if attempt.status == AttemptStatus.DECLINED:
        raise CardDeclined(order=order.pk, decline_code=attempt.decline_code)
    given_up = attempt.status == AttemptStatus.ABANDONED
    if given_up or order.status == OrderStatus.CANCELLED:
        raise closed(order, now=now)
    return order


def overtaken(order: Order, *, now: datetime) -> Order:
    """What others made of the order while the provider made our intent."""
    order = ORDER.get(order=order.pk)
    if order.status == OrderStatus.PENDING:
        raise PaymentInProgress(order=str(order.pk))
    if order.status not in PAID_ORDER:
        raise closed(order, now=now)
    return order


def closed(order: Order, *, now: datetime) -> OrderClosed:
    """What became of an order, and of its money if that came all the same.

    Where none came, what as many tickets cost today: the old quote is over.
    """
    reference = str(order.pk)
    made = Refund.objects.filter(payment__order=order)
    if goes_back := _sum_of(made.filter(status__in=COUNTED_REFUND)):
        return OrderClosed(order=reference, goes_back=goes_back)
    if failed := _sum_of(made):
        return OrderClosed(order=reference, failed=failed)
    if order.event.status != EventStatus.PUBLISHED:
        return OrderClosed(order=reference)
    total = opening.total_today(order.hold, now)
    return OrderClosed(
        order=reference,
        today=in_words(**total),
        ticket_type=str(order.hold.ticket_type_id),
        quantity=order.hold.quantity,
        total=total,
    )


def _sum_of(refunds: QuerySet[Refund]) -> str:
    """In words, "" for none; an order has one currency."""
    amounts = list(refunds.values_list("amount", "currency"))
    return in_words(sum(each for each, _ in amounts), amounts[0][1]) if amounts else ""
