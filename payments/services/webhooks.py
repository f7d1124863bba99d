"""What the provider tells us: kept on arrival, acted on by the worker.

An event only says where to look. The worker fetches the object as it is now and
acts on that, so events may come twice, late and in any order. What matches
nothing yet is kept and tried again. Most news is old: our own reply has settled the
payment already, and then there is nothing to act on. Lock order: event, then as the
effect needs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.db import DataError, connection, transaction

from payments.gateways import (
    CardDetails,
    GatewayMisconfigured,
    GatewayRefused,
    GatewayUnavailable,
    MalformedEvent,
    get_gateway,
    reading,
)
from payments.models import (
    CardSetup,
    Customer,
    IncidentKind,
    Payment,
    PaymentStatus,
    SavedCard,
    StripeEvent,
)
from payments.services import (
    asking,
    books,
    cards,
    disputes,
    forgetting,
    keeping,
    repaying,
    settling,
    telling,
)
from payments.services.errors import PaymentStuck
from payments.services.knowing import News
from payments.services.runs import Run
from ticketapp.errors import Action, DomainError
from ticketapp.prepared import execute

LEASE = timedelta(seconds=60)
FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(hours=1)
DOUBLINGS = 10  # More would only overflow: the longest wait is reached before.
REPORTED_AFTER = 8
Effect = Callable[[], object]
# The payment is settled in one transaction, so whoever sees it so has nothing to do.
KEEP = """
/* keep_news */
INSERT INTO payments_stripeevent (provider_id, type, object_id, payload, received_at,
       processed_at, attempts, next_attempt_at, error)
SELECT %(id)s, %(type)s, %(object_id)s, %(payload)s::jsonb, %(now)s,
       CASE WHEN %(type)s = 'payment_intent.succeeded' AND EXISTS (
            SELECT FROM payments_payment
             WHERE intent_id = %(object_id)s AND status = 'succeeded'
       ) THEN %(now)s END, 0, %(now)s, ''
    ON CONFLICT (provider_id) DO NOTHING
