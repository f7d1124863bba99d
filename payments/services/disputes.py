"""The buyer's bank asks the money back. Lock order: order, payment, dispute."""

from contextlib import suppress
from datetime import datetime
from uuid import UUID

from django.db import transaction

from inventory import services as inventory
from payments.gateways import DisputeInfo
from payments.models import (
    TAKEN_BY_THE_BANK,
    UNPAID_REFUND,
    Dispute,
    DisputeStatus,
    IncidentKind,
    LedgerKind,
    Payment,
    RefundStatus,
)
from payments.money import in_words
from payments.services import books, repaying
from payments.services.errors import NotRefundable, PaymentDisputed, RefundTooLarge
from payments.services.refunds import left_to_refund

WON = {"won", "warning_closed", "prevented"}
LOST = {"lost"}
NOT_ADMITTED = "Its unused tickets do not admit until it is won."
STILL_GOOD = "It was surplus money: its order's tickets are not touched."
# What the provider says of a refund when it knows of a dispute before we do.
DISPUTED = "charge_disputed"
ASKED_BACK = inventory.NotAdmitted(
    "payment_disputed", "its payment is disputed by the buyer's bank"
)
NOT_PAID_FOR = inventory.NotAdmitted(
    "payment_lost", "its disputed payment went back to the buyer's bank"
)


@transaction.atomic
def apply_dispute(*, payment: Payment, info: DisputeInfo, now: datetime) -> Dispute:
    """Bring a dispute and the books to what the provider says; again: no change.

    While it is open or lost, the order's unused tickets do not admit, unless it is
    of a surplus, which did not pay for them. Lost, the refunds still owed for what the
    bank took are dropped; won, those that it stopped are owed again.
    """
    order, payment = books.lock(payment.pk)
    dispute, made = Dispute.objects.get_or_create(
        provider_id=info.id,
        defaults={
            "payment": payment,
            "provider_status": info.status,
            "amount": info.amount,
            "currency": info.currency,
            "reason": info.reason[:60],
            "opened_at": info.opened_at,
        },
    )
    if made:
        books.report(
            IncidentKind.DISPUTE,
            order=order,
            detail=(
                f"{in_words(info.amount, info.currency)} disputed ({info.reason}). "
                f"{STILL_GOOD if payment.surplus else NOT_ADMITTED}"
            ),
            dedupe_key=info.id,
        )
    for source, amount in moved_in(payment.currency, info).items():
        taken = amount < 0
        books.enter(
            payment,
            kind=(
                LedgerKind.DISPUTE_WITHDRAWN if taken else LedgerKind.DISPUTE_RETURNED
            ),
            amount=amount,
            source=source,
        )
    _decide(dispute, payment, info, now)
    return dispute


def moved_in(currency: str, info: DisputeInfo) -> dict[str, int]:
    """What each movement took or gave, in the currency of the payment.

    The provider moves money of our balance there, whose currency may be another, at
    the rate of the day. Of the payment's own money it is what the dispute is about
    that goes and comes back. Left out is what cannot be said in that currency.
    """
    moved = {}
    for each in info.movements:
        if each.currency == currency:
            moved[each.id] = each.amount
        elif info.currency == currency:
            moved[each.id] = -info.amount if each.amount < 0 else info.amount
    return moved


def _decide(
    dispute: Dispute, payment: Payment, info: DisputeInfo, now: datetime
) -> None:
    dispute.provider_status = info.status
    dispute.save(update_fields=["provider_status"])
    if dispute.status != DisputeStatus.OPEN:
        return
    if info.status in WON:
        dispute.move_to(DisputeStatus.WON, closed_at=now)
        _owe_again(payment, now)
    elif info.status in LOST:
        dispute.move_to(DisputeStatus.LOST, closed_at=now)
        _drop_what_the_bank_took(payment)
        _owe_again(payment, now)


def _drop_what_the_bank_took(payment: Payment) -> None:
    """Of the refunds still owed, the latest first. The rest still goes back."""
    over = -left_to_refund(payment)
    owed = payment.refunds.filter(status__in=UNPAID_REFUND, provider_id=None)
    for refund in owed.select_for_update(no_key=True).order_by("-created_at", "-pk"):
        if over <= 0:
            return
        if refund.amount > over:
            repaying.lessen(refund, over)
        else:
            refund.move_to(RefundStatus.FAILED, failure="lost in a dispute")
        over -= refund.amount


def _owe_again(payment: Payment, now: datetime) -> None:
    """The bank has decided, so what was refused until then is asked for anew.

    Unless the bank has it, it is given back otherwise, or another dispute is open.
    """
    refused = payment.refunds.filter(status=RefundStatus.FAILED, failure=DISPUTED)
    for refund in refused.order_by("created_at", "pk"):
        with suppress(NotRefundable, PaymentDisputed, RefundTooLarge):
            repaying.retry_refund(refund=refund, now=now)


def disputed_tickets(
    tickets: inventory.TicketIds,
) -> dict[UUID, inventory.NotAdmitted]:
    """Those of a disputed payment, and why they stay out; asked at every scan."""
    disputed = Dispute.objects.filter(
        status__in=TAKEN_BY_THE_BANK,
        payment__surplus=False,
        payment__order__lines__ticket__in=tickets,
    )
    rows = disputed.values_list("payment__order__lines__ticket", "status")
    # Of several the worst, which comes last: open, then lost.
    return {
        ticket: NOT_PAID_FOR if status == DisputeStatus.LOST else ASKED_BACK
        for ticket, status in rows.order_by("-status")
    }
