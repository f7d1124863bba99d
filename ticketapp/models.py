"""Abstract models that every app may build on, and the idempotency keys."""

import uuid
from typing import Any, ClassVar

from django.db import models
from django.db.models.functions import Now

from ticketapp import writing
from ticketapp.errors import Action, DomainError


class InvalidTransition(DomainError):
    code = "invalid_transition"
    title = "That step is not possible any more."
    message = "This {model} is {status} and cannot become {target}."
    action = Action.NONE


class StatefulModel(models.Model):
    """A row whose `status` moves only along `TRANSITIONS`."""

    TRANSITIONS: ClassVar[dict[str, set[str]]]

    class Meta:
        abstract = True

    def move_to(self, target: str, **changes: Any) -> None:
        """Move to `target`, in the database and on this instance, or raise.

        One conditional UPDATE: of two processes that race, one finds no row
        left in the old status. Holds with or without a row lock.
        """
        changes = {"status": target, **changes}
        self.has_moved(self.may_become(target) and self._write(changes), **changes)

    def may_become(self, target: str) -> bool:
        this: Any = self  # Only the subclasses have the field `status`.
        return target in self.TRANSITIONS[this.status]

    def has_moved(self, written: bool, **changes: Any) -> None:
        """Follow a larger statement that has `written` a move, or not: then raise."""
        this: Any = self
        if not written:
            raise InvalidTransition(
                model=self._meta.verbose_name,
                status=this.status,
                target=changes["status"],
            )
        for field, value in changes.items():
            setattr(self, field, value)

    def _write(self, changes: dict[str, Any]) -> bool:
        this: Any = self
        if (values := writing.values_of(type(this), changes)) is not None:
            return writing.write(type(this), this.pk, values, {"status": this.status})
        row = type(this)._default_manager.filter(pk=this.pk, status=this.status)
        return bool(row.update(**changes))

    move_to.alters_data = True  # type: ignore[attr-defined]  # No template calls it.


class PublicModel(models.Model):
    """A row whose identity may leave the house: random, not sequential."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)

    class Meta:
        abstract = True


class IdempotencyKey(models.Model):
    """One answered (or half-way) request, kept for a day.

    `account` is the public id of the user and not a foreign key, because this
    package knows no app. `response_status` is null while the request runs.
    """

    account = models.CharField(max_length=64)
    method = models.CharField(max_length=8)
    path = models.CharField(max_length=300)
    key = models.CharField(max_length=200)
    body_hash = models.CharField(max_length=64)
    response_status = models.PositiveSmallIntegerField(null=True)
    response_body = models.BinaryField(default=b"")
    response_type = models.CharField(max_length=100, default="application/json")
    lease_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "method", "path", "key"],
                name="ticketapp_idempotency_key_is_used_once_per_account_and_path",
            )
        ]
        indexes = [
            models.Index(fields=["created_at"], name="ticketapp_idempotency_age")
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.key}"
