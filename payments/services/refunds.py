"""Giving money back: first it is owed, in a row that names its lines, then a
worker pays it. Taking the tickets back is another act, done beside it.

Lock order: order, payment, refund, tickets. Never more than was captured: owed,
pending and paid refunds are counted under the payment's lock.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet, Sum

from accounts.models import User
from inventory import services as inventory
from inventory.models import TicketStatus
from payments.models import (
    COUNTED_REFUND,
    LIVE_PAYMENT,
    Dispute,
    DisputeStatus,
    LedgerKind,
    Order,
    OrderLine,
    OrderStatus,
    Payment,
    PaymentStatus,
    Refund,
    RefundReason,
    new_key,
)
from payments.money import in_words
from payments.services import books
from payments.services.errors import NotRefundable, PaymentDisputed, RefundTooLarge
from ticketapp.jobs import look_now

PAY_REFUNDS = "payments.tasks.pay_refunds"
# Whoever gives tickets back because of these chooses no amount: it is what is left.
OF_THE_EVENT = (RefundReason.EVENT_CANCELLED, RefundReason.EVENT_POSTPONED)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a refund of all would do: the lines and the amount, or why it cannot be.

    `left` is the most that can go back: less than the lines cost when a part went
    back without naming any, or `bank_has` a part. `in_part` says that tickets can be
    chosen all the same: only that some were used at the door keeps all of them from
    going back.
    """

    order: Order
    lines: list[OrderLine]
    amount: int
    left: int = 0
    bank_has: int = 0
    refusal: str = ""
    in_part: bool = False

    @property
    def is_short(self) -> bool:
        return self.left < self.amount


def preview_refund(order: Order) -> Preview:
    """What refunding all that is left of `order` would do."""
    lines = list(open_lines(order).select_related("ticket__ticket_type"))
    amount = sum(line.total_amount for line in lines)
    left, bank_has, in_part = 0, 0, False
    try:
        payment = _payment_to_refund(order)
        if payment:
            refuse_if_disputed(order, payment)
            left = left_to_refund(payment)
            bank_has = lost_to_the_bank(payment)
        in_part = bool(lines)
        refuse_unless_returnable(order, lines)
    except (NotRefundable, PaymentDisputed) as refusal:
        return Preview(order, lines, amount, left, bank_has, str(refusal), in_part)
    return Preview(order, lines, amount, left, bank_has)


def refund_order(*, order: Order, by: User | None, now: datetime) -> Refund | None:
    """Refund all that is left of a paid order and take its tickets back.

    Gives the refund, owed; None for a free order, whose tickets are taken back
    all the same. Raises what `refund_lines` does.
    """
    lines = list(open_lines(order))
    return refund_lines(
        order=order, lines=lines, reason=RefundReason.STAFF, by=by, now=now
    )


@dataclass(frozen=True, slots=True)
class Carried:
    """What a refund did: the row that owes the money, for which lines, and what
    became of the tickets; None where no money goes back, or no ticket is taken.
    """

    refund: Refund | None
    lines: list[OrderLine]
    returned: inventory.Returned | None = None


def refund_lines(
    *,
    order: Order,
    lines: Collection[OrderLine],
    reason: RefundReason,
    by: User | None,
    now: datetime,
    key: str | None = None,
) -> Refund | None:
    """What `carry_out` does; gives the refund, None for a free order."""
    return carry_out(
        order=order, lines=lines, reason=reason, by=by, now=now, key=key
    ).refund


@transaction.atomic
def carry_out(
    *,
    order: Order,
    lines: Collection[OrderLine],
    reason: RefundReason,
    by: User | None,
    now: datetime,
    key: str | None = None,
) -> Carried:
    """Owe the price of these lines back; unless as goodwill, take their tickets.

    All or none, except that what is left is owed where a part went back in the
    provider's dashboard before an event was cancelled or postponed, or where the bank
    has a part: that names the lines too, and stays unallocated. A job that may run
    twice gives a `key`, which is used once. Raises NotRefundable (nothing is left, a
    ticket was used), PaymentDisputed, or RefundTooLarge.
    """
    payment = _payment_to_refund(order)
    if payment:
        order, payment = books.lock(payment.pk)
        refuse_if_disputed(order, payment)
    wanted = {line.pk for line in lines}
    chosen = open_lines(order).filter(pk__in=wanted).order_by("pk")
    found = list(chosen.select_related("ticket"))
    if not found or len(found) < len(wanted):
        before = "these tickets were refunded before"
        why = before if wanted else "no ticket of it was chosen, or none is left"
        raise NotRefundable(reference=order.reference, why=why)
    refund = None
    if payment:
        refund = _owe(order, payment, found, reason, by, key or new_key(), now)
    if reason == RefundReason.GOODWILL:
        return Carried(refund, found)
    if reason != RefundReason.EVENT_CANCELLED:
        refuse_unless_returnable(order, found)
    unused = [line for line in found if line.ticket.status == TicketStatus.SOLD]
    return Carried(refund, found, take_back(order, unused, now=now))


