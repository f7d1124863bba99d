"""Cards that buyers agreed to keep. No number is ever near us."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from payments.models.keys import new_key
from ticketapp.models import PublicModel, StatefulModel


class Customer(models.Model):
    """A buyer as the provider knows them; made when a card is first kept.

    Without a `provider_id` the provider has deleted the one of `lost_id`, and the
    next need makes another.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="customer"
    )
    provider_id = models.CharField(max_length=255, unique=True, null=True, blank=True)
    lost_id = models.CharField(max_length=255, blank=True, default="", db_default="")

    def __str__(self) -> str:
        return self.provider_id or f"customer {self.pk}"


class SavedCard(PublicModel):
    """A card the buyer agreed to keep; the number itself is never near us.

    Once removed it pays for nothing; `forgotten_at` says when the provider has
    forgotten it too, which is owed until then, and tried next at `forget_after`.
    One that the provider has lost, at `lost_at`, pays for nothing either, and is
    shown so. `fingerprint` is the provider's name for the card, however often it
    was typed.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_cards"
    )
    provider_id = models.CharField(max_length=255, unique=True)
    fingerprint = models.CharField(max_length=64, blank=True, default="", db_default="")
    brand = models.CharField(max_length=30)
    last4 = models.CharField(max_length=4)
    exp_month = models.PositiveSmallIntegerField()
    exp_year = models.PositiveSmallIntegerField()
    is_default = models.BooleanField(default=False)
    consented_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)
    forgotten_at = models.DateTimeField(null=True, blank=True)
    forget_after = models.DateTimeField(null=True, blank=True)
    lost_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(is_default=True, removed_at__isnull=True),
                name="payments_saved_card_is_one_default_per_user",
            )
        ]
        indexes = [
            models.Index(
                fields=["removed_at"],
                condition=Q(removed_at__isnull=False, forgotten_at__isnull=True),
                name="payments_saved_card_to_forget",
            )
        ]

    def __str__(self) -> str:
        return f"{self.brand} {self.last4}"


class CardSetupStatus(models.TextChoices):
    STARTED = "started"
    REQUIRES_ACTION = "requires_action"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


WAITING_SETUP = (CardSetupStatus.STARTED, CardSetupStatus.REQUIRES_ACTION)


class CardSetup(PublicModel, StatefulModel):
    """A buyer keeping a card without buying: one SetupIntent.

    Until it has ended the provider is asked about it, next at `ask_after`; `asked`
    says how often it was.
    """

    TRANSITIONS: ClassVar[dict[str, set[str]]] = {
        CardSetupStatus.STARTED: {
            CardSetupStatus.REQUIRES_ACTION,
            CardSetupStatus.SUCCEEDED,
            CardSetupStatus.FAILED,
        },
        CardSetupStatus.REQUIRES_ACTION: {
            CardSetupStatus.SUCCEEDED,
            CardSetupStatus.FAILED,
        },
        CardSetupStatus.SUCCEEDED: set(),
        CardSetupStatus.FAILED: set(),
    }

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="card_setups"
    )
    key = models.CharField(max_length=64, unique=True, default=new_key)
    payment_method = models.CharField(max_length=255)
    provider_id = models.CharField(max_length=255, unique=True, null=True, blank=True)
    client_secret = models.CharField(max_length=255, blank=True)
    status = models.CharField(
        max_length=20, choices=CardSetupStatus, default=CardSetupStatus.STARTED
    )
    next_action = models.JSONField(null=True, blank=True)
    decline_code = models.CharField(max_length=60, blank=True)
    consented_at = models.DateTimeField()
    ask_after = models.DateTimeField(db_default=Now(), editable=False)
    asked = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=CardSetupStatus.values),
                name="payments_card_setup_status_is_known",
            )
        ]
        indexes = [
            models.Index(
                fields=["ask_after"],
                condition=Q(status__in=WAITING_SETUP),
                name="payments_card_setup_to_ask",
            )
        ]

    def __str__(self) -> str:
        return self.provider_id or f"card setup {self.pk}"
