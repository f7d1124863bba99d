"""How far the money of a cancelled event is, and what cancelling one would give back.

Looked up afresh from the rows each time; nothing is kept that could be wrong.
"""

from dataclasses import dataclass
from typing import Any

from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Least

from events.models import Event
from payments.models import (
    COUNTED_REFUND,
    UNPAID_REFUND,
    Dispute,
    DisputeStatus,
    Order,
    OrderLine,
    OrderStatus,
    Payment,
    Refund,
    RefundStatus,
)
from payments.services.calling_off import owed_orders
from payments.services.giving_back import (
    STANDING,
    disputed_payments,
    lost_disputes,
    orders_to_give_back,
    sum_of,
)


@dataclass(frozen=True, slots=True)
class ToGiveBack:
    """What cancelling an event would come to now, for staff who are about to.

    `amounts` is what goes back, by currency. The `disputed` orders are besides: the
    bank decides about their money.
    """

    orders: int
    people: int
    amounts: dict[str, int]
    disputed: int
    pending: int


def what_goes_back(event: Event) -> ToGiveBack:
    """Looked up afresh; what is bought meanwhile comes on top."""
    own = Order.objects.filter(event=event)
    disputed = own.filter(Exists(disputed_payments()), status__in=STANDING)
    refunded = orders_to_give_back().filter(event=event)
    return ToGiveBack(
        orders=refunded.count(),
        people=refunded.values("user").distinct().count(),
        amounts=_by_currency(refunded, Least("cost", "left")),
        disputed=disputed.count(),
        pending=own.filter(status=OrderStatus.PENDING).count(),
    )


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the refunds of a cancelled event are, for staff.

    Each of the `orders` that money or a ticket went out for is under one of the
    numbers from `refunded` on: what it waits for, if for several things the one that
    takes a person. The `pending` ones besides are still to be closed. The amounts are
    by currency, and what is refunded is among what is owed.
    """

    pending: int
    refunded: int
    without_refund: int
    to_owe: int
    on_the_way: int
    failed: int
    disputed: int
    amounts_refunded: dict[str, int]
    amounts_owed: dict[str, int]
    waits_for_balance: bool
    has_unpaid: bool

    @property
    def done(self) -> int:
        """Those that need nothing more."""
        return self.refunded + self.without_refund

    @property
    def orders(self) -> int:
        waiting = self.to_owe + self.on_the_way + self.failed + self.disputed
        return self.done + waiting

    @property
    def percent(self) -> int:
        """Rounded down: only when the last one is through is it a hundred."""
        return 100 * self.done // self.orders if self.orders else 100

    @property
    def goes_on(self) -> bool:
        """Whether the jobs have something left to do; the rest is for a person."""
        return self.has_unpaid or self.pending + self.to_owe > 0


def progress_of(event: Event) -> Progress:
    """Counted afresh from the rows; nothing is kept that could be wrong."""
    orders = Order.objects.filter(event=event)
    refunds = Refund.objects.filter(payment__order__event=event)
    unpaid = refunds.filter(status__in=UNPAID_REFUND)
    to_owe = owed_orders().filter(event=event)
    failed = failed_refunds().filter(payment__order__event=event)
    failed = failed.exclude(payment__order__in=to_owe.order_by())
    begun = refunds.filter(status__in=COUNTED_REFUND)
    return Progress(
        pending=orders.filter(status=OrderStatus.PENDING).count(),
        amounts_refunded=_by_currency(refunds.filter(status=RefundStatus.SUCCEEDED)),
        amounts_owed=_together(
            _by_currency(begun),
            _by_currency(failed, "owed"),
            _by_currency(to_owe, "left"),
        ),
        has_unpaid=unpaid.exists(),
        waits_for_balance=unpaid.filter(failure__contains="balance").exists(),
        **_by_what_they_wait_for(orders.exclude(status=OrderStatus.PENDING)),
    )


def _by_what_they_wait_for(orders: QuerySet[Order]) -> dict[str, int]:
    """How many of these paid orders are where; one with several refunds is one."""
    own = Refund.objects.filter(payment__order=OuterRef("pk"))
    cases = {
        "disputed": Exists(_with_the_bank()),
        "to_owe": Q(pk__in=owed_orders()),
        "failed": Exists(failed_refunds().filter(payment__order=OuterRef("pk"))),
        "on_the_way": Exists(own.filter(status__in=UNPAID_REFUND)),
        "refunded": Exists(own),
        "without_refund": Q(paid_at__isnull=False),
    }
    found = orders.filter(Exists(own) | Q(paid_at__isnull=False)).annotate(
        where=Case(*[When(case, then=Value(name)) for name, case in cases.items()])
    )
    counted = found.order_by().values_list("where").annotate(Count("pk"))
    return dict.fromkeys(cases, 0) | dict(counted)


def failed_refunds() -> QuerySet[Refund]:
    """Those whose money is owed still.

    Not what the bank took back itself meanwhile, nor what another refund gives back
    instead: of the same tickets, or of all that was left.
    """
    this = OuterRef("payment")
    others = Refund.objects.filter(payment=this, status__in=COUNTED_REFUND)
    asked = Dispute.objects.filter(payment=this, status=DisputeStatus.OPEN)
    lost = lost_disputes().filter(payment=this)
    own = OrderLine.objects.filter(refunds=OuterRef("pk"))
    same = own.filter(refunds__status__in=COUNTED_REFUND)  # Another join: any refund's.
    left = F("payment__amount") - sum_of(others) - sum_of(lost)
    return Refund.objects.annotate(owed=Least("amount", left)).filter(
        ~Exists(same),
        ~Exists(asked),
        status=RefundStatus.FAILED,
        owed__gt=0,
    )


def _with_the_bank() -> QuerySet[Payment]:
    """Of an order around: not where the bank has a part, and the rest goes back."""
    back = Refund.objects.filter(payment=OuterRef("pk"), status__in=COUNTED_REFUND)
    asked = Q(disputes__status=DisputeStatus.OPEN)
    return disputed_payments().filter(asked | ~Exists(back))


def _by_currency(rows: QuerySet[Any], what: str | Least = "amount") -> dict[str, int]:
    found = rows.order_by("currency").values_list("currency")
    return dict(found.annotate(whole=Sum(what)))


def _together(*sums: dict[str, int]) -> dict[str, int]:
    currencies = sorted({currency for each in sums for currency in each})
    return {code: sum(each.get(code, 0) for each in sums) for code in currencies}