def take_back(
    order: Order, lines: Collection[OrderLine], *, now: datetime
) -> inventory.Returned:
    """The tickets of these lines stop being good; fresh ones take their place."""
    tickets = [line.ticket for line in lines]
    returned = inventory.return_tickets(tickets=tickets, now=now)
    OrderLine.objects.filter(pk__in=[line.pk for line in lines]).update(returned_at=now)
    if not order.amount:
        move_order(order, rest=order.lines.filter(returned_at=None).exists())
    return returned


@transaction.atomic
def take_back_disputed(*, order: Order, now: datetime) -> int:
    """After a lost dispute: put the order's unused tickets back on sale.

    Staff decide that; the bank has the money, so none goes back here. Gives how
    many were taken. Raises NotRefundable unless a dispute was lost and tickets are
    there to take, and if a part of the money is left: a refund gives it back and
    takes the tickets. An order may be refunded and have some, where the refund was for
    its other tickets and the bank took what these had cost.
    """
    payment = _payment_of(order)
    lost = Dispute.objects.filter(payment=payment, status=DisputeStatus.LOST)
    if payment is None or not lost.exists():
        raise NotRefundable(reference=order.reference, why="no dispute of it was lost")
    order, payment = books.lock(payment.pk)
    if (left := left_to_refund(payment)) > 0:
        why = f"{in_words(left, payment.currency)} of it is left: refund it instead"
        raise NotRefundable(reference=order.reference, why=why)
    lines = order.lines.filter(returned_at=None, ticket__status=TicketStatus.SOLD)
    taken = list(lines.select_related("ticket"))
    if not taken:
        raise NotRefundable(reference=order.reference, why="no unused ticket is left")
    take_back(order, taken, now=now)
    return len(taken)


def owed_or_paid(payment: Payment) -> int:
    """How much of a payment is on its way back or back."""
    counted = payment.refunds.filter(status__in=COUNTED_REFUND)
    return counted.aggregate(sum=Sum("amount"))["sum"] or 0


def lost_to_the_bank(payment: Payment) -> int:
    """What banks have taken for good, of all of a payment or of a part."""
    lost = payment.disputes.filter(status=DisputeStatus.LOST)
    return lost.aggregate(sum=Sum("amount"))["sum"] or 0


def left_to_refund(payment: Payment) -> int:
    """What is still ours to give back; below nothing where too much is owed.

    Of what came in, which is not always what was asked for.
    """
    captured = payment.ledger_entries.filter(kind=LedgerKind.CAPTURE)
    received = captured.aggregate(sum=Sum("amount"))["sum"] or 0
    return received - owed_or_paid(payment) - lost_to_the_bank(payment)


def open_lines(order: Order) -> QuerySet[OrderLine]:
    """Lines that no refund, owed or paid, names yet."""
    named = Q(refunds__status__in=COUNTED_REFUND)
    return order.lines.filter(returned_at=None).exclude(named)


def _payment_to_refund(order: Order) -> Payment | None:
    """The payment that paid the order; None for a free one. Never a surplus."""
    if order.status not in (OrderStatus.PAID, OrderStatus.PARTLY_REFUNDED):
        raise NotRefundable(reference=order.reference, why=f"it is {order.status}")
    return _payment_of(order)


def _payment_of(order: Order) -> Payment | None:
    paid = order.payments.filter(LIVE_PAYMENT, status=PaymentStatus.SUCCEEDED)
    return paid.first()


def refuse_if_disputed(order: Order, payment: Payment) -> None:
    """While the bank decides; after a loss, what it has not taken is still ours."""
    asks = payment.disputes.filter(status=DisputeStatus.OPEN).exists()
    if asks or (lost_to_the_bank(payment) and left_to_refund(payment) <= 0):
        raise PaymentDisputed(reference=order.reference)


def refuse_unless_returnable(order: Order, lines: Collection[OrderLine]) -> None:
    if not lines:
        raise NotRefundable(reference=order.reference, why="nothing is left of it")
    used = [line for line in lines if line.ticket.status != TicketStatus.SOLD]
    if used:
        were = "was" if len(used) == 1 else "were"
        raise NotRefundable(
            reference=order.reference,
            why=f"{len(used)} of its tickets {were} used at the door",
        )


def _owe(
    order: Order,
    payment: Payment,
    lines: Collection[OrderLine],
    reason: RefundReason,
    by: User | None,
    key: str,
    now: datetime,
) -> Refund:
    amount = sum(line.total_amount for line in lines)
    left = left_to_refund(payment)
    is_rest = 0 < left < amount and (
        reason in OF_THE_EVENT or lost_to_the_bank(payment) > 0
    )
    if amount > left and not is_rest:
        raise RefundTooLarge(
            reference=order.reference,
            left=in_words(left, payment.currency),
            asked=in_words(amount, payment.currency),
        )
    refund = Refund.objects.create(
        payment=payment,
        key=key,
        amount=min(amount, left),
        currency=payment.currency,
        reason=reason,
        unallocated=is_rest,
        created_by=by,
        created_at=now,
    )
    refund.lines.set(lines)
    look_now(PAY_REFUNDS)
    return refund


def move_order(order: Order, *, rest: bool) -> None:
    """Whether a rest of the order stands decides its status; it never goes back."""
    target = OrderStatus.PARTLY_REFUNDED if rest else OrderStatus.REFUNDED
    if order.status in (OrderStatus.PAID, OrderStatus.PARTLY_REFUNDED) and (
        order.status != target
    ):
        order.move_to(target)
