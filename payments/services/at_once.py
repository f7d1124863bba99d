"""Money that buys what it was asked for, settled in one round trip.

Nearly every payment ends like this: the money is what we asked for, the order waits
for it and its tickets are still being paid for. One statement looks at all that under
the locks and does the whole of `settling`, or nothing: whatever is not as usual is
left to the careful way (ADR 19). Lock order: order, payment, hold, tickets.
"""

from datetime import datetime

from django.db import connection

from events.models import EventStatus
from inventory.models import HoldStatus
from inventory.services import selling
from notifications.services import enqueueing
from payments.gateways import Intent
from payments.models import (
    OPEN_PAYMENT,
    Order,
    OrderStatus,
    Payment,
    PaymentStatus,
)
from payments.services import books, messages
from ticketapp.prepared import execute

# What is `due` has its order and payment locked by the statement before; its hold is
# read anew as it is locked. A waitlist's offer and a card to keep want more than this.
SETTLE = f"""
/* settle_at_once */
WITH due AS (
    SELECT payment.id AS payment, payment.currency, ordered.id AS ordered,
           hold.id AS hold, hold.quantity, hold.unit_amount, hold.fee_amount,
           hold.tax_amount, hold.total_amount
      FROM payments_payment AS payment
      JOIN payments_order AS ordered ON ordered.id = payment.order_id
      JOIN events_event AS event ON event.id = ordered.event_id
      JOIN inventory_hold AS hold ON hold.id = ordered.hold_id
     WHERE payment.id = %(payment)s
       AND payment.status IN ({", ".join(f"'{status}'" for status in OPEN_PAYMENT)})
       AND payment.amount = %(amount)s
       AND payment.currency = %(currency)s
       AND ordered.status = '{OrderStatus.PENDING}'
       AND event.status <> '{EventStatus.CANCELLED}'
       AND hold.status = '{HoldStatus.PAYING}'
       AND NOT hold.from_waitlist
       AND NOT EXISTS (SELECT FROM payments_paymentattempt AS attempt
                        WHERE attempt.payment_id = payment.id AND attempt.save_card)
       FOR NO KEY UPDATE OF hold
), {selling.SALE}, captured AS (
    UPDATE payments_payment AS payment
       SET status = 'succeeded', intent_id = %(intent)s, succeeded_at = %(now)s,
           flag = ''
      FROM whole WHERE payment.id = whole.payment
), entry AS (
    INSERT INTO payments_ledgerentry
           (order_id, payment_id, kind, amount, currency, source)
    SELECT ordered, payment, 'capture', %(amount)s, currency, %(intent)s FROM whole
    ON CONFLICT DO NOTHING
), attempt AS (
    UPDATE payments_paymentattempt SET status = 'succeeded', next_action = NULL
     WHERE id = (SELECT attempt.id
                   FROM whole
                   JOIN payments_paymentattempt AS attempt
                     ON attempt.payment_id = whole.payment
                  ORDER BY attempt.id DESC LIMIT 1)
), lines AS (
    INSERT INTO payments_orderline
           (order_id, ticket_id, unit_amount, fee_amount, tax_amount, total_amount)
    SELECT ordered, held.id, unit_amount, fee_amount, tax_amount,
           total_amount / quantity
      FROM whole CROSS JOIN held
     ORDER BY held.slot
), receipt AS ({enqueueing.message_from("whole")}
)
UPDATE payments_order AS ordered
   SET status = 'paid', paid_at = %(now)s, cancelled_at = NULL
  FROM whole WHERE ordered.id = whole.ordered
RETURNING ordered.id
"""


def settle(payment: Payment, intent: Intent, *, now: datetime) -> Order | None:
    """The order, paid; None if this money is to be looked at carefully.

    Then nothing has changed. Only where the receipt's words are at hand: to read
    them takes as long as the careful way.
    """
    if not _is_at_hand(payment):
        return None
    order = payment.order
    receipt = messages.receipt(order, now=now)
    params = enqueueing.params_of(receipt, recipient=order.user_id) | {
        "payment": payment.pk,
        "intent": intent.id,
        "amount": intent.amount_received,
        "currency": intent.currency,
    }
    # Sent together, they are one transaction even where none was begun.
    with connection.cursor() as cursor:
        execute(cursor, books.LOCK, SETTLE, params=params)
        if cursor.fetchone() is None:
            return None
    enqueueing.send_soon()
    _as_written(payment, intent, now)
    return order


def _is_at_hand(payment: Payment) -> bool:
    return Payment.order.is_cached(payment) and all(
        relative.is_cached(payment.order) for relative in (Order.hold, Order.event)
    )


def _as_written(payment: Payment, intent: Intent, now: datetime) -> None:
    """What the statement put into the rows, without reading them again."""
    order = payment.order
    payment.status, payment.intent_id = PaymentStatus.SUCCEEDED, intent.id
    payment.succeeded_at, payment.flag = now, ""
    order.status, order.paid_at, order.cancelled_at = OrderStatus.PAID, now, None
    order.hold.status, order.hold.lease_until = HoldStatus.CONVERTED, None
