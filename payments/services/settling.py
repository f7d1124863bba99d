"""What the provider says about an intent becomes what is true here.

The reply to our own call, a webhook and a sweep all end in `apply_intent`;
whoever comes second changes nothing. Lock order: order, payment, then what
inventory locks to sell, free or take tickets again (ADR 15).
"""

from datetime import datetime

from django.db import connection, transaction

from events.models import EventStatus
from inventory import services as inventory
from inventory.models import Hold, HoldStatus, Ticket
from payments.gateways import Intent, IntentStatus
from payments.models import (
    IN_FLIGHT,
    OPEN_PAYMENT,
    PAID_ORDER,
    AttemptStatus,
    IncidentKind,
    Order,
    OrderStatus,
    Payment,
    PaymentStatus,
    Refund,
    RefundReason,
)
from payments.money import in_words
from payments.services import at_once, books, mandates, messages, surplus
from payments.services.keeping import keep_card
from payments.services.knowing import Known, known_of
from ticketapp.jobs import look_now
from ticketapp.prepared import execute

# A line for each ticket, in their order.
COMPLETE = """
/* complete_order */
WITH lines AS (
    INSERT INTO payments_orderline
           (order_id, ticket_id, unit_amount, fee_amount, tax_amount, total_amount)
    SELECT %(order)s, ticket.id, %(unit_amount)s, %(fee_amount)s, %(tax_amount)s,
           %(total_amount)s
      FROM unnest(%(tickets)s::uuid[]) WITH ORDINALITY AS ticket (id, turn)
     ORDER BY ticket.turn
)
UPDATE payments_order SET status = 'paid', paid_at = %(now)s, cancelled_at = NULL
 WHERE id = %(order)s AND status = %(was)s
"""
ENDED_HOLD = (HoldStatus.EXPIRED, HoldStatus.RELEASED)
NO_TICKETS = (
    inventory.SoldOut,
    inventory.AllHeld,
    inventory.TooFewLeft,
    inventory.OverLimit,
)


class OutOfDateError(Exception):
    """Another card was begun, or turned out, since the provider was asked: ask anew."""


def apply_intent(
    *, payment: Payment, intent: Intent, known: Known | None = None, now: datetime
) -> Order | None:
    """Bring a payment, its order, hold and tickets to what `intent` says.

    Gives the order as it is then, where the money has come.

    `known` is what was known before the provider was asked. Where that is not how
    things stand any more, a state that passes is old news: OutOfDateError, and
    nothing has changed. Without it the intent is taken at its word.
    """
    match intent.status:
        case IntentStatus.SUCCEEDED:
            paid = at_once.settle(payment, intent, now=now)
            return paid or _settle(payment, intent, now)
        case IntentStatus.CANCELED:
            _end(payment, intent, now)
        case IntentStatus.REQUIRES_ACTION:
            _wait(payment, intent, PaymentStatus.REQUIRES_ACTION, known, now)
        case IntentStatus.PROCESSING:
            _wait(payment, intent, PaymentStatus.PROCESSING, known, now)
        case _:
            _decline(payment, intent, known, now)
    return None


# Money came


@transaction.atomic
def _settle(payment: Payment, intent: Intent, now: datetime) -> Order:
    """The money is there: the tickets become the buyer's, or it goes back."""
    order, payment = books.lock(payment.pk)
    if payment.status == PaymentStatus.SUCCEEDED:
        return order
    if surplus.is_surplus(order, payment):
        surplus.give_back(order, payment, intent, now=now)
        return order
    _capture(payment, intent, now)
    if refusal := _reason_to_refund(order, payment, intent):
        _give_back(order, payment, refusal, intent, now)
        return order
    try:
        tickets = _sell(order.hold, now)
    except inventory.HoldExpired:
        _settle_late(order, payment, intent, now)
    else:
        _complete(order, tickets, now)
    return order


def _settle_late(order: Order, payment: Payment, intent: Intent, now: datetime) -> None:
    """The hold is gone: take tickets again and honour the quote, or refund.

    Under the same locks: who takes tickets first and asks for the order then
    waits in a circle with whoever does it the other way round.
    """
    try:
        again = inventory.retake_tickets(hold=order.hold, now=now)
    except NO_TICKETS:
        _give_back(order, payment, RefundReason.TOO_LATE, intent, now)
        return
    order.hold = again
    order.save(update_fields=["hold"])
    _complete(order, list(again.tickets.order_by("slot")), now)
    books.report(
        IncidentKind.LATE_HONOURED,
        order=order,
        detail="The money came after the hold had ended; tickets were taken again.",
        dedupe_key=str(payment.pk),
    )


def _capture(payment: Payment, intent: Intent, now: datetime) -> None:
    save_card = books.capture(
        payment, intent_id=intent.id, amount=intent.amount_received, now=now
    )
    if save_card and intent.card:
        keep_card(user=payment.order.user, card=intent.card, now=now)


def _reason_to_refund(
    order: Order, payment: Payment, intent: Intent
) -> RefundReason | None:
    """Why this money may not buy the tickets, whether they are there or not."""
    if order.status in PAID_ORDER:
        return RefundReason.TOO_LATE
    paid = (intent.amount_received, intent.currency)
    if paid != (payment.amount, payment.currency):
        return RefundReason.MISMATCH
    if order.event.status == EventStatus.CANCELLED:
        return RefundReason.EVENT_CANCELLED
    return None


def _sell(hold: Hold, now: datetime) -> list[Ticket]:
    """Sell held tickets; a hold that was paused meanwhile is taken up again."""
    if hold.status == HoldStatus.ACTIVE:
        inventory.start_paying(hold=hold, now=now, lease=hold.expires_at - now)
    return inventory.sell_held_tickets(hold=hold, now=now)


