"""A buyer who does not want to pay after all. Lock order: order, hold, tickets."""

from datetime import datetime

from django.db import transaction

from payments.models import (
    OPEN_PAYMENT,
    PAID_ORDER,
    Order,
    OrderStatus,
    PaymentStatus,
)
from payments.services import asking, settling
from payments.services.errors import BankDecides, BegunMeanwhile, OrderPaid


def cancel_order(*, order: Order, now: datetime) -> Order:
    """Cancel a pending order and let its tickets go; twice is no error.

    The provider is asked first: if it has taken the money, the order is honoured
    and OrderPaid raised. Raises PaymentUnknown when it does not answer, BankDecides
    when it cannot say yet, and BegunMeanwhile when another card came in between.
    """
    for payment in order.payments.filter(status__in=OPEN_PAYMENT):
        payment.order = order
        asking.cancel_payment(payment=payment, now=now)
    return _cancel(order, now)


@transaction.atomic(durable=True)
def _cancel(order: Order, now: datetime) -> Order:
    orders = Order.objects.select_for_update(of=("self",), no_key=True)
    order = orders.get(pk=order.pk)  # Its hold is read when the lock is ours.
    if order.status in PAID_ORDER:
        raise OrderPaid(order=str(order.pk))
    if payment := order.payments.filter(status__in=OPEN_PAYMENT).first():
        if payment.status == PaymentStatus.PROCESSING:
            raise BankDecides(order=str(order.pk))
        raise BegunMeanwhile(order=str(order.pk))
    if order.status == OrderStatus.PENDING:
        settling.close(order, now=now)
    return order
