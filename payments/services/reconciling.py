"""Comparing what the provider says with what we have: payments, refunds, disputes,
the ledger, the stock and the gate.

A repair is never more than asking the ordinary flows to look again: they settle,
cancel or record as they would have. Nothing here writes the ledger, moves money or
makes a ticket, so nothing is ever "fixed" upwards; what the flows cannot explain is
for a person, and becomes an incident.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Sum

from payments.gateways import GatewayUnavailable, Intent, IntentStatus, get_gateway
from payments.models import (
    OPEN_PAYMENT,
    Dispute,
    DisputeStatus,
    Incident,
    IncidentKind,
    LedgerKind,
    OrderStatus,
    Payment,
    PaymentStatus,
    RefundStatus,
    StripeEvent,
)
from payments.models.news import ReconcileRun
from payments.money import in_words
from payments.services import asking, books, disputes, repaying
from ticketapp import audit

# What is younger may be on its way still.
GRACE = timedelta(minutes=5)
STUCK_EVENT = timedelta(hours=1)
OPEN_INTENT = (
    IntentStatus.REQUIRES_PAYMENT_METHOD,
    IntentStatus.REQUIRES_CONFIRMATION,
    IntentStatus.REQUIRES_ACTION,
)
STAFF = "tell staff"


@dataclass
class Difference:
    """One thing that two of us see differently, and what is to be done."""

    kind: str
    subject: str
    detail: str
    remedy: str = STAFF
    done: bool = False

    def __str__(self) -> str:
        state = "did" if self.done else "would"
        return f"{self.kind} {self.subject}: {self.detail} ({state} {self.remedy})"


def reconcile(*, now: datetime, since: datetime, repair: bool) -> ReconcileRun:
    """Compare everything begun since then, record the run, and tell staff.

    With `repair`, differences that an ordinary flow explains are given to it,
    and looked at again. A provider that stops answering ends the run, which
    says so.
    """
    run = ReconcileRun.objects.create(
        as_of=now, since=since, repairs=repair, started_at=now
    )
    found: list[Difference] = []
    listed: set[str] = set()
    try:
        for intent, payment in _pairs(since):
            listed.add(intent.id)
            found += _compared(intent, payment, now, repair=repair)
        found += _only_here(listed, since, now)
    except GatewayUnavailable:
        run.problem = "The provider stopped answering; the rest was not compared."
    run.compared = len(listed)
    found += _stuck_events(now)
    found += _broken_invariants(now)
    return _finish(run, found, now)


def _finish(run: ReconcileRun, found: list[Difference], now: datetime) -> ReconcileRun:
    left = [difference for difference in found if not difference.done]
    for difference in left:
        _tell_staff(difference)
    run.found, run.repaired = len(found), len(found) - len(left)
    run.differences = [asdict(difference) for difference in found]
    run.finished_at = now
    run.save()
    return run


def _tell_staff(difference: Difference) -> None:
    """Once for each difference, and again if it was dealt with and is still there."""
    payment = Payment.objects.filter(intent_id=difference.subject).first()
    key = f"{difference.kind}:{difference.subject}"[:180]
    books.report(
        IncidentKind.RECONCILE,
        order=payment.order if payment else None,
        detail=f"{difference.kind}: {difference.detail}",
        dedupe_key=key,
    )
    Incident.objects.filter(dedupe_key=f"{IncidentKind.RECONCILE}:{key}").update(
        resolved_at=None
    )


# The provider's payments beside ours


def _pairs(since: datetime) -> Iterator[tuple[Intent, Payment | None]]:
    payments = Payment.objects.select_related("order__hold", "order__event")
    for intent in get_gateway().list_intents(since=since):
        found = payments.filter(intent_id=intent.id).first()
        payment_id = _id_in(intent)
        if found is None and payment_id:
            found = payments.filter(pk=payment_id).first()
        yield intent, found


def _id_in(intent: Intent) -> UUID | None:
    try:
        return UUID(intent.metadata.get("payment", ""))
    except ValueError:
        return None


def _compared(
    intent: Intent, payment: Payment | None, now: datetime, *, repair: bool
) -> Iterator[Difference]:
    if payment is None:
        told = f"{in_words(intent.amount, intent.currency)}, {intent.status}"
        yield Difference("unknown_intent", intent.id, f"none of our payments: {told}")
        return
    if payment.created_at > now - GRACE and payment.status in OPEN_PAYMENT:
        return
    yield from _state(intent, payment, now, repair=repair)
    if intent.status == IntentStatus.SUCCEEDED:
        payment.refresh_from_db()
        yield from _captured(intent, payment)
        yield from _refunded(intent, payment, now, repair=repair)
        yield from _disputed(intent, payment, now, repair=repair)


def _state(
    intent: Intent, payment: Payment, now: datetime, *, repair: bool
) -> Iterator[Difference]:
    """Who says that it is paid, over, or open."""
    paid_there = intent.status == IntentStatus.SUCCEEDED
    paid_here = payment.status == PaymentStatus.SUCCEEDED
    told = f"{intent.status} at the provider, {payment.status} here"
    if paid_here and not paid_there:
        yield Difference("paid_only_here", intent.id, told)
    elif paid_there and not paid_here:
        missed = Difference("missed_success", intent.id, told, "settle it")
        yield _mend(missed, payment, now, repair, cancel=False)
    elif intent.status == IntentStatus.CANCELED and payment.status in OPEN_PAYMENT:
        missed = Difference("missed_cancellation", intent.id, told, "close it")
        yield _mend(missed, payment, now, repair, cancel=False)
    elif intent.status in OPEN_INTENT and _should_be_over(payment):
        left = Difference("intent_left_open", intent.id, told, "cancel the intent")
        yield _mend(left, payment, now, repair, cancel=True)


def _should_be_over(payment: Payment) -> bool:
    """An order that is closed, or paid otherwise, must not take money any more."""
    over = payment.status not in OPEN_PAYMENT
    return over or payment.order.status != OrderStatus.PENDING


def _mend(
    difference: Difference,
    payment: Payment,
    now: datetime,
    repair: bool,
    *,
    cancel: bool,
) -> Difference:
    if repair:
        look = asking.cancel_payment if cancel else asking.ask_about
        look(payment=payment, now=now)
        difference.done = True
    return difference


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


def _refunded(
    intent: Intent, payment: Payment, now: datetime, *, repair: bool
) -> Iterator[Difference]:
    counted = [RefundStatus.SUCCEEDED, RefundStatus.PENDING]
    ours = payment.refunds.filter(status__in=counted).exclude(provider_id=None)
    here = ours.aggregate(sum=Sum("amount"))["sum"] or 0
    if here == intent.amount_refunded:
        return
    difference = Difference(
        "refunds_differ",
        intent.id,
        f"{in_words(intent.amount_refunded, intent.currency)} at the provider, "
        f"{in_words(here, payment.currency)} here",
        "record what the provider refunded",
    )
    if repair:
        results = get_gateway().list_refunds(intent_id=intent.id)
        repaying.apply_refunds(payment=payment, results=results, now=now)
        difference.done = True
    yield difference


def _disputed(
    intent: Intent, payment: Payment, now: datetime, *, repair: bool
) -> Iterator[Difference]:
    taken = [DisputeStatus.OPEN, DisputeStatus.LOST]
    known = Dispute.objects.filter(payment=payment, status__in=taken).exclude(
        provider_status__startswith="warning"
    )
    if known.exists() == intent.disputed:
        return
    state = "disputed" if intent.disputed else "not disputed"
    difference = Difference(
        "disputes_differ",
        intent.id,
        f"{state} at the provider, otherwise here",
        "record what the provider says of its disputes",
    )
    if repair:
        for info in get_gateway().list_disputes(intent_id=intent.id):
            disputes.apply_dispute(payment=payment, info=info, now=now)
        difference.done = True
    yield difference


def _only_here(
    listed: set[str], since: datetime, now: datetime
) -> Iterator[Difference]:
    """Payments with an id that the provider's list does not have."""
    ours = Payment.objects.filter(
        created_at__gte=since + GRACE, created_at__lte=now - GRACE
    ).exclude(intent_id=None)
    for intent_id, status in ours.values_list("intent_id", "status"):
        if intent_id and intent_id not in listed:
            told = f"{status} here, and the provider does not list it"
            yield Difference("missing_at_provider", intent_id, told)


# Our own house


def _stuck_events(now: datetime) -> Iterator[Difference]:
    stuck = StripeEvent.objects.filter(
        processed_at=None, received_at__lte=now - STUCK_EVENT
    )
    for event in stuck.order_by("pk"):
        told = f"{event.type}: {event.error}"
        yield Difference("stuck_event", event.provider_id, told)


def _broken_invariants(now: datetime) -> Iterator[Difference]:
    """The ledger against its orders, the stock and the gate against the lines."""
    for finding in audit.findings(now=now):
        row = ", ".join(f"{name}={value}" for name, value in finding.row.items())
        subject = str(next(iter(finding.row.values()), ""))
        yield Difference(
            f"invariant_{finding.number}", subject, f"{finding.promise}: {row}"
        )
