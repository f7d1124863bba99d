"""What was known of a payment when the provider was asked about it.

An answer is as old as its question. That the money came, or that the intent is
cancelled, stays true for ever; that it waits for a card, or for the bank, is true
of the attempts made until then and says nothing about one that began since.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from payments.gateways import Intent
from payments.models import IN_FLIGHT, Payment, PaymentAttempt, PaymentStatus
from ticketapp.compiled import Compiled

PAYMENT = Compiled(
    lambda payment: Payment.objects.filter(pk=payment).select_related("order__hold")
)
LATEST_ATTEMPT = Compiled(
    lambda payment: PaymentAttempt.objects.filter(payment=payment).order_by("-pk")[:1]
)


@dataclass(frozen=True, slots=True)
class Known:
    """Where a payment stood: its state, who had its hold, the card tried last."""

    payment_status: str
    lease_until: datetime | None
    attempt: int | None = None
    attempt_status: str = ""
    card: str = ""

    @classmethod
    def of_attempt(
        cls, attempt: PaymentAttempt, payment_status: str, lease: datetime | None
    ) -> Self:
        return cls(
            payment_status=payment_status,
            lease_until=lease,
            attempt=attempt.pk,
            attempt_status=attempt.status,
            card=attempt.payment_method,
        )

    def is_being_paid(self, now: datetime) -> bool:
        """Whether the call that took the hold for a payment may be on its way.

        Not once it was answered, as by a bank that thinks.
        """
        unanswered = self.payment_status == PaymentStatus.CREATED
        return unanswered and self.lease_until is not None and self.lease_until > now

    def tells_of(self, intent: Intent) -> bool:
        """Whether the refusal that `intent` tells of is of the card in flight."""
        named = intent.decline and intent.decline.payment_method
        return self.attempt_status not in IN_FLIGHT or named in (None, self.card)


@dataclass(frozen=True, slots=True)
class News:
    """An intent as the provider gave it, and what was known before it was asked."""

    intent: Intent
    known: Known


def look_at(payment: Payment) -> Known:
    """What is known now, read afresh: before asking, or again under the lock."""
    return known_of(PAYMENT.get(payment=payment.pk))


def known_of(payment: Payment) -> Known:
    """What is known, where payment, order and hold were just read."""
    hold, attempt = payment.order.hold, LATEST_ATTEMPT.first(payment=payment.pk)
    if attempt is None:
        return Known(payment.status, hold.lease_until)
    return Known.of_attempt(attempt, payment.status, hold.lease_until)
