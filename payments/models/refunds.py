"""Money going back: refunds that we make, disputes that banks make."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from payments.models.keys import new_key
from payments.models.orders import OrderLine
from payments.models.payments import Payment
from ticketapp.models import PublicModel, StatefulModel


class RefundStatus(models.TextChoices):
    OWED = "owed"
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


UNPAID_REFUND = (RefundStatus.OWED, RefundStatus.PENDING)
COUNTED_REFUND = (*UNPAID_REFUND, RefundStatus.SUCCEEDED)


class RefundReason(models.TextChoices):
    STAFF = "staff", "refunded by staff"
    GOODWILL = "goodwill", "goodwill: the tickets stay good"
    TOO_LATE = "too_late", "paid after the tickets were gone"
    EVENT_CANCELLED = "event_cancelled", "the event was cancelled"
    EVENT_POSTPONED = "event_postponed", "the event was postponed"
    MISMATCH = "mismatch", "paid an amount we did not ask for"
    SURPLUS = "surplus", "charged on a payment that had been cancelled"
    DASHBOARD = "dashboard", "made in the provider's dashboard"


class Refund(PublicModel, StatefulModel):
    """Money on its way back to the buyer, for the lines it names.

    Moving money and taking back tickets are separate acts. A refund made in
    the provider's dashboard names no line: it is unallocated until staff say, if there
    is a ticket left that it could be for. So is one that gives less than its lines
    cost, as a part went back without naming any.
    """

    TRANSITIONS: ClassVar[dict[str, set[str]]] = {
        RefundStatus.OWED: {
            RefundStatus.PENDING,
            RefundStatus.SUCCEEDED,
            RefundStatus.FAILED,
        },
        RefundStatus.PENDING: {RefundStatus.SUCCEEDED, RefundStatus.FAILED},
        RefundStatus.SUCCEEDED: {RefundStatus.FAILED},
        RefundStatus.FAILED: {RefundStatus.PENDING},
    }

    payment = models.ForeignKey(
        Payment, on_delete=models.PROTECT, related_name="refunds"
    )
    lines = models.ManyToManyField(OrderLine, blank=True, related_name="refunds")
    key = models.CharField(max_length=64, unique=True, default=new_key)
    provider_id = models.CharField(
        max_length=255, unique=True, null=True, blank=True
    )  # Unknown until the provider answered.
    amount = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=40, choices=RefundReason)
    unallocated = models.BooleanField(default=False)
    status = models.CharField(
        max_length=20, choices=RefundStatus, default=RefundStatus.OWED
    )
    failure = models.CharField(max_length=200, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(
        null=True, blank=True, help_text="No worker takes it before."
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="refunds_made",
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=RefundStatus.values),
                name="payments_refund_status_is_known",
            ),
            models.CheckConstraint(
                condition=Q(amount__gt=0), name="payments_refund_moves_money"
            ),
        ]
        indexes = [
            models.Index(
                fields=["created_at"],
                condition=Q(status__in=UNPAID_REFUND),
                name="payments_refund_unpaid",
            )
        ]

    def __str__(self) -> str:
        return f"refund {self.pk}"


class DisputeStatus(models.TextChoices):
    OPEN = "open"
    WON = "won"
    LOST = "lost"


# The bank has the money, or asks for it: the tickets do not admit meanwhile.
TAKEN_BY_THE_BANK = (DisputeStatus.OPEN, DisputeStatus.LOST)


class Dispute(PublicModel, StatefulModel):
    """The buyer's bank asks the money back; unused tickets wait for the answer."""

    TRANSITIONS: ClassVar[dict[str, set[str]]] = {
        DisputeStatus.OPEN: {DisputeStatus.WON, DisputeStatus.LOST},
        DisputeStatus.WON: set(),
        DisputeStatus.LOST: set(),
    }

    payment = models.ForeignKey(
        Payment, on_delete=models.PROTECT, related_name="disputes"
    )
    provider_id = models.CharField(max_length=255, unique=True)
    provider_status = models.CharField(max_length=40)
    amount = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=60, blank=True)
    status = models.CharField(
        max_length=20, choices=DisputeStatus, default=DisputeStatus.OPEN
    )
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.provider_id
