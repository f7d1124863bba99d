"""One payment as the provider and we have it, and what to do where the two differ.

Part of `reconciling`: each difference is given to the ordinary flow that should have
seen to it, and an intent too many is cancelled; nothing else is done about it.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from payments.gateways import Intent, IntentStatus, get_gateway
from payments.models import (
    OPEN_PAYMENT,
    Dispute,
    LedgerEntry,
    LedgerKind,
    OrderStatus,
    Payment,
    PaymentAttempt,
    PaymentStatus,
    Refund,
    RefundStatus,
)
from payments.money import in_words
from payments.services import aftermath, asking, surplus
from payments.services.differences import STAFF, Difference
from payments.services.spans import Pair, Span

# What is younger may be on its way still.
GRACE = timedelta(minutes=5)
OPEN_INTENT = (
    IntentStatus.REQUIRES_PAYMENT_METHOD,
    IntentStatus.REQUIRES_CONFIRMATION,
    IntentStatus.REQUIRES_ACTION,
)
CANCEL = "cancel the intent"
PAGE = 100


def pairs(span: Span) -> Iterator[Pair]:
    """Each intent with its payment, a page of them at a time, newest first."""
    until = None if span.is_open else span.until
    listed = iter(get_gateway().list_intents(since=span.since, until=until))
    while page := list(islice(listed, PAGE)):
        intents = [each.intent for each in page]
        known = _payments_of(each for each in intents if isinstance(each, Intent))
        for each in page:
            intent = each.intent
            named = _id_in(intent) if isinstance(intent, Intent) else None
            yield each, known.get(intent.id) or known.get(named)


def _payments_of(intents: Iterable[Intent]) -> dict[str | UUID | None, Payment]:
    """By the intent's id, and by what we wrote on it when we did not know that yet."""
    names = {intent.id: _id_in(intent) for intent in intents}
    ids, named = list(names), list(filter(None, names.values()))
    known: dict[str | UUID | None, Payment] = {}
    for payment in _with_its_books().filter(Q(intent_id__in=ids) | Q(pk__in=named)):
        known[payment.pk] = payment
        if payment.intent_id:
            known[payment.intent_id] = payment
    return known


def _with_its_books() -> QuerySet[Payment]:
    """Payments with what came in, what went back, and whether a bank ever asked."""
    captures = LedgerEntry.objects.filter(
        payment=OuterRef("pk"), kind=LedgerKind.CAPTURE
    )
    refunds = Refund.objects.filter(
        payment=OuterRef("pk"), status__in=aftermath.COUNTED, provider_id__isnull=False
    )
    awaited = refunds.filter(status=RefundStatus.PENDING)
    return Payment.objects.select_related("order__hold", "order__event").annotate(
        booked=_sum_of(captures),
        given_back=_sum_of(refunds),
        awaits_a_refund=Exists(awaited),
        was_disputed=Exists(Dispute.objects.filter(payment=OuterRef("pk"))),
    )


def _sum_of(rows: QuerySet) -> Coalesce:
    sums = rows.order_by().values("payment").annotate(sum=Sum("amount"))
    return Coalesce(Subquery(sums.values("sum")), 0)


def _id_in(intent: Intent) -> UUID | None:
    try:
        return UUID(intent.metadata.get("payment", ""))
    except ValueError:
        return None


def compared(
    intent: Intent, payment: Payment | None, now: datetime, *, repair: bool
) -> Iterator[Difference]:
    if payment is None:
        told = f"{in_words(intent.amount, intent.currency)}, {intent.status}"
        yield Difference("unknown_intent", intent.id, f"none of our payments: {told}")
        return
    if payment.created_at > now - GRACE and payment.status in OPEN_PAYMENT:
        return
    if payment.intent_id not in (None, intent.id):
        yield from _second(intent, payment, repair=repair)
        return
    if _agree(intent, payment):
        return
    # Known by what we wrote on it, perhaps, when its creation was not answered.
    payment.intent_id = payment.intent_id or intent.id
    if difference := _state(intent, payment):
        if repair:
            difference.done = _mended(difference, intent, payment, now)
        yield difference
    if intent.status == IntentStatus.SUCCEEDED:
        payment.refresh_from_db()
        yield from _captured(intent, payment)
        yield from aftermath.refunded(intent, payment, now, repair=repair)
        yield from aftermath.disputed(intent, payment, now, repair=repair)


