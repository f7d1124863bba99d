"""One payment at a time has a hold: taking that turn's end back, or giving it up.

Lock order: order, payment, hold, tickets.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from inventory import services as inventory
from inventory.models import Hold, HoldStatus
from payments.gateways import GatewayRefused, PaymentMethodRefused
from payments.models import AttemptStatus, Mandate, Order, Payment, PaymentAttempt
from payments.services import books
from ticketapp.errors import DomainError


@dataclass(frozen=True, slots=True)
class Turn:
    """The right to pay one order, until the lease on its hold is over.

    Under a `mandate` the buyer is away, and the hold is nobody else's until the
    provider has confirmed that the intent is cancelled. With `asks_buyer` their bank
    may call them, and what comes then is in their hands.
    """

    order: Order
    payment: Payment
    lease_until: datetime
    mandate: Mandate | None = None
    asks_buyer: bool = False

    @property
    def is_off_session(self) -> bool:
        return self.mandate is not None and not self.asks_buyer

    def is_of(self, hold: Hold) -> bool:
        """Whether the hold, read under the order's lock, is still ours to pay for."""
        return (hold.status, hold.lease_until) == (HoldStatus.PAYING, self.lease_until)


@transaction.atomic(durable=True)
def hand_back(turn: Turn, *, now: datetime) -> None:
    """Nothing was confirmed, so nothing was charged: the hold is the buyer's."""
    order, _ = books.lock(turn.payment.pk)
    inventory.note_fault(hold=order.hold, ours=True)
    _end(turn, order.hold, now)


@transaction.atomic(durable=True)
def refuse_attempt(
    turn: Turn, attempt: PaymentAttempt, refusal: DomainError, *, now: datetime
) -> None:
    """The provider turned it down before it asked the card: nothing was charged."""
    order, _ = books.lock(turn.payment.pk)
    by_card = isinstance(refusal, PaymentMethodRefused)
    PaymentAttempt.objects.filter(pk=attempt.pk).update(
        status=AttemptStatus.DECLINED if by_card else AttemptStatus.ABANDONED,
        decline_code=refusal.code if by_card else "",
    )
    inventory.note_fault(hold=order.hold, ours=isinstance(refusal, GatewayRefused))
    _end(turn, order.hold, now)


def _end(turn: Turn, hold: Hold, now: datetime) -> None:
    if not turn.is_of(hold):
        return  # Our time was over, and the next card has the hold.
    if turn.is_off_session:
        inventory.keep_paying(hold=hold, until=now)
    else:
        inventory.pause_paying(hold=hold, now=now)
