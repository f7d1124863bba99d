"""Asking the provider what became of a payment. No transaction is open here."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime

from inventory.models import Hold
from payments.gateways import (
    GatewayRefused,
    GatewayUnavailable,
    Intent,
    IntentStatus,
    get_gateway,
)
from payments.models import Payment, PaymentStatus
from payments.services import keeping, knowing, refusals, settling
from payments.services.errors import NeverOpened, PaymentStuck, PaymentUnknown

WAITING = (IntentStatus.REQUIRES_PAYMENT_METHOD, IntentStatus.REQUIRES_CONFIRMATION)


def lease_is_over(hold: Hold, now: datetime) -> bool:
    """Whether the call that took the hold for a payment had its time."""
    return hold.lease_until is None or hold.lease_until <= now


def open_intent(payment: Payment) -> Intent:
    """The payment's intent, unconfirmed. Repeating it gives the same intent."""
    return get_gateway().create_intent(
        amount=payment.amount,
        currency=payment.currency,
        key=payment.key,
        customer=payment.customer_id or None,
        metadata={"order": str(payment.order_id), "payment": str(payment.pk)},
    )


def ask_about(*, payment: Payment, now: datetime) -> None:
    """Find out what became of a payment and bring our side to it.

    Nothing changes where another card is under way by then: that is asked about
    in its turn. A payment whose intent the provider refuses to make is over. Raises
    PaymentUnknown when it does not answer, PaymentStuck when it refuses to.
    """
    try:
        news = news_of(payment=payment, now=now)
    except NeverOpened:
        if refusals.end_unopened(payment, now=now):
            return
        raise
    if news:
        with suppress(settling.OutOfDateError):
            settling.apply_intent(
                payment=payment, intent=news.intent, known=news.known, now=now
            )


def news_of(*, payment: Payment, now: datetime) -> knowing.News | None:
    """The payment's intent as it is now; None when there is nothing to do yet.

    An intent that waits for a card is left alone while our own call may be on
    its way. If the buyer failed the bank's challenge they know the intent's
    secret, so it is cancelled, and the next card gets a new one.
    """
    gateway = get_gateway()
    # Afresh, as `payment` may have been read long ago; and before the question.
    known = knowing.look_at(payment)
    intent_id = _intent_id(payment)
    with _not_knowing():
        # A repeated creation is answered as the first was: the state is asked for.
        intent = gateway.retrieve_intent(intent_id=intent_id)
        if intent.status in WAITING:
            if known.payment_status == PaymentStatus.REQUIRES_ACTION:
                intent = gateway.cancel_intent(intent_id=intent.id)
            elif known.is_being_paid(now):
                return None
    told = keeping.without_detached(_about_the_last_card(intent, known))
    return knowing.News(told, known)


def cancel_payment(*, payment: Payment, now: datetime) -> None:
    """Make sure that a payment takes no money any more, or honour that it did.

    A payment without an id is created again first: the provider may know it. If it
    refuses that, the payment is over. Raises PaymentUnknown or PaymentStuck; then
    nothing may be freed.
    """
    known = knowing.look_at(payment)
    try:
        intent_id = _intent_id(payment)
    except NeverOpened:
        if refusals.end_unopened(payment, now=now):
            return
        raise
    with _not_knowing():
        intent = get_gateway().cancel_intent(intent_id=intent_id)
    with suppress(settling.OutOfDateError):
        settling.apply_intent(
            payment=payment,
            intent=keeping.without_detached(_about_the_last_card(intent, known)),
            known=known,
            now=now,
        )


def _about_the_last_card(intent: Intent, known: knowing.Known) -> Intent:
    """A refusal stays on the intent when the next card never reached the bank."""
    return intent if known.tells_of(intent) else replace(intent, decline=None)


def _intent_id(payment: Payment) -> str:
    """The intent's id, asked for again if the answer to its creation was lost."""
    try:
        with _not_knowing():
            return payment.intent_id or open_intent(payment).id
    except PaymentStuck as stuck:
        raise NeverOpened(stuck.refusal) from stuck


@contextmanager
def _not_knowing() -> Iterator[None]:
    """Without a good answer, nobody knows whether the payment was charged."""
    try:
        yield
    except GatewayUnavailable as silence:
        raise PaymentUnknown from silence
    except GatewayRefused as refusal:
        raise PaymentStuck(refusal) from refusal
