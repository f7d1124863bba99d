"""What is written before the provider is asked, each in one statement of its own.

An order has a dozen small statements otherwise, and each costs a round trip. All of
one is written or nothing is. A first order begins with its hold: nobody can have the
order who waits for the hold, because there is no order yet; who comes too late fails
on the duplicate key.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import uuid4

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Model

from events.models import Event, EventStatus
from inventory.models import Hold, HoldStatus
from inventory.pricing import Quote
from inventory.services import quoting, selling
from payments.models import (
    AttemptStatus,
    Order,
    OrderStatus,
    Payment,
    PaymentAttempt,
    PaymentStatus,
)
from payments.models.keys import new_key, new_reference
from payments.money import in_words
from payments.services import books, mandates
from payments.services.errors import OrderClosed
from payments.services.turns import Turn
from ticketapp.prepared import execute
from ticketapp.rows import instance_of

M = TypeVar("M", bound=Model)
OFF = (EventStatus.CANCELLED, EventStatus.POSTPONED, EventStatus.FINISHED)
# An attempt without an answer is first asked about after this long.
FIRST_QUESTION = timedelta(seconds=15)

# A rival's order that is committed meanwhile is a duplicate key, and undoes it all.
IS_FIRST = f"""
NOT EXISTS (SELECT FROM payments_order AS known WHERE known.hold_id = hold.id)
AND EXISTS (SELECT FROM events_event AS event
             WHERE event.id = hold.event_id
               AND event.status NOT IN ({", ".join(f"'{status}'" for status in OFF)}))
"""
OPEN_ORDER = f"""
/* open_order */
WITH hold AS ({selling.start_statement(only_if=IS_FIRST)}
), ordered AS (
    INSERT INTO payments_order
           (id, reference, user_id, event_id, hold_id, amount, currency, status,
            created_at)
    SELECT %(order)s, %(reference)s, user_id, event_id, id, total_amount, currency,
           'pending', %(now)s
      FROM hold
    RETURNING id, amount, currency
), payment AS (
    INSERT INTO payments_payment
           (id, order_id, key, client_secret, customer_id, amount, currency, status,
            flag, check_after, created_at)
    SELECT %(payment)s, id, %(key)s, '', %(customer)s, amount, currency, 'created',
           '', %(check_after)s, %(now)s
      FROM ordered WHERE amount > 0
)
SELECT hold.*, event.name
  FROM hold JOIN events_event AS event ON event.id = hold.event_id
"""
# The hold is read under the order's lock, as it is then: to lock it is to read it anew.
BEGIN_ATTEMPT = """
/* begin_attempt */
WITH ordered AS (
    SELECT ordered.hold_id
      FROM payments_order AS ordered
      JOIN payments_payment AS payment ON payment.order_id = ordered.id
     WHERE ordered.id = %(order)s AND payment.id = %(payment)s
       AND payment.status = 'created'
       FOR NO KEY UPDATE OF ordered, payment
), held AS (
    SELECT hold.id
      FROM ordered JOIN inventory_hold AS hold ON hold.id = ordered.hold_id
     WHERE hold.status = 'paying' AND hold.lease_until = %(lease_until)s
       FOR NO KEY UPDATE OF hold
), payment AS (
    UPDATE payments_payment AS payment
       SET intent_id = %(intent)s, client_secret = %(client_secret)s,
           customer_id = coalesce(nullif(%(customer)s, ''), customer_id)
      FROM held
     WHERE payment.id = %(payment)s
    RETURNING payment.id, payment.amount
)
INSERT INTO payments_paymentattempt
       (payment_id, key, payment_method, amount, status, decline_code, save_card,
        mandate_id, asks_buyer, created_at)
SELECT id, %(key)s, %(payment_method)s, amount, 'started', '', %(save_card)s,
       %(mandate)s, %(asks_buyer)s, %(now)s
  FROM payment
