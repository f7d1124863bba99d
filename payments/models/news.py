"""What the provider tells us, and what a person should look at."""

from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from events.models import Event
from payments.models.orders import Order


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


class IncidentKind(models.TextChoices):
    LATE_HONOURED = "late_honoured", "paid late, tickets taken again"
    LATE_REFUNDED = "late_refunded", "paid too late, refunded"
    MISMATCH = "mismatch", "paid another amount"
    SURPLUS = "surplus", "charged on a cancelled payment, refunded"
    DASHBOARD_REFUND = "dashboard_refund", "refunded in the provider's dashboard"
    REFUND_FAILED = "refund_failed", "a refund failed"
    DISPUTE = "dispute", "a payment is disputed"
    UNMATCHED_EVENT = "unmatched_event", "news about a payment we do not know"
    RECONCILE = "reconcile", "provider and books differ"
    PROVIDER_REFUSES = "provider_refuses", "the provider refuses a payment"
    NOT_LET_IN = "not_let_in", "the provider does not let us in"


class IncidentQuerySet(models.QuerySet["Incident"]):
    def open(self) -> Self:
        return self.filter(resolved_at=None)


class Incident(models.Model):
    """Something a person should look at, with what was already done about it."""

    kind = models.CharField(max_length=60, choices=IncidentKind)
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

    objects = IncidentQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.kind}: {self.detail[:60]}"


class ReconcileRun(models.Model):
    """One comparison of the provider, the books, the stock and the gate.

    `differences` is what was found, each with what was or would be done about it.
    A run that had no time for all, or met silence, has left the oldest payments.
    """

    as_of = models.DateTimeField(help_text="The time it was made for.")
    since = models.DateTimeField(help_text="Payments begun before were left out.")
    left_before = models.DateTimeField(
        "left to a later run: begun before",
        null=True,
        blank=True,
        help_text="How far back it came, if there was no time for all.",
    )
    repairs = models.BooleanField(default=False)
    compared = models.PositiveIntegerField(default=0)
    found = models.PositiveIntegerField(default=0)
    repaired = models.PositiveIntegerField(default=0)
    differences = models.JSONField(default=list)
    problem = models.CharField(
        max_length=1000, blank=True, help_text="Why it could not be finished."
    )
    started_at = models.DateTimeField(db_default=Now(), editable=False)
    finished_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"Comparison as of {self.as_of:%Y-%m-%d %H:%M}"


class CalledOffEvent(Event):
    """A cancelled or postponed event, as staff watch its money go back."""

    class Meta:
        proxy = True
        verbose_name = "called-off event"

    def __str__(self) -> str:
        return super().__str__()
