"""Paying the refunds that are owed, and following them to the bank and back.

Lock order: order, payment, refund. The provider is asked with none of them held.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Sum

from payments.gateways import (
    BalanceTooLow,
    GatewayRefused,
    GatewayUnavailable,
    RefundRefused,
    RefundResult,
    get_gateway,
)
from payments.models import (
    COUNTED_REFUND,
    UNPAID_REFUND,
    IncidentKind,
    LedgerEntry,
    LedgerKind,
    Order,
    Payment,
    Refund,
    RefundReason,
    RefundStatus,
    new_key,
)
from payments.money import in_words
from payments.services import books, messages, refund_queue, refusals
from payments.services.errors import NotRefundable, RefundTooLarge
from payments.services.refunds import left_to_refund, move_order, refuse_if_disputed
from payments.services.runs import Run

FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=1)
DOUBLINGS = 10  # More would only overflow: the longest wait is reached before.
REFUSED_WAIT = timedelta(minutes=10)
CAME_BACK = ("failed", "canceled")
# Money that bought nothing, or nothing that takes place: all of it goes back.
OF_ALL = (
    RefundReason.SURPLUS,
    RefundReason.TOO_LATE,
    RefundReason.MISMATCH,
    RefundReason.EVENT_CANCELLED,
)
SAY_WHICH_LINES = "Its tickets are still good: say which lines it is for."
NO_TICKETS_LEFT = "None of its tickets is good any more, so it is for none of them."
NO_TICKETS_CONCERNED = "It was surplus money, which no ticket was paid with."
GIVEN_BACK = "given back otherwise"
TOO_MUCH = "too much was refunded elsewhere"
# Why one failed before it was sent.
NEVER_SENT = (GIVEN_BACK, TOO_MUCH)


@dataclass
class Paid(Run):
    """What one run did."""

    paid: int = 0
    failed: int = 0
    waiting: int = 0


def pay_refunds(*, now: datetime, limit: int) -> Paid:
    """Pay up to `limit` refunds that are owed.

    Repeating is safe: the provider knows each by its key, and before a second
    try it is asked which refunds it has made. A short balance pauses what is owed in
    its currency; a later run goes on.
    """
    done = Paid()
    for _ in range(limit):
        if (refund := refund_queue.claim(now)) is None:
            break
        with done.apart(refund):
            _pay(refund, done, now)
    return done


def _pay(refund: Refund, done: Paid, now: datetime) -> None:
    try:
        result = _ask_for(refund, now)
    except BalanceTooLow:
        refund_queue.try_anew(refund, now)
        refund_queue.pause(refund.currency, now)
        done.waiting += 1
    except RefundRefused as refusal:
        if _fail(refund, refusal.reason, now):
            done.failed += 1
            done.problems.append(f"{refund}: {refusal.reason}")
        else:
            done.waiting += 1
    except GatewayRefused as refusal:
        refusals.tell_stuck(refund.payment, refusal)
        why = f"The provider refuses to be asked: {refusal.reason}."
        refund_queue.put_off(refund, REFUSED_WAIT, why, now)
        done.waiting += 1
        done.problems.append(f"{refund}: {why}")
    except GatewayUnavailable:
        wait = min(FIRST_WAIT * 2 ** min(refund.attempts, DOUBLINGS), LONGEST_WAIT)
        refund_queue.put_off(refund, wait, "The provider does not answer.", now)
        done.waiting += 1
    else:
        apply_refund(refund=refund, result=result, now=now)
        done.paid += 1


def _ask_for(refund: Refund, now: datetime) -> RefundResult:
    gateway, intent_id = get_gateway(), refund.payment.intent_id or ""
    if refund.attempts > 1:
        # The provider forgets keys after a day, and we may have been away longer.
        for made in gateway.list_refunds(intent_id=intent_id):
            ours = made.metadata.get("refund") == str(refund.pk)
            if ours and made.status not in CAME_BACK:
                return made
    try:
        return gateway.refund(
            intent_id=intent_id,
            amount=refund.amount,
            currency=refund.currency,
            key=refund.key,
            reference=str(refund.pk),
        )
    except RefundRefused:
        # Perhaps for a refund in the dashboard that we have not heard of: what that
        # leaves of ours has another key then, and this no does not end it.
        others = gateway.list_refunds(intent_id=intent_id)
        apply_refunds(payment=refund.payment, results=others, now=now)
        raise


@transaction.atomic
def apply_refund(*, refund: Refund, result: RefundResult, now: datetime) -> None:
    """Bring a refund, the books and the order to what the provider says.

    A bank may return money weeks later, so a refund that succeeded can fail; and
    one that we gave up (a lost dispute, a refund in the dashboard) can turn out to
    be paid, when the reply to it was lost.
    """
    order, payment = books.lock(refund.payment_id)
    refund = Refund.objects.select_for_update(no_key=True).get(pk=refund.pk)
    refund.provider_id = result.id
    refund.save(update_fields=["provider_id"])
    if result.status == "succeeded" and _is_given_up(refund):
        refund.move_to(RefundStatus.PENDING)
    if result.status == "succeeded" and refund.status in UNPAID_REFUND:
        _book(order, payment, refund, result, now)
    elif result.status in CAME_BACK:
        _fail_locked(order, payment, refund, result.failure or result.status, now)


def _book(
    order: Order, payment: Payment, refund: Refund, result: RefundResult, now: datetime
) -> None:
    """It is paid. If it was lessened on its way, what went is what counts."""
    lessened = result.amount != refund.amount
    if lessened:
        _say_what_went(refund, result.amount)
    refund.move_to(RefundStatus.SUCCEEDED, failure="")
    books.enter(
        payment, kind=LedgerKind.REFUND, amount=-refund.amount, source=result.id
    )
    by_hand = refund.reason == RefundReason.DASHBOARD and refund.unallocated
    if not (by_hand or payment.surplus):
        goodwill = refund.reason == RefundReason.GOODWILL
        move_order(order, rest=goodwill or left_to_refund(payment) > 0)
    messages.tell_refunded(order, refund, now=now)
    if lessened:
        _drop_what_is_too_much(payment, now)


def _say_what_went(refund: Refund, amount: int) -> None:
    refund.amount = amount
    cost = refund.lines.aggregate(sum=Sum("total_amount"))["sum"]
    if cost is not None:
        refund.unallocated = cost != amount
    refund.save(update_fields=["amount", "unallocated"])


def _is_given_up(refund: Refund) -> bool:
    """Failed here, without the bank ever having sent the money back."""
    back = LedgerEntry.objects.filter(source=_source_of_return(refund))
    return refund.status == RefundStatus.FAILED and not back.exists()


def _source_of_return(refund: Refund) -> str:
    return f"{refund.provider_id}:failed"


@transaction.atomic
def apply_refunds(
    *, payment: Payment, results: Collection[RefundResult], now: datetime
) -> None:
    """Bring all refunds of a payment to what the provider says of them.

    One that we did not ask for was made in the provider's dashboard: it is kept
    as it is, names no lines, takes no ticket, and staff are told. One that failed
    and was tried again is old news: its row waits for another, under another key.
    """
    for result in results:
        refund = Refund.objects.filter(provider_id=result.id).first()
        refund = refund or _ours(payment, result) or _found(payment, result, now)
        # One that was lessened on its way went under the key it had before.
        is_the_last = refund.provider_id == result.id
        if is_the_last or result.metadata.get("key", refund.key) == refund.key:
            apply_refund(refund=refund, result=result, now=now)
    _drop_what_is_too_much(payment, now)


def _ours(payment: Payment, result: RefundResult) -> Refund | None:
    """The row whose reply was lost: the refund carries its id."""
    wanted = {str(refund.pk): refund for refund in payment.refunds.all()}
    return wanted.get(result.metadata.get("refund", ""))


def _found(payment: Payment, result: RefundResult, now: datetime) -> Refund:
    order, payment = books.lock(payment.pk)
    has_tickets = order.lines.filter(returned_at=None).exists()
    told = SAY_WHICH_LINES if has_tickets else NO_TICKETS_LEFT
    if payment.surplus:
        told = NO_TICKETS_CONCERNED
    books.report(
        IncidentKind.DASHBOARD_REFUND,
        order=order,
        detail=(
            f"{in_words(result.amount, result.currency)} was refunded at the provider "
            f"and not here. {told}"
        ),
        dedupe_key=result.id,
    )
    refund, _ = Refund.objects.get_or_create(
        provider_id=result.id,
        defaults={
            "payment": payment,
            "amount": result.amount,
            "currency": result.currency,
            "reason": RefundReason.DASHBOARD,
            "unallocated": has_tickets and not payment.surplus,
            "status": RefundStatus.PENDING,
            "created_at": now,
        },
    )
    return refund


def _drop_what_is_too_much(payment: Payment, now: datetime) -> None:
    """After a refund in the dashboard: ask for no more than the provider has left.

    Where the tickets are gone, or good for nothing, it counts towards the refund and
    the rest still goes back. Otherwise it may have been meant instead of ours, which
    is given up, and staff decide again.
    """
    order, payment = books.lock(payment.pk)
    over = -left_to_refund(payment)
    unasked = payment.refunds.filter(status__in=UNPAID_REFUND, provider_id=None)
    for refund in unasked.select_for_update(no_key=True).order_by("-created_at", "-pk"):
        if over <= 0:
            return
        if refund.amount > over and _gives_all_back(refund):
            lessen(refund, over)
        else:
            why = TOO_MUCH if refund.amount > over else GIVEN_BACK
            _fail_locked(order, payment, refund, why, now)
        over -= refund.amount


def _gives_all_back(refund: Refund) -> bool:
    """Whether its buyer has nothing left for the money."""
    lines = refund.lines.all()
    taken_back = bool(lines) and all(line.returned_at for line in lines)
    return refund.reason in OF_ALL or taken_back


def lessen(refund: Refund, by: int) -> None:
    """Under a key of its own: the provider takes each for one amount only."""
    rest = _as_a_rest(refund, refund.amount - by)
    Refund.objects.filter(pk=refund.pk).update(key=new_key(), **rest)


def _as_a_rest(refund: Refund, amount: int) -> dict[str, int]:
    """What changes in a refund that gives less than was asked for.

    If it names lines, they cost more than that from now on. One that names none stays
    as it is: staff have to say of one from the dashboard, and of no surplus.
    """
    return {
        "amount": amount,
        "unallocated": refund.unallocated or refund.lines.exists(),
    }


@transaction.atomic
def _fail(asked: Refund, code: str, now: datetime) -> bool:
    """Give up what was `asked` for; whether the refund has failed by now.

    One that has another key since is asked for anew, and the no was not to that.
    """
    order, payment = books.lock(asked.payment_id)
    refund = Refund.objects.select_for_update(no_key=True).get(pk=asked.pk)
    if refund.status == RefundStatus.PENDING and refund.key == asked.key:
        _fail_locked(order, payment, refund, code, now)
    return refund.status == RefundStatus.FAILED


def _fail_locked(
    order: Order, payment: Payment, refund: Refund, code: str, now: datetime
) -> None:
    if refund.status == RefundStatus.FAILED:
        return
    if refund.status == RefundStatus.SUCCEEDED:
        books.enter(
            payment,
            kind=LedgerKind.REFUND_FAILED,
            amount=refund.amount,
            source=_source_of_return(refund),
        )
        messages.tell_refund_came_back(order, refund, now=now)
    refund.move_to(RefundStatus.FAILED, failure=code[:200])
    books.report(
        IncidentKind.REFUND_FAILED,
        order=order,
        detail=_what_failed(refund, code),
        dedupe_key=f"{refund.pk}:{refund.attempts}",
    )


def _what_failed(refund: Refund, code: str) -> str:
    told = {
        GIVEN_BACK: "was not sent: it was given back otherwise, and nothing is left.",
        TOO_MUCH: (
            "was not sent: so much is not left any more. Try again to send what is, "
            "or leave it."
        ),
    }
    failed = f"did not reach the buyer ({code}). Try again, or pay them another way."
    return f"{in_words(refund.amount, refund.currency)} {told.get(code, failed)}"


@transaction.atomic
def retry_refund(*, refund: Refund, now: datetime) -> Refund:
    """Try a failed refund again, as a new one at the provider; or what is left of it,
    where a part went back otherwise meanwhile.

    Raises NotRefundable if another has taken its place: once it had failed, its
    tickets could be refunded again. Or PaymentDisputed; or RefundTooLarge if nothing
    is left.
    """
    order, payment = books.lock(refund.payment_id)
    refund = Refund.objects.select_for_update(no_key=True).get(pk=refund.pk)
    refuse_if_disputed(order, payment)
    others = payment.refunds.filter(status__in=COUNTED_REFUND).exclude(pk=refund.pk)
    if others.filter(lines__in=refund.lines.all()).exists():
        raise NotRefundable(
            reference=order.reference,
            why="the money for these tickets is given back by another refund",
        )
    left = left_to_refund(payment)
    if left <= 0:
        raise RefundTooLarge(
            reference=order.reference,
            left=in_words(0, payment.currency),
            asked=in_words(refund.amount, refund.currency),
        )
    rest = _as_a_rest(refund, left) if left < refund.amount else {}
    refund.move_to(
        RefundStatus.PENDING,
        **rest,
        key=new_key(),
        provider_id=None,
        lease_until=None,
        failure="",
    )
    return refund
