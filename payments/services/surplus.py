"""Money on a payment that we had ended: it buys its tickets, or all of it goes back.

The provider confirms a cancellation before we believe it, so this is rare: somebody
took the money in the dashboard, or an older state of ours was restored. The callers
have the order and the payment locked, so no other payment begins or ends meanwhile.
"""

from datetime import datetime

from payments.gateways import Intent
from payments.models import (
    ENDED_PAYMENT,
    LIVE_PAYMENT,
    IncidentKind,
    Order,
    OrderStatus,
    Payment,
    Refund,
    RefundReason,
)
from payments.money import in_words
from payments.services import books, messages
from payments.services.opening import OFF
from ticketapp.jobs import look_now


def is_surplus(order: Order, payment: Payment) -> bool:
    """Whether money on `payment` may not buy the order's tickets.

    A pending order that nothing else pays for takes it, as it takes late money: its
    buyer wants the tickets, was told of no end, and would only be charged again.
    Once the order is closed, or its event is off, the buyer was told so and may have
    bought elsewhere; another payment, or another price, must not be paid besides.
    """
    if payment.status not in ENDED_PAYMENT:
        return False
    return (
        order.status != OrderStatus.PENDING
        or order.event.status in OFF
        or (payment.amount, payment.currency) != (order.amount, order.currency)
        or order.payments.filter(LIVE_PAYMENT).exists()
    )


def give_back(order: Order, payment: Payment, intent: Intent, *, now: datetime) -> None:
    """Enter it, and owe all of it back, once: the key is the payment's.

    The order, its hold and its tickets stay as they are.
    """
    amount = intent.amount_received
    books.capture(payment, intent_id=intent.id, amount=amount, surplus=True, now=now)
    Refund.objects.get_or_create(
        key=f"back-{payment.key}",
        defaults={
            "payment": payment,
            "amount": amount,
            "currency": payment.currency,
            "reason": RefundReason.SURPLUS,
            "created_at": now,
        },
    )
    look_now("payments.tasks.pay_refunds")
    messages.tell_surplus(order, payment, amount, now=now)
    books.report(
        IncidentKind.SURPLUS,
        order=order,
        detail=(
            f"{in_words(amount, intent.currency)} came on {payment}, which had been "
            f"cancelled; the order is {order.status}. All of it goes back."
        ),
        dedupe_key=str(payment.pk),
    )
