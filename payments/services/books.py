"""The books: the rows that only say what happened, written with the fact.

Lock order: order, payment. The callers have them.
"""

from datetime import datetime
from uuid import UUID

from payments.models import (
    Incident,
    IncidentKind,
    LedgerEntry,
    LedgerKind,
    Order,
    Payment,
)
from ticketapp import writing
from ticketapp.compiled import Compiled

# Of an event: long texts and a place, which take time to read and nobody asks for.
NOT_ASKED = ("event__description", "event__search_text", "event__location")
ORDER_OF_PAYMENT = Compiled(
    lambda payment: (
        Order.objects.select_for_update(of=("self",), no_key=True)
        .select_related("event", "user")
        .defer(*NOT_ASKED)
        .filter(payments=payment)
    )
)
# With the hold, which is read once the order is locked: what a statement joins to a
# row that it waits for is as old as the statement.
PAYMENT = Compiled(
    lambda payment: (
        Payment.objects.select_for_update(of=("self",), no_key=True)
        .select_related("order__hold")
        .filter(pk=payment)
    )
)


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
    """Put something in front of staff, once; `again` also after it was dealt with."""
    key = f"{kind}:{dedupe_key}"
    incident = Incident(kind=kind, order=order, detail=detail, dedupe_key=key)
    Incident.objects.bulk_create([incident], ignore_conflicts=True)
    if again:
        dealt_with = Incident.objects.filter(dedupe_key=key, resolved_at__isnull=False)
        dealt_with.update(resolved_at=None)


def lock(payment_id: UUID) -> tuple[Order, Payment]:
    """The order and the payment, locked in this order, as they are now.

    The order's hold is not locked, but whoever pays with it has the order first.
    """
    order = ORDER_OF_PAYMENT.get(payment=payment_id)
    payment = PAYMENT.get(payment=payment_id)
    order.hold = payment.order.hold
    payment.order = order
    return order, payment


def resolve_incident(*, incident: Incident, now: datetime) -> None:
    """Staff have dealt with it; the first time counts."""
    Incident.objects.filter(pk=incident.pk, resolved_at=None).update(resolved_at=now)