RETURNING id, amount
"""


@dataclass(frozen=True, slots=True)
class Opened:
    """An intent that waits for a card."""

    intent_id: str
    client_secret: str


def open_order(
    *, hold: Hold, price: Quote, customer: str, now: datetime
) -> Turn | None:
    """Take the hold at this price for its first order; None if that cannot be.

    With nothing to pay there is no payment, and the turn's is not to be used. Raises
    IntegrityError when a rival's order came first.
    """
    params = _of_hold(hold, price) | {
        "now": now,
        "lease_until": now + settings.PAYMENT_LEASE,
        "order": uuid4(),
        "reference": new_reference(),
        "payment": uuid4(),
        "key": new_key(),
        "customer": customer,
        "check_after": now + FIRST_QUESTION,
    }
    row = _written(OPEN_ORDER, params)
    if row is None:
        return None
    *started, name = row
    order = _order_of(selling.started_hold(started), params)
    order.event = _made(Event, id=order.event_id, name=name)
    return Turn(order, _payment_of(order, params), params["lease_until"])


def _of_hold(hold: Hold, price: Quote) -> dict[str, Any]:
    return {
        "hold": hold.pk,
        "unit_amount": price.unit_amount,
        "fee_amount": price.fee_amount,
        "tax_amount": price.tax_amount,
        "total_amount": price.total_amount * hold.quantity,
    }


def _order_of(hold: Hold, params: dict[str, Any]) -> Order:
    """The order as the statement wrote it, without reading it again."""
    order = _made(
        Order,
        id=params["order"],
        reference=params["reference"],
        user_id=hold.user_id,
        event_id=hold.event_id,
        hold_id=hold.pk,
        amount=hold.total_amount,
        currency=hold.currency,
        status=OrderStatus.PENDING,
        created_at=params["now"],
        paid_at=None,
        cancelled_at=None,
    )
    order.hold = hold
    return order


def _payment_of(order: Order, params: dict[str, Any]) -> Payment:
    payment = _made(
        Payment,
        id=params["payment"],
        order_id=order.pk,
        key=params["key"],
        intent_id=None,
        client_secret="",
        customer_id=params["customer"],
        amount=order.amount,
        currency=order.currency,
        status=PaymentStatus.CREATED,
        flag="",
        check_after=params["check_after"],
        created_at=params["now"],
    )
    payment.order = order
    return payment


def _made(model: type[M], **fields: Any) -> M:
    """What is not named is fetched should anybody ask."""
    return instance_of(model, tuple(fields), tuple(fields.values()))


def begin_attempt(
    turn: Turn,
    opened: Opened,
    *,
    payment_method: str,
    customer: str,
    save_card: bool,
    now: datetime,
) -> PaymentAttempt:
    """Commit the intent's id and the attempt.

    Raises OrderClosed if the turn is not ours any more. A mandate has the last word:
    MandateOverError if it does not cover this.
    """
    refuse_in_transaction()
    params = _of_turn(turn, opened) | {
        "customer": customer,
        "key": new_key(),
        "payment_method": payment_method,
        "save_card": save_card,
        "mandate": turn.mandate and turn.mandate.pk,
        "asks_buyer": turn.asks_buyer,
        "now": now,
    }
    row = _begun(turn, params, now)
    if row is None:
        raise OrderClosed(order=str(turn.order.pk))
    return _attempt_of(row, params)


def _attempt_of(row: tuple[int, int], params: dict[str, Any]) -> PaymentAttempt:
    number, amount = row
    return _made(
        PaymentAttempt,
        id=number,
        payment_id=params["payment"],
        key=params["key"],
        payment_method=params["payment_method"],
        amount=amount,
        status=AttemptStatus.STARTED,
        decline_code="",
        save_card=params["save_card"],
    )


def _of_turn(turn: Turn, opened: Opened) -> dict[str, Any]:
    return {
        "order": turn.order.pk,
        "lease_until": turn.lease_until,
        "payment": turn.payment.pk,
        "intent": opened.intent_id,
        "client_secret": opened.client_secret,
    }


def _begun(turn: Turn, params: dict[str, Any], now: datetime) -> Any:
    if turn.mandate is None:
        return _written(BEGIN_ATTEMPT, params)
    with transaction.atomic(durable=True):
        order, payment = books.lock(turn.payment.pk)
        if not turn.is_of(order.hold) or payment.status != PaymentStatus.CREATED:
            return None
        mandates.refuse_unless_covered(turn.mandate, order.hold, now=now)
        return _written(BEGIN_ATTEMPT, params)


def _written(statement: str, params: dict[str, Any]) -> Any:
    with connection.cursor() as cursor:
        execute(cursor, statement, params=params)
        return cursor.fetchone()


def hold_expired(hold: Hold, now: datetime) -> selling.HoldExpired:
    """An expired quote is not silently replaced: the new price needs a new yes."""
    total = total_today(hold, now)
    return selling.HoldExpired(
        let_go=hold.status == HoldStatus.RELEASED,
        today=in_words(**total),
        ticket_type=str(hold.ticket_type_id),
        quantity=hold.quantity,
        total=total,
    )


def total_today(hold: Hold, now: datetime) -> dict[str, Any]:
    """What as many of these tickets cost whoever takes them now."""
    today = quoting.todays_quote(hold=hold, now=now)
    amount = today.total_amount * hold.quantity
    return {"amount": amount, "currency": today.currency}


def refuse_in_transaction() -> None:
    """Raise RuntimeError inside one: what is written must be there if we die."""
    if connection.in_atomic_block:
        with transaction.atomic(durable=True):
            pass