def _complete(order: Order, tickets: list[Ticket], now: datetime) -> None:
    """The tickets are the buyer's: a line for each, and a receipt."""
    hold = order.hold
    params = {
        "order": order.pk,
        "was": order.status,
        "tickets": [ticket.pk for ticket in tickets],
        "unit_amount": hold.unit_amount,
        "fee_amount": hold.fee_amount,
        "tax_amount": hold.tax_amount,
        "total_amount": hold.total_amount // hold.quantity,
        "now": now,
    }
    written = order.may_become(OrderStatus.PAID)
    if written:
        with connection.cursor() as cursor:
            execute(cursor, COMPLETE, params=params)
            written = cursor.rowcount == 1
    paid = OrderStatus.PAID
    order.has_moved(written, status=paid, paid_at=now, cancelled_at=None)
    messages.tell_receipt(order, now=now)


def settle_free(order: Order, *, now: datetime) -> None:
    """Nothing to pay: the order is settled where it is made."""
    _complete(order, _sell(order.hold, now), now)


def _give_back(
    order: Order,
    payment: Payment,
    reason: RefundReason,
    intent: Intent,
    now: datetime,
) -> None:
    """Owe all of it back, once: the key is the payment's."""
    Refund.objects.get_or_create(
        key=f"back-{payment.key}",
        defaults={
            "payment": payment,
            "amount": intent.amount_received,
            "currency": payment.currency,
            "reason": reason,
            "created_at": now,
        },
    )
    look_now("payments.tasks.pay_refunds")
    if order.status not in PAID_ORDER:
        close(order, now=now)
        messages.tell_too_late(order, intent.amount_received, reason, now=now)
    mismatch = reason == RefundReason.MISMATCH
    paid = in_words(intent.amount_received, intent.currency)
    books.report(
        IncidentKind.MISMATCH if mismatch else IncidentKind.LATE_REFUNDED,
        order=order,
        detail=f"{paid} came and goes back: {RefundReason(reason).label}.",
        dedupe_key=str(payment.pk),
    )


# Money did not come


@transaction.atomic
def _decline(
    payment: Payment, intent: Intent, known: Known | None, now: datetime
) -> None:
    """The intent waits for another card; so does the buyer, while time is left."""
    order, payment = books.lock(payment.pk)
    if payment.status not in OPEN_PAYMENT:
        return
    _refuse_old_news(payment, known)
    if payment.status != PaymentStatus.CREATED:
        payment.move_to(PaymentStatus.CREATED)
    _end_attempts(order, payment, intent)
    if order.hold.expires_at > now and not mandates.charges_under_one(payment):
        inventory.pause_paying(hold=order.hold, now=now)
    else:  # Its intent is cancelled first: the sweep takes it at once.
        inventory.keep_paying(hold=order.hold, until=now)


@transaction.atomic
def _end(payment: Payment, intent: Intent, now: datetime) -> None:
    """The intent is cancelled: this payment cannot take money any more."""
    order, payment = books.lock(payment.pk)
    if payment.status not in OPEN_PAYMENT:
        return
    payment.move_to(PaymentStatus.CANCELLED, intent_id=intent.id, flag="")
    _end_attempts(order, payment, intent)
    end_turn(order, now=now)


def end_turn(order: Order, *, now: datetime) -> None:
    """No payment of this order can succeed: the hold goes back, or its time is over."""
    if order.status == OrderStatus.PENDING:
        mandates.say_what_became(order, now=now)
        hold = inventory.pause_paying(hold=order.hold, now=now)
        if hold.status in ENDED_HOLD:
            order.move_to(OrderStatus.CANCELLED, cancelled_at=now)


@transaction.atomic
def _wait(
    payment: Payment,
    intent: Intent,
    status: PaymentStatus,
    known: Known | None,
    now: datetime,
) -> None:
    """The buyer's bank asks them, or thinks: the hold waits until its end."""
    order, payment = books.lock(payment.pk)
    if payment.status not in OPEN_PAYMENT:
        return
    _refuse_old_news(payment, known)
    if payment.status != status:
        payment.move_to(status)
    payment.attempts.filter(status__in=IN_FLIGHT).update(
        status=AttemptStatus(status.value), next_action=intent.next_action
    )
    inventory.note_fault(hold=order.hold, ours=False)
    inventory.keep_paying(hold=order.hold, until=order.hold.expires_at)
    mandates.call_the_buyer(order, payment, now=now)


def _refuse_old_news(payment: Payment, known: Known | None) -> None:
    """The payment is locked, so what is known now stays so until the end."""
    if known and known != known_of(payment):
        raise OutOfDateError


def _end_attempts(order: Order, payment: Payment, intent: Intent) -> None:
    attempts = payment.attempts.filter(status__in=IN_FLIGHT)
    if intent.decline:
        declined = attempts.update(
            status=AttemptStatus.DECLINED,
            decline_code=intent.decline.code[:60],
            next_action=None,
        )
        if declined:  # Else it is told again, and says nothing of a later try.
            inventory.note_fault(hold=order.hold, ours=False)
        return
    if attempts.filter(status=AttemptStatus.STARTED).exists():
        inventory.note_fault(hold=order.hold, ours=True)  # It was never answered.
    attempts.update(status=AttemptStatus.ABANDONED, next_action=None)


def close(order: Order, *, now: datetime) -> None:
    """End an order that gets no tickets, and let go of what it still holds."""
    hold = inventory.free_paying_hold(hold=order.hold, now=now)
    if hold.status == HoldStatus.ACTIVE:
        inventory.release_hold(hold=hold, now=now)
    if order.status == OrderStatus.PENDING:
        order.move_to(OrderStatus.CANCELLED, cancelled_at=now)
