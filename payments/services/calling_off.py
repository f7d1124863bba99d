"""What a cancelled or postponed event owes its buyers.

The event's state says it, and these sweeps pay it: they look for what is still
owed and can stop anywhere, start again, and run beside each other. What lands
after the cancellation is found like everything else. Lock order: order, payment,
refund, tickets.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import CharField, Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat

from events.models import EventStatus
from inventory import services as inventory
from notifications.models import Notification
from payments.models import (
    OPEN_PAYMENT,
    PAID_ORDER,
    Order,
    OrderStatus,
    Payment,
    RefundReason,
)
from payments.services import messages, postponing, sweeping
from payments.services.cancelling import cancel_order
from payments.services.errors import (
    NotRefundable,
    OrderPaid,
    PaymentDisputed,
    PaymentInProgress,
    PaymentUnknown,
    RefundTooLarge,
)
from payments.services.giving_back import orders_to_give_back
from payments.services.refunds import open_lines, refund_lines
from payments.services.runs import Run

CLOSED_AT_ONCE = 10


@dataclass
class CalledOff(Run):
    """What one sweep did."""

    closed: int = 0
    owed: int = 0
    told: int = 0
    waiting: int = 0


def sweep_called_off_events(*, now: datetime, limit: int) -> CalledOff:
    """Owe what was paid, tell, and close what is open, for up to `limit` orders.

    Open intents are cancelled at the provider first: one that says it took the
    money is settled, and settling gives it back. The provider is asked last and
    about a few orders at a time, so that its silence keeps nobody else waiting.
    """
    done = CalledOff()
    for order_id in list(owed_orders().values_list("pk", flat=True)[:limit]):
        with done.apart(f"order {order_id}"):
            done.owed += _owe(order_id, now)
    for order in list(postponing.untold_orders()[:limit]):
        with done.apart(order):
            messages.tell_postponed(order, now=now)
            done.told += 1
    for order in list(postponing.untold_of_the_start(now)[:limit]):
        with done.apart(order):
            postponing.tell_start(order, now=now)
            done.told += 1
    for order in list(_untold_of_the_end()[:limit]):
        with done.apart(order):
            messages.tell_ended(order, now=now)
            done.told += 1
    for order in list(_pending_orders(now, min(limit, CLOSED_AT_ONCE))):
        with done.apart(order):
            _close(order, done, now)
    return done


def _pending_orders(now: datetime, limit: int) -> QuerySet[Order]:
    """Those whose payment is not just being asked about by somebody."""
    asked = Payment.objects.filter(
        order=OuterRef("pk"), status__in=OPEN_PAYMENT, check_after__gt=now
    )
    pending = Order.objects.filter(
        ~Exists(asked), status=OrderStatus.PENDING, event__status=EventStatus.CANCELLED
    )
    return pending.select_related("hold", "user", "event").order_by("pk")[:limit]


def _close(order: Order, done: CalledOff, now: datetime) -> None:
    try:
        cancel_order(order=order, now=now)
    except PaymentUnknown as unknown:
        done.waiting += 1
        for payment in order.payments.filter(status__in=OPEN_PAYMENT):
            done.problems += sweeping.note_unknown(payment, unknown, now=now)
    except PaymentInProgress:
        done.waiting += 1
    except OrderPaid:
        done.closed += 1  # Paid before it was called off: owed by the next step.
    else:
        done.closed += 1


def owed_orders() -> QuerySet[Order]:
    """Orders of cancelled events with lines that nobody refunded or returned.

    An order whose refund failed is not among them: that is for a person. Neither
    is one whose money all went back in the provider's dashboard.
    """
    return orders_to_give_back().filter(event__status=EventStatus.CANCELLED)


def _owe(order_id: UUID, now: datetime) -> bool:
    """Owe one order's refund under a key of its own: the second try finds it."""
    order = Order.objects.select_related("event", "user").get(pk=order_id)
    try:
        with transaction.atomic(durable=True):
            refund_lines(
                order=order,
                lines=list(open_lines(order)),
                reason=RefundReason.EVENT_CANCELLED,
                by=None,
                now=now,
                key=f"called-off-{order.pk.hex}",
            )
            messages.tell_called_off(order, now=now)
    except (NotRefundable, PaymentDisputed, RefundTooLarge):
        return False  # Refunded or disputed since we looked; the books have it.
    except inventory.TicketNotReturnable:
        return False  # Somebody was let in this instant: the next sweep sees it.
    return True


def _untold_of_the_end() -> QuerySet[Order]:
    """Orders of cancelled events that nothing is owed for, with tickets in hand.

    Their money went back before, also all of it, or the bank has it; nobody has said
    to their buyers that there is nothing to go to.
    """
    told = Notification.objects.filter(
        dedupe_key=Concat(Value(messages.CALLED_OFF), Cast(OuterRef("pk"), CharField()))
    )
    return (
        Order.objects.filter(
            ~Q(pk__in=owed_orders()),
            ~Exists(told),
            Exists(postponing.tickets_in_hand()),
            status__in=PAID_ORDER,
            event__status=EventStatus.CANCELLED,
        )
        .select_related("event", "user")
        .order_by("pk")
    )