RETURNING processed_at IS NULL
"""


class WrongMode(DomainError):
    code = "webhook_wrong_mode"
    title = "That event is from another mode."
    status = HTTPStatus.BAD_REQUEST
    message = "Test-mode events are not taken in live mode, nor live ones in test mode."
    action = Action.CONTACT_SUPPORT


class _NotYetError(Exception):
    """Nothing here belongs to this event, so far."""


@dataclass
class Processed(Run):
    """What one run did."""

    done: int = 0
    kept: int = 0


def receive_event(*, body: bytes, signature: str, now: datetime) -> bool:
    """Keep a webhook under its id, and say whether there is something to act on.

    The same one again is the same row and changes nothing. What says that a payment
    has succeeded, which has been settled here, is processed as it is kept. Raises
    InvalidSignature, MalformedEvent or WrongMode, and then keeps nothing.
    """
    gateway = get_gateway()
    event = gateway.verify_webhook(body=body, signature=signature)
    if event.livemode != gateway.livemode:
        raise WrongMode
    params: dict[str, Any] = {
        "id": event.id,
        "type": event.type[:80],
        "object_id": event.object_id,
        "payload": body.decode(),
        "now": now,
    }
    try:
        with connection.cursor() as cursor:
            execute(cursor, KEEP, params=params)
            return cursor.fetchone() == (True,)
    except DataError as odd:  # JSON says numbers that PostgreSQL has no place for.
        raise MalformedEvent from odd


def process_events(*, now: datetime, limit: int) -> Processed:
    """Act on up to `limit` events that wait; each effect marks its event."""
    run = Processed()
    for event in _claim(now, limit):
        with run.apart(event):
            _try(event, run, now)
    return run


def _try(event: StripeEvent, run: Processed, now: datetime) -> None:
    """Whatever goes wrong, the event is kept and comes again later."""
    try:
        _process(event, now)
    except (GatewayRefused, PaymentStuck) as refusal:
        told = f"The provider refuses to show it: {refusal.details['reason']}."
        _keep(event, told, now)
        run.kept += 1
        run.problems.append(f"{event}: {told}")
        _tell_not_let_in(refusal)
    except (_NotYetError, GatewayUnavailable) as reason:
        _keep(event, str(reason) or "The provider does not answer.", now)
        run.kept += 1
    except Exception as bug:
        _keep(event, f"{type(bug).__name__}: {bug}", now)
        run.kept += 1
        raise
    else:
        run.done += 1


def _tell_not_let_in(met: GatewayRefused | PaymentStuck) -> None:
    """That our keys are refused need not wait until this event is given up."""
    refusal = met.refusal if isinstance(met, PaymentStuck) else met
    if isinstance(refusal, GatewayMisconfigured):
        telling.tell_not_let_in(refusal)


@transaction.atomic(durable=True)
def _claim(now: datetime, limit: int) -> list[StripeEvent]:
    due = StripeEvent.objects.filter(processed_at=None, next_attempt_at__lte=now)
    locked = due.order_by("next_attempt_at", "pk").select_for_update(skip_locked=True)
    claimed = list(locked[:limit])
    ids = [event.pk for event in claimed]
    StripeEvent.objects.filter(pk__in=ids).update(next_attempt_at=now + LEASE)
    return claimed


def _process(event: StripeEvent, now: datetime) -> None:
    effect = _effect_of(event, now)
    with transaction.atomic(durable=True):
        row = StripeEvent.objects.select_for_update().get(pk=event.pk)
        if row.processed_at:
            return
        effect()
        row.processed_at, row.error = now, ""
        row.save(update_fields=["processed_at", "error"])


def _keep(event: StripeEvent, error: str, now: datetime) -> None:
    attempts = event.attempts + 1
    wait = min(FIRST_WAIT * 2 ** min(event.attempts, DOUBLINGS), LONGEST_WAIT)
    StripeEvent.objects.filter(pk=event.pk, processed_at=None).update(
        attempts=attempts, next_attempt_at=now + wait, error=error[:300]
    )
    if attempts == REPORTED_AFTER:
        books.report(
            IncidentKind.UNMATCHED_EVENT,
            order=None,
            detail=f"{event.type} {event.provider_id}: {error}",
            dedupe_key=event.provider_id,
        )


# What to do: ask the provider first, then give what is to happen in a transaction.


def _effect_of(event: StripeEvent, now: datetime) -> Effect:
    kind = event.type
    if kind.startswith("payment_intent."):
        return _intent_news(event, now)
    if kind == "charge.refunded" or kind.startswith("refund."):
        return _refund_news(event, now)
    if kind.startswith("charge.dispute."):
        return _dispute_news(event, now)
    if kind.startswith("setup_intent."):
        return _setup_news(event, now)
    if kind == "customer.deleted":
        return _customer_news(event, now)
    if kind.startswith("payment_method."):
        return _card_news(event, now)
    return _nothing


def _nothing() -> None:
    """News that does not change anything here."""


def _intent_news(event: StripeEvent, now: datetime) -> Effect:
    payment = _payment_of(event)
    if payment.status == PaymentStatus.SUCCEEDED:
        return _nothing
    news = asking.news_of(payment=payment, now=now)
    if news is None:
        return _nothing
    return partial(_settle_first, payment, news, now)


def _refund_news(event: StripeEvent, now: datetime) -> Effect:
    payment = _payment_of(event)
    news = _unless_settled(payment, now)
    intent_id = payment.intent_id or (news.intent.id if news else "")
    results = get_gateway().list_refunds(intent_id=intent_id)

    def effect() -> None:
        _settle_first(payment, news, now)
        repaying.apply_refunds(payment=payment, results=results, now=now)

    return effect


def _dispute_news(event: StripeEvent, now: datetime) -> Effect:
    payment = _payment_of(event)
    news = _unless_settled(payment, now)
    info = get_gateway().retrieve_dispute(dispute_id=event.object_id)

    def effect() -> None:
        _settle_first(payment, news, now)
        disputes.apply_dispute(payment=payment, info=info, now=now)

    return effect


def _setup_news(event: StripeEvent, now: datetime) -> Effect:
    setups = CardSetup.objects.all()
    setup = setups.filter(provider_id=event.object_id).first()
    if setup is None and (setup_id := _id_in(_subject_of(event), "setup")):
        # Our own call was cut off before it could tell us the provider's id.
        setup = setups.filter(pk=setup_id, provider_id=None).first()
    if setup is None:
        raise _NotYetError("No card setup here has this id yet.")
    intent = get_gateway().retrieve_setup(setup_id=event.object_id)
    told = keeping.without_detached(intent)
    return partial(cards.apply_setup, setup=setup, intent=told, now=now)


def _customer_news(event: StripeEvent, now: datetime) -> Effect:
    """Only of those who are ours today: who was never needed here is no loss."""
    customer = event.object_id
    if not Customer.objects.filter(provider_id=customer).exists():
        return _nothing
    if not get_gateway().is_customer_deleted(customer=customer):
        return _nothing
    return partial(forgetting.forget, customer=customer, now=now)


def _card_news(event: StripeEvent, now: datetime) -> Effect:
    """Only of cards that are kept today: it is told of those that we detach too."""
    card = event.object_id
    kept = SavedCard.objects.filter(provider_id=card, removed_at=None, lost_at=None)
    known = kept.first()
    if known is None:
        return _nothing
    told = get_gateway().retrieve_card(payment_method=card)
    if told.customer is None:
        return partial(forgetting.forget_card, card=card, now=now)
    return partial(_refresh_card, known, told)


def _refresh_card(known: SavedCard, told: CardDetails) -> None:
    if not keeping.refresh_card(known=known, card=told):
        raise _NotYetError("The card has changed meanwhile: asked again later.")


def _unless_settled(payment: Payment, now: datetime) -> News | None:
    """The news of the payment itself, if it comes later than what follows it."""
    if payment.status == PaymentStatus.SUCCEEDED:
        return None
    return asking.news_of(payment=payment, now=now)


def _settle_first(payment: Payment, news: News | None, now: datetime) -> None:
    if news is None:
        return
    try:
        settling.apply_intent(
            payment=payment, intent=news.intent, known=news.known, now=now
        )
    except settling.OutOfDateError as old:
        raise _NotYetError("Another card is under way: asked again later.") from old


def _payment_of(event: StripeEvent) -> Payment:
    """Ours by the intent's id, or by what we wrote on it, before we knew its id."""
    subject = _subject_of(event)
    payments = Payment.objects.select_related("order__hold")
    intent_id = reading.intent_id_of(subject)
    found = payments.filter(intent_id=intent_id).first() if intent_id else None
    if found is None and (payment_id := _id_in(subject, "payment")):
        found = payments.filter(pk=payment_id, intent_id=None).first()
    if found is None:
        raise _NotYetError("No payment here belongs to this yet.")
    return found


def _subject_of(event: StripeEvent) -> reading.Document:
    return event.payload["data"]["object"]


def _id_in(subject: reading.Document, name: str) -> UUID | None:
    """The id of our own row that we wrote on the provider's object."""
    try:
        return UUID((subject.get("metadata") or {}).get(name, ""))
    except (ValueError, TypeError, AttributeError):  # Others write there as they like.
        return None
