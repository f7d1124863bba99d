"""Money: orders and their lines, payments and attempts, refunds, disputes.

Amounts are integers in minor units of the `currency` beside them.
"""

import secrets
import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from events.models import Event
from inventory.models import Hold, Ticket
from ticketapp.models import PublicModel, StatefulModel

# No vowels and no look-alikes: a reference is read aloud at the door.
REFERENCE_ALPHABET = "BCDFGHJKMNPQRSTVWXYZ23456789"


def new_reference() -> str:
    return "".join(secrets.choice(REFERENCE_ALPHABET) for _ in range(8))


def new_key() -> str:
    return uuid.uuid4().hex


class OrderStatus(models.TextChoices):
    PENDING = "pending"
    PAID = "paid"
    PARTLY_REFUNDED = "partly_refunded"
    REFUNDED = "refunded"
    CANCELLED = "cancelled"


PAID_ORDER = (OrderStatus.PAID, OrderStatus.PARTLY_REFUNDED, OrderStatus.REFUNDED)


class Order(PublicModel, StatefulModel):
    """A buyer's promise to pay for the tickets of one hold.

    Until it is settled the hold's quote stands; the lines are written then. A
    late success is honoured on a new hold, which takes the place of the old.
    """

    TRANSITIONS: ClassVar[dict[str, set[str]]] = {
        OrderStatus.PENDING: {OrderStatus.PAID, OrderStatus.CANCELLED},
        OrderStatus.PAID: {OrderStatus.PARTLY_REFUNDED, OrderStatus.REFUNDED},
        OrderStatus.PARTLY_REFUNDED: {OrderStatus.REFUNDED},
        OrderStatus.REFUNDED: set(),
        OrderStatus.CANCELLED: {OrderStatus.PAID},
    }

    reference = models.CharField(max_length=8, unique=True, default=new_reference)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="orders"
    )
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="orders")
    hold = models.OneToOneField(Hold, on_delete=models.PROTECT, related_name="order")
    amount = models.PositiveIntegerField(help_text="Total in minor units.")
    currency = models.CharField(max_length=3)
    status = models.CharField(
        max_length=20, choices=OrderStatus, default=OrderStatus.PENDING
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    paid_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        permissions = [("refund_order", "Can refund orders")]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=OrderStatus.values),
                name="payments_order_status_is_known",
            ),
            models.CheckConstraint(
                condition=Q(paid_at__isnull=False) | ~Q(status__in=PAID_ORDER),
                name="payments_order_paid_at_is_set_once_paid",
            ),
        ]
        indexes = [
            models.Index(fields=["user", "-created_at"], name="payments_order_mine"),
            models.Index(fields=["event", "status"], name="payments_order_event"),
        ]

    def __str__(self) -> str:
        return self.reference


class OrderLine(models.Model):
    """One ticket of a settled order, with what was paid for it."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="lines")
    ticket = models.OneToOneField(
        Ticket, on_delete=models.PROTECT, related_name="order_line"
    )
    unit_amount = models.PositiveIntegerField()
    fee_amount = models.PositiveIntegerField()
    tax_amount = models.PositiveIntegerField()
    total_amount = models.PositiveIntegerField()
    returned_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.order} ticket {self.ticket_id}"


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
    and the commit of `intent_id` is healed by creating it again. A flag is a
    reason for staff to look.
    """

    TRANSITIONS: ClassVar[dict[str, set[str]]] = {
        PaymentStatus.CREATED: _OPEN_TO - {PaymentStatus.CREATED},
        PaymentStatus.REQUIRES_ACTION: _OPEN_TO - {PaymentStatus.REQUIRES_ACTION},
        PaymentStatus.PROCESSING: _OPEN_TO - {PaymentStatus.PROCESSING},
        PaymentStatus.SUCCEEDED: set(),
        PaymentStatus.FAILED: set(),
        PaymentStatus.CANCELLED: {PaymentStatus.SUCCEEDED},
    }

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="payments")
    key = models.CharField(max_length=64, unique=True, default=new_key)
    intent_id = models.CharField(
        max_length=255, unique=True, null=True, blank=True
    )  # Unknown until the provider answered; empty would clash.
    client_secret = models.CharField(max_length=255, blank=True)
    amount = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    status = models.CharField(
        max_length=20, choices=PaymentStatus, default=PaymentStatus.CREATED
    )
    flag = models.CharField(max_length=200, blank=True)
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
                condition=~Q(status__in=["failed", "cancelled"]),
                name="payments_payment_is_one_live_per_order",
            ),
        ]

    def __str__(self) -> str:
        return self.intent_id or f"payment {self.pk}"


class AttemptStatus(models.TextChoices):
    STARTED = "started"
    REQUIRES_ACTION = "requires_action"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    DECLINED = "declined"


class PaymentAttempt(models.Model):
    """One card tried on a payment's intent, under its own idempotency key."""

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
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    def __str__(self) -> str:
        return f"{self.payment} attempt {self.key[:8]}"


class RefundStatus(models.TextChoices):
    OWED = "owed"
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class Refund(PublicModel, StatefulModel):
    """Money on its way back to the buyer, for the lines it names.

    Moving money and taking back tickets are separate acts. A refund made in
    the provider's dashboard names no line: it is unallocated until staff say.
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
    reason = models.CharField(max_length=40)
    unallocated = models.BooleanField(default=False)
    status = models.CharField(
        max_length=20, choices=RefundStatus, default=RefundStatus.OWED
    )
    failure = models.CharField(max_length=200, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
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

    def __str__(self) -> str:
        return f"refund {self.pk}"


class DisputeStatus(models.TextChoices):
    OPEN = "open"
    WON = "won"
    LOST = "lost"


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


class Customer(models.Model):
    """A buyer as the provider knows them; made when a card is first kept."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="customer"
    )
    provider_id = models.CharField(max_length=255, unique=True)

    def __str__(self) -> str:
        return self.provider_id


class SavedCard(PublicModel):
    """A card the buyer agreed to keep; the number itself is never near us."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_cards"
    )
    provider_id = models.CharField(max_length=255, unique=True)
    brand = models.CharField(max_length=30)
    last4 = models.CharField(max_length=4)
    exp_month = models.PositiveSmallIntegerField()
    exp_year = models.PositiveSmallIntegerField()
    is_default = models.BooleanField(default=False)
    consented_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(is_default=True, removed_at__isnull=True),
                name="payments_saved_card_is_one_default_per_user",
            )
        ]

    def __str__(self) -> str:
        return f"{self.brand} {self.last4}"


class StripeEvent(models.Model):
    """A webhook, stored on arrival; the worker acts on the object's present state.

    `processed_at` is set in the transaction of the effect. What matches
    nothing yet stays null and is tried again.
    """

    provider_id = models.CharField(max_length=255, unique=True)
    type = models.CharField(max_length=80)
    object_id = models.CharField(max_length=255)
    payload = models.JSONField()
    received_at = models.DateTimeField(db_default=Now(), editable=False)
    processed_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(db_default=Now())
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                condition=Q(processed_at__isnull=True),
                name="payments_stripe_event_due",
            )
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.provider_id}"


class Incident(models.Model):
    """Something a person should look at, with what was already done about it."""

    kind = models.CharField(max_length=60)
    order = models.ForeignKey(
        Order,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="incidents",
    )
    detail = models.TextField()
    dedupe_key = models.CharField(max_length=200, unique=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    resolved_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.kind}: {self.detail[:60]}"
