"""Whose turn it is among the refunds that are owed, and for how long one waits.

The row says when: `lease_until` is a worker's time, or the end of a wait. Locks only
refunds.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from payments.models import (
    UNPAID_REFUND,
    DisputeStatus,
    Refund,
    RefundStatus,
    new_key,
)

LEASE = timedelta(seconds=60)
BALANCE_WAIT = timedelta(minutes=5)
TOO_LOW = "The provider's balance is too low."
MOST_ATTEMPTS = 30_000  # Counted no further: the column ends soon after.


@transaction.atomic(durable=True)
def claim(now: datetime) -> Refund | None:
    """The next refund that is owed, or was asked for without an answer."""
    due = _due(now).select_related("payment").order_by("created_at", "pk")
    refund = due.first()
    if refund:
        refund.attempts = min(refund.attempts + 1, MOST_ATTEMPTS)
        refund.lease_until = now + LEASE
        refund.status = RefundStatus.PENDING
        refund.save(update_fields=["attempts", "lease_until", "status"])
    return refund


def _due(now: datetime) -> QuerySet[Refund]:
    """What may be asked for by now, locked; others have the rest.

    A disputed payment's refunds wait until the bank has decided.
    """
    free = Q(lease_until=None) | Q(lease_until__lte=now)
    due = Refund.objects.filter(free, status__in=UNPAID_REFUND, provider_id=None)
    wanted = due.exclude(payment__disputes__status=DisputeStatus.OPEN)
    return wanted.select_for_update(of=("self",), skip_locked=True)


def put_off(refund: Refund, wait: timedelta, why: str, now: datetime) -> None:
    still = Refund.objects.filter(pk=refund.pk, status=RefundStatus.PENDING)
    still.update(lease_until=now + wait, failure=why)


def try_anew(refund: Refund, now: datetime) -> None:
    """After a definite "too low": wait, and ask under a key of its own the next time.

    The provider repeats what it answered to a key for a day, whatever was paid in
    meanwhile. Only a certain no gets a new key: after a silence the old one is what
    keeps the money from going twice. Whoever took the refund up since decides alone.
    """
    ours = Refund.objects.filter(
        pk=refund.pk,
        status=RefundStatus.PENDING,
        key=refund.key,
        attempts=refund.attempts,
    )
    ours.update(key=new_key(), lease_until=now + BALANCE_WAIT, failure=TOO_LOW)


@transaction.atomic(durable=True)
def pause(currency: str, now: datetime) -> None:
    """All that is owed in a short currency waits, unasked and not counted as tried.

    It would be told the same, and keep what is owed in other currencies waiting.
    """
    waiting = _due(now).filter(currency=currency).values_list("pk", flat=True)
    Refund.objects.filter(pk__in=list(waiting)).update(
        lease_until=now + BALANCE_WAIT, failure=TOO_LOW
    )
