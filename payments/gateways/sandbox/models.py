"""What the sandbox remembers. A card's number is not among it."""

from typing import Any

import orjson
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Q


class Document(models.JSONField):
    """JSON kept as it is sent. Nobody looks into it here, so the database need not."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "text"

    def from_db_value(self, value: str | None, *_: Any, **__: Any) -> Any:
        return None if value is None else orjson.loads(value)

    def get_db_prep_value(self, value: Any, *_: Any, **__: Any) -> str:
        return orjson.dumps(value).decode()


class SandboxObject(models.Model):
    """One object of the provider, as the document it shows to its callers.

    `behaviour` names what a test card does, `set_up` and `used_up` what became
    of its payment method; they are not part of the document. A customer who was
    deleted is used up too. At `matures_at`
    something more happens to the object (a dispute, the failure of a refund).
    The other columns repeat what lists are filtered by.
    """

    id = models.CharField(max_length=80, primary_key=True)
    type = models.CharField(max_length=40)
    data = Document()
    behaviour = models.CharField(max_length=80, blank=True)
    set_up = models.BooleanField(default=False)
    used_up = models.BooleanField(default=False)
    matures_at = models.DateTimeField(null=True, blank=True)
    customer = models.CharField(max_length=80, blank=True)
    payment_intent = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(
                fields=["payment_intent"],
                condition=~Q(payment_intent=""),
                name="payments_sandbox_of_an_intent",
            ),
            models.Index(
                fields=["customer"],
                condition=~Q(customer=""),
                name="payments_sandbox_of_a_customer",
            ),
            models.Index(
                fields=["type", "-created_at"], name="payments_sandbox_by_type"
            ),
            models.Index(
                fields=["matures_at"],
                condition=Q(matures_at__isnull=False),
                name="payments_sandbox_maturing",
            ),
        ]

    def __str__(self) -> str:
        return self.id


class SandboxKey(models.Model):
    """An idempotency key with the request it came with and the answer it got."""

    key = models.CharField(max_length=255, primary_key=True)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    body = models.TextField()
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["created_at"], name="payments_sandbox_key_age")]

    def __str__(self) -> str:
        return self.key


class SandboxEvent(models.Model):
    """Something that a webhook is wanted for; the worker delivers it.

    `next_attempt_at` is null once nothing more is to be delivered.
    """

    id = models.CharField(max_length=80, primary_key=True)
    type = models.CharField(max_length=80)
    payload = Document()
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    last_answer = models.CharField(max_length=80, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                condition=Q(next_attempt_at__isnull=False),
                name="payments_sandbox_event_due",
            )
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.id}"
