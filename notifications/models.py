"""Messages to people: an outbox row written with the fact it tells."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from ticketapp.models import PublicModel, StatefulModel


class NotificationStatus(models.TextChoices):
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    SUPPRESSED = "suppressed"
    EXPIRED = "expired"
    FAILED = "failed"


class Notification(PublicModel, StatefulModel):
    """One message to one person, on every channel they allow.

    It is also their in-app inbox, from `sent_at` on, when it was first found to
    be true and due; `read_at` is set when they open it.
    """

    TRANSITIONS: ClassVar[dict[str, set[str]]] = {
        NotificationStatus.QUEUED: {
            NotificationStatus.SENDING,
            NotificationStatus.SUPPRESSED,
            NotificationStatus.EXPIRED,
        },
        NotificationStatus.SENDING: {
            NotificationStatus.QUEUED,
            NotificationStatus.SENT,
            NotificationStatus.SUPPRESSED,
            NotificationStatus.EXPIRED,
            NotificationStatus.FAILED,
        },
        NotificationStatus.SENT: set(),
        NotificationStatus.SUPPRESSED: set(),
        NotificationStatus.EXPIRED: set(),
        NotificationStatus.FAILED: set(),
    }

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="notifications",
        db_index=False,  # `notifications_inbox` begins with it.
    )
    kind = models.CharField(max_length=50)
    dedupe_key = models.CharField(max_length=200, unique=True)
    title = models.CharField(max_length=200)
    body = models.TextField()
    link = models.CharField(max_length=300, blank=True, help_text="Path in the app.")
    payload = models.JSONField(default=dict)
    status = models.CharField(
        max_length=20, choices=NotificationStatus, default=NotificationStatus.QUEUED
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    send_after = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(help_text="Not sent after this time.")
    lease_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    sent_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=NotificationStatus.values),
                name="notifications_notification_status_is_known",
            )
        ]
        indexes = [
            models.Index(
                fields=["send_after"],
                condition=Q(status__in=["queued", "sending"]),
                name="notifications_due",
            ),
            models.Index(fields=["user", "-created_at"], name="notifications_inbox"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.user_id}"


class Channel(models.TextChoices):
    EMAIL = "email"
    PUSH = "push"


class DeliveryStatus(models.TextChoices):
    SENDING = "sending"
    DELIVERED = "delivered"
    LATER = "later"
    FAILED = "failed"


class Delivery(models.Model):
    """What became of a notification on one channel, or one device of a channel.

    The row is written before anything is sent, and whoever wrote it sends. So a
    sender that dies in between leaves `sending` behind and nobody sends twice.
    """

    notification = models.ForeignKey(
        Notification,
        on_delete=models.CASCADE,
        related_name="deliveries",
        db_index=False,  # The constraint's own index begins with it.
    )
    channel = models.CharField(max_length=10, choices=Channel)
    target = models.CharField(
        max_length=64, blank=True, help_text="Hash of the device token; empty for mail."
    )
    status = models.CharField(
        max_length=10, choices=DeliveryStatus, default=DeliveryStatus.SENDING
    )
    delivered_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(
                fields=["notification", "channel", "target"],
                name="notifications_delivery_is_one_per_channel_and_device",
            ),
            models.CheckConstraint(
                condition=Q(status__in=DeliveryStatus.values),
                name="notifications_delivery_status_is_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.notification_id} by {self.channel}"


class Preference(models.Model):
    """A channel that a person switched off, or back on, for one kind of message."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="notification_preferences",
    )
    kind = models.CharField(max_length=50)
    channel = models.CharField(max_length=10, choices=Channel)
    enabled = models.BooleanField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "kind", "channel"],
                name="notifications_preference_is_one_per_kind_and_channel",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} by {self.channel}: {'on' if self.enabled else 'off'}"
