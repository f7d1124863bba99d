"""Money coming in: payments, the cards tried on them, and the ledger."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from payments.models.keys import new_key
from payments.models.mandates import Mandate
from payments.models.orders import Order
from ticketapp.models import PublicModel, StatefulModel


class PaymentStatus(models.TextChoices):
    CREATED = "created"
    REQUIRES_ACTION = "requires_action"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


OPEN_PAYMENT = (
    PaymentStatus.CREATED,
    PaymentStatus.REQUIRES_ACTION,
    PaymentStatus.PROCESSING,
)
ENDED_PAYMENT = (PaymentStatus.FAILED, PaymentStatus.CANCELLED)
# It has taken the order's money, or could still take it.
LIVE_PAYMENT = ~Q(status__in=["failed", "cancelled"]) & Q(surplus=False)
_OPEN_TO = {
    PaymentStatus.CREATED,
    PaymentStatus.REQUIRES_ACTION,
    PaymentStatus.PROCESSING,
    PaymentStatus.SUCCEEDED,
    PaymentStatus.FAILED,
    PaymentStatus.CANCELLED,
}


class Payment(PublicModel, StatefulModel):
    """The one PaymentIntent that may collect an order's amount.

    `key` is the idempotency key of its creation, so a crash between the call
    and the commit of `intent_id` is healed by creating it again with the same
    `customer_id`. A flag is a reason for staff to look. No sweep asks the
    provider about it before `check_after`. A `surplus` came after we had ended it:
    it is not the order's money, buys nothing, and all of it goes back (ADR 18).
    """

    TRANSITIONS: ClassVar[dict[str, set[str]]] = {
        PaymentStatus.CREATED: _OPEN_TO - {PaymentStatus.CREATED},
        PaymentStatus.REQUIRES_ACTION: _OPEN_TO - {PaymentStatus.REQUIRES_ACTION},
        PaymentStatus.PROCESSING: _OPEN_TO - {PaymentStatus.PROCESSING},
        PaymentStatus.SUCCEEDED: set(),
        PaymentStatus.FAILED: {PaymentStatus.SUCCEEDED},
        PaymentStatus.CANCELLED: {PaymentStatus.SUCCEEDED},
    }

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="payments")
    key = models.CharField(max_length=64, unique=True, default=new_key)
    intent_id = models.CharField(
        max_length=255, unique=True, null=True, blank=True
    )  # Unknown until the provider answered; empty would clash.
    client_secret = models.CharField(max_length=255, blank=True)
    customer_id = models.CharField(max_length=255, blank=True)
    amount = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    status = models.CharField(
        max_length=20, choices=PaymentStatus, default=PaymentStatus.CREATED
    )
    surplus = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Came after it had ended, beside what the order costs: goes back.",
    )
    flag = models.CharField(max_length=200, blank=True)
    check_after = models.DateTimeField(db_default=Now())
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    succeeded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=PaymentStatus.values),
                name="payments_payment_status_is_known",
            ),
            models.UniqueConstraint(
                fields=["order"],
                condition=LIVE_PAYMENT,
                name="payments_payment_is_one_live_per_order",
            ),
            models.CheckConstraint(
                condition=Q(surplus=False) | Q(status=PaymentStatus.SUCCEEDED),
                name="payments_payment_surplus_has_come",
            ),
        ]
        indexes = [
            models.Index(
                fields=["check_after"],
                condition=Q(status__in=OPEN_PAYMENT),
                name="payments_payment_open",
            ),
            models.Index(
                fields=["created_at"],
                condition=~Q(flag=""),
                name="payments_payment_flagged",
            ),
        ]

    def __str__(self) -> str:
        return self.intent_id or f"payment {self.pk}"

    @property
    def is_live(self) -> bool:
        """Whether it has taken the order's money, or could still take it."""
        return self.status not in ENDED_PAYMENT and not self.surplus


class AttemptStatus(models.TextChoices):
    STARTED = "started"
    REQUIRES_ACTION = "requires_action"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    DECLINED = "declined"
    ABANDONED = "abandoned"


IN_FLIGHT = (
    AttemptStatus.STARTED,
    AttemptStatus.REQUIRES_ACTION,
    AttemptStatus.PROCESSING,
)


class PaymentAttempt(models.Model):
    """One card tried on a payment's intent, under its own idempotency key.

    `started` until the provider has told what became of it; `abandoned` once
    it cannot succeed any more without ever having been declined. Under a
    `mandate` the buyer was away, and with `asks_buyer` their bank may call them.
    """

    payment = models.ForeignKey(
        Payment, on_delete=models.PROTECT, related_name="attempts"
    )
    key = models.CharField(max_length=64, unique=True, default=new_key)
    payment_method = models.CharField(max_length=255, help_text="The provider's id.")
    amount = models.PositiveIntegerField()
    status = models.CharField(
        max_length=20, choices=AttemptStatus, default=AttemptStatus.STARTED
    )
    decline_code = models.CharField(max_length=60, blank=True)
    next_action = models.JSONField(null=True, blank=True)
    save_card = models.BooleanField(
        default=False, help_text="The buyer asked us to keep this card."
    )
    mandate = models.ForeignKey(
        Mandate,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="attempts",
    )
    asks_buyer = models.BooleanField(
        db_default=False, help_text="Made so that the bank may ask the buyer."
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=AttemptStatus.values),
                name="payments_attempt_status_is_known",
            ),
            models.UniqueConstraint(
                fields=["payment"],
                condition=Q(status__in=["started", "requires_action", "processing"]),
                name="payments_attempt_is_one_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.payment} attempt {self.key[:8]}"

    @property
    def is_off_session(self) -> bool:
        """Nobody is there to answer the bank."""
        return self.mandate_id is not None and not self.asks_buyer


class LedgerKind(models.TextChoices):
    CAPTURE = "capture"
    REFUND = "refund"
    REFUND_FAILED = "refund_failed", "refund came back"
    DISPUTE_WITHDRAWN = "dispute_withdrawn", "withdrawn by a dispute"
    DISPUTE_RETURNED = "dispute_returned", "returned by a dispute"


class LedgerEntry(models.Model):
    """A movement of money, written once and never changed.

    `amount` is signed: money in is positive. `source` names the provider's
    object and the movement, so the same news can be told twice.
    """

    order = models.ForeignKey(
        Order, on_delete=models.PROTECT, related_name="ledger_entries"
    )
    payment = models.ForeignKey(
        Payment, on_delete=models.PROTECT, related_name="ledger_entries"
    )
    kind = models.CharField(max_length=20, choices=LedgerKind)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    source = models.CharField(max_length=255, unique=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name_plural = "ledger entries"

    def __str__(self) -> str:
        return f"{self.kind} {self.amount} {self.currency}"
