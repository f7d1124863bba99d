"""Payments that nobody finished: a lost reply, a crash, a buyer who went away.

Any number of workers may sweep at once: each claims payments for a while by
`check_after`. Lock order: order, payment, hold, tickets.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from inventory.models import HoldStatus
from payments.models import (
    LIVE_PAYMENT,
    OPEN_PAYMENT,
    AttemptStatus,
    Order,
    OrderStatus,
    Payment,
    PaymentAttempt,
    PaymentStatus,
)
from payments.services import asking, refusals, settling
from payments.services.errors import PaymentStuck, PaymentUnknown
from payments.services.runs import Run

ENDED_HOLD = settling.ENDED_HOLD
NEXT_LOOK = timedelta(seconds=20)
# A refusal lasts until a person did something.
LOOK_AFTER_REFUSAL = timedelta(minutes=10)
SILENCE = "The provider does not answer; the tickets stay held. First noticed {since}."

REFUSAL = "The provider refuses to deal with it: {reason}."
UNDECIDED = "The bank still thinks although the time is over; the tickets stay held."


@dataclass
class Swept(Run):
    """What one sweep did: payments asked about, unanswered, forgotten holds let go,
    orders closed.
    """

    asked: int = 0
    unanswered: int = 0
    freed: int = 0
    closed: int = 0


def sweep_payments(*, now: datetime, limit: int) -> Swept:
    """Ask about up to `limit` unfinished payments and act on the answers.

    Tickets are freed only after the provider confirmed that the intent is
    cancelled. While it does not answer, the hold stays and the payment is
    flagged for staff.
    """
    swept = Swept()
    for payment in _claim(now, limit):
        swept.asked += 1
        with swept.apart(payment):
            try:
                _finish(payment, now)
            except PaymentUnknown as unknown:
                swept.unanswered += 1
                swept.problems += note_unknown(payment, unknown, now=now)
    _free_forgotten_holds(swept, now, limit)
    _close_abandoned_orders(swept, now, limit)
    return swept


@transaction.atomic(durable=True)
def _claim(now: datetime, limit: int) -> list[Payment]:
    """Unfinished payments whose turn it is, kept from other sweeps for a while."""
    over = Q(
        order__hold__status=HoldStatus.PAYING, order__hold__lease_until__lte=now
    ) | Q(order__hold__status__in=ENDED_HOLD)
    unanswered = Q(status__in=[PaymentStatus.REQUIRES_ACTION, PaymentStatus.PROCESSING])
    started = Exists(
        PaymentAttempt.objects.filter(
            payment=OuterRef("pk"), status=AttemptStatus.STARTED
        )
    )
    due = Payment.objects.filter(status__in=OPEN_PAYMENT, check_after__lte=now)
    wanted = due.filter(over | unanswered | started).order_by("check_after", "pk")
    locked = wanted.select_for_update(of=("self",), skip_locked=True, no_key=True)
    claimed = list(locked.select_related("order__hold")[:limit])
    ids = [payment.pk for payment in claimed]
    Payment.objects.filter(pk__in=ids).update(check_after=now + NEXT_LOOK)
    return claimed


def _finish(payment: Payment, now: datetime) -> None:
    hold = payment.order.hold
    lapsed = asking.lease_is_over(hold, now) and hold.expires_at <= now
    if lapsed or hold.status in ENDED_HOLD:
        asking.cancel_payment(payment=payment, now=now)
        if Payment.objects.filter(pk=payment.pk, status__in=OPEN_PAYMENT).exists():
            _flag(payment, UNDECIDED)
    else:
        asking.ask_about(payment=payment, now=now)


def note_unknown(
    payment: Payment, unknown: PaymentUnknown, *, now: datetime
) -> list[str]:
    """Flag a payment that the provider does not answer for, and ask again later.

    Gives what a person must look at: a refusal, which is told to staff, too.
    """
    if not isinstance(unknown, PaymentStuck):
        _put_off(payment, NEXT_LOOK, now)
        _flag(payment, SILENCE.format(since=f"{now:%Y-%m-%d %H:%M} UTC"))
        return []
    _put_off(payment, LOOK_AFTER_REFUSAL, now)
    flag = REFUSAL.format(reason=unknown.refusal.reason)
    _flag(payment, flag)
    refusals.tell_stuck(payment, unknown.refusal)
    return [f"{payment}: {flag}"]


def _put_off(payment: Payment, wait: timedelta, now: datetime) -> None:
    Payment.objects.filter(pk=payment.pk).update(check_after=now + wait)


def _flag(payment: Payment, flag: str) -> None:
    Payment.objects.filter(pk=payment.pk, flag="").update(flag=flag)


def _free_forgotten_holds(swept: Swept, now: datetime, limit: int) -> None:
    """Let go of tickets that are being paid by no payment that could succeed.

    Who ends a payment lets go of its hold with it, so this finds what a crash of ours
    or a hand in the database has left.
    """
    forgotten = Order.objects.filter(
        status__in=[OrderStatus.PENDING, OrderStatus.CANCELLED],
        hold__status=HoldStatus.PAYING,
        hold__lease_until__lte=now,
    ).exclude(Exists(Payment.objects.filter(LIVE_PAYMENT, order=OuterRef("pk"))))
    for order_id in list(forgotten.values_list("pk", flat=True)[:limit]):
        with swept.apart(f"order {order_id}"):
            swept.freed += _free(order_id, now)


@transaction.atomic(durable=True)
def _free(order_id: UUID, now: datetime) -> bool:
    orders = Order.objects.select_for_update(of=("self",), no_key=True)
    order = orders.get(pk=order_id)  # Its hold is read when the lock is ours.
    live = order.payments.filter(LIVE_PAYMENT).exists()
    if live or not asking.lease_is_over(order.hold, now):
        return False
    if order.status == OrderStatus.PENDING:
        settling.end_turn(order, now=now)
    elif order.status == OrderStatus.CANCELLED:
        settling.close(order, now=now)
    return True


def _close_abandoned_orders(swept: Swept, now: datetime, limit: int) -> None:
    """Close pending orders that have neither tickets held nor a payment open."""
    over = Order.objects.filter(
        status=OrderStatus.PENDING, hold__status__in=ENDED_HOLD
    ).exclude(payments__status__in=OPEN_PAYMENT)
    for order_id in list(over.values_list("pk", flat=True)[:limit]):
        with swept.apart(f"order {order_id}"):
            swept.closed += _close(order_id, now)


@transaction.atomic(durable=True)
def _close(order_id: UUID, now: datetime) -> bool:
    orders = Order.objects.select_for_update(of=("self",), no_key=True)
    order = orders.select_related("hold").get(pk=order_id)
    pending = order.status == OrderStatus.PENDING
    if pending and order.hold.status in ENDED_HOLD:
        order.move_to(OrderStatus.CANCELLED, cancelled_at=now)
        return True
    return False
