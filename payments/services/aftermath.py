"""What came after the money: refunds and disputes, as the provider and we have them.

Part of `reconciling`: each difference is given to the flow that a webhook would have
given it to, and nothing else is done about it.
"""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Sum

from payments.gateways import DisputeInfo, Intent, get_gateway
from payments.models import (
    LedgerKind,
    Payment,
    RefundStatus,
)
from payments.money import in_words
from payments.services import disputes, repaying
from payments.services.differences import Difference

COUNTED = (RefundStatus.SUCCEEDED, RefundStatus.PENDING)
UNDECIDED = ("pending", "requires_action")
OF_DISPUTES = (LedgerKind.DISPUTE_WITHDRAWN, LedgerKind.DISPUTE_RETURNED)


def refunded(
    intent: Intent, payment: Payment, now: datetime, *, repair: bool
) -> Iterator[Difference]:
    """What went back, and what became of each refund: equal sums say nothing of that.

    The provider counts a refund from its beginning, as we do, until it has failed.
    What is still not alike after the repair is for a person.
    """
    ours = payment.refunds.filter(status__in=COUNTED).exclude(provider_id=None)
    here = _counted(payment)
    pending = ours.filter(status=RefundStatus.PENDING)
    awaited = set(pending.values_list("provider_id", flat=True))
    if here == intent.amount_refunded and not awaited:
        return
    results = get_gateway().list_refunds(intent_id=intent.id)
    there = {result.id: result.status for result in results}
    told = list(_decided(awaited, there))
    if here != intent.amount_refunded:
        back = in_words(intent.amount_refunded, intent.currency)
        known = in_words(here, intent.currency)
        told.insert(0, f"{back} at the provider, {known} here")
    if not told:
        return
    remedy = "record what the provider refunded"
    difference = Difference("refunds_differ", intent.id, "; ".join(told), remedy)
    if repair:
        repaying.apply_refunds(payment=payment, results=results, now=now)
        stands = sum(
            each.amount for each in results if each.status not in repaying.CAME_BACK
        )
        difference.done = awaited <= set(there) and _counted(payment) == stands
    yield difference


def _counted(payment: Payment) -> int:
    ours = payment.refunds.filter(status__in=COUNTED).exclude(provider_id=None)
    return ours.aggregate(sum=Sum("amount"))["sum"] or 0


def _decided(awaited: set[str | None], there: dict[str, str]) -> Iterator[str]:
    """Refunds that wait here for what the provider knows already."""
    for name in sorted(filter(None, awaited)):
        status = there.get(name, "unknown")
        if status not in UNDECIDED:
            yield f"refund {name} {status} at the provider, pending here"


def disputed(
    intent: Intent, payment: Payment, now: datetime, *, repair: bool
) -> Iterator[Difference]:
    """Each dispute, what was decided, and each time its money moved.

    A decision and its money come apart: that a dispute was won does not say that
    we have heard of the money's coming back.
    """
    if not intent.disputed and not payment.disputes.exists():
        return
    theirs = get_gateway().list_disputes(intent_id=intent.id)
    told = list(_differing(payment, theirs))
    if not told:
        return
    remedy = "record what the provider says of its disputes"
    difference = Difference("disputes_differ", intent.id, "; ".join(told), remedy)
    if repair:
        for info in theirs:
            disputes.apply_dispute(payment=payment, info=info, now=now)
        difference.done = not any(_differing(payment, theirs))
    yield difference


def _differing(payment: Payment, theirs: list[DisputeInfo]) -> Iterator[str]:
    """In words, what the provider and we have not alike."""
    there = {info.id: info.status for info in theirs}
    here = _statuses(payment)
    if here != there:
        yield f"{_in_words(there)} at the provider, {_in_words(here)} here"
    moved: dict[str, int] = {}
    for info in theirs:
        moved |= disputes.moved_in(payment.currency, info)
        for each in info.movements:
            if each.id not in moved:
                told = in_words(each.amount, each.currency)
                yield f"{each.id} moved {told}, and nobody can say how much of ours"
    booked = _movements(payment)
    for source in sorted(moved.keys() | booked.keys()):
        if moved.get(source) != booked.get(source):
            yield (
                f"{source} moved {_amount(moved.get(source), payment)} at the "
                f"provider, {_amount(booked.get(source), payment)} in the ledger"
            )


def _statuses(payment: Payment) -> dict[str, str]:
    return dict(payment.disputes.values_list("provider_id", "provider_status"))


def _movements(payment: Payment) -> dict[str, int]:
    entries = payment.ledger_entries.filter(kind__in=OF_DISPUTES)
    return dict(entries.values_list("source", "amount"))


def _amount(moved: int | None, payment: Payment) -> str:
    return "nothing" if moved is None else in_words(moved, payment.currency)


def _in_words(statuses: dict[str, str]) -> str:
    told = [f"{name} {status}" for name, status in sorted(statuses.items())]
    return ", ".join(told) or "no dispute"