def _second(intent: Intent, payment: Payment, *, repair: bool) -> Iterator[Difference]:
    """An intent that says it is a payment's, which has another.

    Its creation was answered to nobody, and its key was forgotten. It must not take
    money besides; what it took is nobody's payment, so a person gives it back.
    """
    if intent.status == IntentStatus.CANCELED or _has_gone_back(intent):
        return
    told = (
        f"{in_words(intent.amount, intent.currency)}, {intent.status}, beside "
        f"{payment} of order {payment.order}"
    )
    difference = Difference("second_intent", intent.id, told)
    if intent.status != IntentStatus.SUCCEEDED:
        difference.remedy = CANCEL
        if repair:
            after = get_gateway().cancel_intent(intent_id=intent.id)
            difference.done = after.status == IntentStatus.CANCELED
    yield difference


def _has_gone_back(intent: Intent) -> bool:
    return 0 < intent.amount_received <= intent.amount_refunded


def _agree(intent: Intent, payment: Payment) -> bool:
    """The usual case, seen without asking anybody again."""
    books: Any = payment  # As `_with_its_books` has loaded it.
    if intent.status == IntentStatus.CANCELED:
        return payment.status in (PaymentStatus.CANCELLED, PaymentStatus.FAILED)
    there = (
        intent.status,
        intent.currency,
        intent.amount_received,
        intent.amount_refunded,
    )
    here = (
        payment.status,
        payment.currency,
        books.booked,
        books.given_back,
    )
    undecided = intent.disputed or books.was_disputed or books.awaits_a_refund
    return payment.status == PaymentStatus.SUCCEEDED and here == there and not undecided


def _state(intent: Intent, payment: Payment) -> Difference | None:
    """Who says that it is paid, over, or open."""
    paid_there = intent.status == IntentStatus.SUCCEEDED
    paid_here = payment.status == PaymentStatus.SUCCEEDED
    told = f"{intent.status} at the provider, {payment.status} here"
    if paid_here and not paid_there:
        return Difference("paid_only_here", intent.id, told)
    if paid_there and not paid_here:
        return _missed(intent, payment, told)
    if intent.status == IntentStatus.CANCELED and payment.status in OPEN_PAYMENT:
        return Difference("missed_cancellation", intent.id, told, "close it")
    if intent.status in OPEN_INTENT and _should_be_over(payment):
        return Difference("intent_left_open", intent.id, told, CANCEL)
    if intent.status == IntentStatus.PROCESSING and _should_be_over(payment):
        return Difference("processing_though_over", intent.id, told)
    return None


def _missed(intent: Intent, payment: Payment, told: str) -> Difference:
    """Money that we did not hear of, and what the ordinary flow would do with it."""
    if surplus.is_surplus(payment.order, payment):
        told += f", and the order is {payment.order.status}"
        return Difference("surplus_charge", intent.id, told, "give it back")
    return Difference("missed_success", intent.id, told, "settle it")


def _should_be_over(payment: Payment) -> bool:
    """An order that is closed, or paid otherwise, must not take money any more."""
    over = payment.status not in OPEN_PAYMENT
    return over or payment.order.status != OrderStatus.PENDING


def _mended(
    difference: Difference, intent: Intent, payment: Payment, now: datetime
) -> bool:
    """Give it to the ordinary flow, and ask both sides anew whether they agree."""
    if difference.remedy == STAFF:
        return False
    look = asking.cancel_payment if difference.remedy == CANCEL else asking.ask_about
    look(payment=payment, now=now)
    payment.refresh_from_db()
    there = get_gateway().retrieve_intent(intent_id=intent.id)
    return _state(there, payment) is None


def _captured(intent: Intent, payment: Payment) -> Iterator[Difference]:
    entries = payment.ledger_entries.filter(kind=LedgerKind.CAPTURE)
    booked = entries.aggregate(sum=Sum("amount"))["sum"] or 0
    if booked and (booked, payment.currency) != (
        intent.amount_received,
        intent.currency,
    ):
        yield Difference(
            "amount_differs",
            intent.id,
            f"{in_words(intent.amount_received, intent.currency)} at the provider, "
            f"{in_words(booked, payment.currency)} in the ledger",
        )


def only_here(listed: set[str], span: Span) -> Iterator[Difference]:
    """Payments with an id that the provider's list does not have, where it was read."""
    youngest = span.until - GRACE
    ours = Payment.objects.filter(
        created_at__gte=span.reached + GRACE, created_at__lte=youngest
    ).exclude(intent_id=None)
    if not span.is_open:
        # After a long silence an intent is made much later than its payment, and
        # listed with what is younger. But none is made after a card was tried on it.
        tried = PaymentAttempt.objects.filter(payment=OuterRef("pk"))
        ours = ours.filter(Exists(tried.filter(created_at__lte=youngest)))
    for intent_id, status in ours.values_list("intent_id", "status"):
        if intent_id and intent_id not in listed:
            told = f"{status} here, and the provider does not list it"
            yield Difference("missing_at_provider", intent_id, told)
