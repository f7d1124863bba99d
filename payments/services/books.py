"""The books: the rows that only say what happened, written with the fact.

Lock order: order, payment. The callers have them.
"""

from datetime import datetime
from uuid import UUID

from django.db import connection

from accounts.models import User
from events.models import Event
from payments.models import (
    Incident,
    IncidentKind,
    LedgerEntry,
    LedgerKind,
    Order,
    Payment,
    PaymentStatus,
)
from ticketapp import writing
from ticketapp.compiled import Compiled, all_but
from ticketapp.prepared import execute

ASKED_OF_EVENT = ("name", "status", "starts_at", "local_date", "venue")
# What a statement joins to a row that it waits for is as old as the statement, so the
# hold and all else is read by another one.
LOCK = """
/* lock_payment */
SELECT FROM payments_payment AS payment
  JOIN payments_order AS ordered ON ordered.id = payment.order_id
 WHERE payment.id = %(payment)s
   FOR NO KEY UPDATE OF ordered, payment
"""
LOCKED_PAYMENT = Compiled(
    lambda payment: (
        Payment.objects.select_related("order__hold", "order__event", "order__user")
        .defer(*all_but("order__event", Event, *ASKED_OF_EVENT))
        .defer(*all_but("order__user", User))
        .filter(pk=payment)
    ),
    after_lock=LOCK,
)
# The money is there: the payment, the ledger and the card that was tried last.
CAPTURE = """
/* capture */
WITH payment AS (
    UPDATE payments_payment
       SET status = 'succeeded', intent_id = %(intent)s, succeeded_at = %(now)s,
           surplus = %(surplus)s, flag = ''
     WHERE id = %(payment)s AND status = %(was)s
    RETURNING id, order_id, currency
), entry AS (
    INSERT INTO payments_ledgerentry
           (order_id, payment_id, kind, amount, currency, source)
    SELECT order_id, id, 'capture', %(amount)s, currency, %(intent)s FROM payment
    ON CONFLICT DO NOTHING
), attempt AS (
    UPDATE payments_paymentattempt SET status = 'succeeded', next_action = NULL
     WHERE id = (SELECT attempt.id
                   FROM payment
                   JOIN payments_paymentattempt AS attempt
                     ON attempt.payment_id = payment.id
                  ORDER BY attempt.id DESC LIMIT 1)
    RETURNING save_card
)
SELECT coalesce((SELECT save_card FROM attempt), false) FROM payment
"""


def capture(
    payment: Payment,
    *,
    intent_id: str,
    amount: int,
    now: datetime,
    surplus: bool = False,
) -> bool:
    """Write down that the money came; whether its buyer asked us to keep the card.

    The payment is locked. Raises InvalidTransition if it cannot succeed.
    """
    params = {
        "payment": payment.pk,
        "intent": intent_id,
        "was": payment.status,
        "amount": amount,
        "surplus": surplus,
        "now": now,
    }
    row = None
    if payment.may_become(PaymentStatus.SUCCEEDED):
        with connection.cursor() as cursor:
            execute(cursor, CAPTURE, params=params)
            row = cursor.fetchone()
    payment.has_moved(
        row is not None,
        status=PaymentStatus.SUCCEEDED,
        intent_id=intent_id,
        succeeded_at=now,
        surplus=surplus,
        flag="",
    )
    return bool(row and row[0])


def enter(payment: Payment, *, kind: LedgerKind, amount: int, source: str) -> None:
    """Write one movement of money; the same `source` again is the same news."""
    entry = LedgerEntry(
        order_id=payment.order_id,
        payment=payment,
        kind=kind,
        amount=amount,
        currency=payment.currency,
        source=source,
    )
    writing.insert(entry, ignore_conflicts=True)


def report(
    kind: IncidentKind,
    *,
    order: Order | None,
    detail: str,
    dedupe_key: str,
    again: bool = False,
) -> None:
    """Put something in front of staff, once; `again` also after it was dealt with,
    and as it is now.
    """
    key = f"{kind}:{dedupe_key}"
    incident = Incident(kind=kind, order=order, detail=detail, dedupe_key=key)
    Incident.objects.bulk_create([incident], ignore_conflicts=True)
    if again:
        known = Incident.objects.filter(dedupe_key=key)
        known.exclude(detail=detail, resolved_at=None).update(
            detail=detail, resolved_at=None
        )


def lock(payment_id: UUID) -> tuple[Order, Payment]:
    """The order and the payment, locked in this order, as they are now.

    The order's hold is not locked, but whoever pays with it has the order first.
    """
    payment = LOCKED_PAYMENT.get(payment=payment_id)
    return payment.order, payment


def resolve_incident(*, incident: Incident, now: datetime) -> None:
    """Staff have dealt with it; the first time counts."""
    Incident.objects.filter(pk=incident.pk, resolved_at=None).update(resolved_at=now)
