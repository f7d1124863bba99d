"""Repeating a request must not repeat its effect: the Idempotency-Key header.

A key counts for 24 hours, for one account, method and path. The same body gets
the stored answer again (with `Idempotent-Replayed: true`), another body is
refused with 422, and a repeat of a request that still runs with 409.

What is stored: successes, and refusals of the business (a DomainError below
500, such as sold out or a declined card), so that a late duplicate of a request
that was refused cannot succeed behind the person's back. To try again after a
refusal is a new attempt and takes a new key. What is not stored: 429 and 5xx, a
refusal that says itself to ask again (a payment under way, the last tickets in other
hands), and what was turned down before anything began (bad input, no such row).

`@idempotent` is for local effects: the handler and the key row are one
transaction. `@idempotent_flow` is for handlers that call the payment provider
and so may not sit in a transaction: they hold a lease on a committed key row.
Both wrap a method of an APIView, and neither costs anything without the header.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from http import HTTPStatus
from typing import Any

import orjson
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.http import Http404
from django.http.request import HttpHeaders
from django.utils import timezone
from rest_framework.exceptions import (
    APIException,
    NotAuthenticated,
    ValidationError,
)
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ticketapp import writing
from ticketapp.errors import Action, DomainError
from ticketapp.models import IdempotencyKey
from ticketapp.prepared import execute
from ticketapp.renderers import OrjsonRenderer

HEADER = "Idempotency-Key"
# Where it is in a request: to build `headers` takes longer than to read a row.
IN_META = HttpHeaders.to_wsgi_name(HEADER)
REPLAYED = "Idempotent-Replayed"
LIFETIME = timedelta(hours=24)
LEASE = timedelta(minutes=2)
MAX_LENGTH = 200

Handler = Callable[..., Response]

FIND = """
SELECT turn.taken, stored.body_hash, stored.response_status, stored.response_body,
       stored.response_type
  FROM (SELECT {turn} AS taken) AS turn
  LEFT JOIN ticketapp_idempotencykey AS stored
    ON (stored.account, stored.method, stored.path, stored.key)
       = (%(account)s, %(method)s, %(path)s, %(key)s)
   AND stored.created_at > %(forgotten_at)s
"""
FIND_STORED = FIND.format(turn="true")
FIND_AND_TAKE_TURN = FIND.format(turn="pg_try_advisory_xact_lock(%(turn)s)")

# A row that is past its day is overwritten, whether it was purged yet or not.
STORE = """
INSERT INTO ticketapp_idempotencykey AS stored
       (account, method, path, key, body_hash, created_at, lease_until,
        response_status, response_body, response_type)
VALUES (%(account)s, %(method)s, %(path)s, %(key)s, %(body_hash)s, %(now)s,
        %(lease_until)s, %(status)s, %(body)s, %(content_type)s)
ON CONFLICT (account, method, path, key) DO UPDATE
   SET body_hash = excluded.body_hash, created_at = excluded.created_at,
       lease_until = excluded.lease_until,
       response_status = excluded.response_status,
       response_body = excluded.response_body,
       response_type = excluded.response_type
 WHERE stored.created_at <= %(forgotten_at)s
    OR (stored.response_status IS NULL AND stored.lease_until <= %(now)s
        AND stored.body_hash = excluded.body_hash)
RETURNING stored.id
"""


class IdempotencyKeyReused(DomainError):
    code = "idempotency_key_reused"
    title = "This Idempotency-Key belongs to another request."
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    message = (
        "This Idempotency-Key was already used here with a different body. Nothing "
        "was done. Send a new key with a new request."
    )
    action = Action.CHANGE_REQUEST


class RequestInProgress(DomainError):
    code = "request_in_progress"
    title = "The same request is still running."
    message = (
        "This request was already sent and is still being worked on. Nothing was "
        "done twice. Ask again in a moment with the same Idempotency-Key."
    )
    action = Action.WAIT
    retry_after = 1


class _OvertakenError(Exception):
    """A duplicate stored its answer first: ours is rolled back and theirs told."""


@dataclass(frozen=True)
class Attempt:
    """One request with its key, and the rows kept for it."""

    account: str
    method: str
    path: str
    key: str
    body_hash: str
    now: datetime

    @classmethod
    def of(cls, request: Request) -> "Attempt":
        if not request.user.is_authenticated:
            raise NotAuthenticated  # Strangers would share one scope.
        key = request.META[IN_META]
        if (
            not 1 <= len(key) <= MAX_LENGTH
            or not key.isascii()
            or not key.isprintable()
        ):
            raise ValidationError(
                {HEADER: [f"Give 1 to {MAX_LENGTH} printable ASCII characters."]}
            )
        # Sorted, so that a client that writes the same JSON anew is understood.
        body = orjson.dumps(request.data, default=str, option=orjson.OPT_SORT_KEYS)
        return cls(
            account=str(request.user.pk),
            method=request.method or "",
            path=request.path,
            key=key,
            body_hash=hashlib.sha256(body).hexdigest(),
            now=timezone.now(),
        )

    def parameters(self) -> dict[str, Any]:
        return {**self.__dict__, "forgotten_at": self.now - LIFETIME}

    def turn(self) -> int:
        """The advisory lock of this key: 64 bits of a hash, as PostgreSQL wants."""
        scope = "\0".join([self.account, self.method, self.path, self.key])
        digest = hashlib.blake2b(scope.encode(), digest_size=8).digest()
        return int.from_bytes(digest, signed=True)

    def take_turn(self) -> Response | None:
        """Lock this key until the transaction ends, or give its stored answer.

        One round trip. Without the lock and without an answer, a duplicate is
        at work in another transaction: RequestInProgress.
        """
        taken, *row = self._find(FIND_AND_TAKE_TURN, turn=self.turn())
        if row[0] is not None:
            return self._answer(*row)
        if not taken:
            raise RequestInProgress
        return None

    def stored_answer(self) -> Response:
        """The answer that a duplicate has stored; RequestInProgress without one."""
        _, *row = self._find(FIND_STORED)
        if row[0] is None:  # Stored and purged within the blink of an eye.
            raise RequestInProgress
        return self._answer(*row)

    def store(self, response: Response) -> None:
        """Keep this answer for a day, or raise if a duplicate's came first."""
        body = OrjsonRenderer().render(response.data)
        content_type = response.content_type or OrjsonRenderer.media_type
        if not self._write(response.status_code, body, content_type):
            raise _OvertakenError

    def settle(self, response: Response) -> Response:
        """Keep this answer, or give the one of the duplicate that came first."""
        try:
            self.store(response)
        except _OvertakenError:
            return self.stored_answer()
        return response

    def take_lease(self, lease_until: datetime) -> int | None:
        """Commit an unanswered key row; None if there is a live one already."""
        return self._write(None, b"", OrjsonRenderer.media_type, lease_until)

    def _find(self, statement: str, **extra: Any) -> tuple:
        params = self.parameters() | extra
        with connection.cursor() as cursor:
            execute(cursor, statement, params=params)
            return cursor.fetchone()

    def _write(
        self,
        status: int | None,
        body: bytes,
        content_type: str,
        lease_until: datetime | None = None,
    ) -> int | None:
        params = self.parameters() | {
            "status": status,
            "body": body,
            "content_type": content_type,
            "lease_until": lease_until,
        }
        with connection.cursor() as cursor:
            execute(cursor, STORE, params=params)
            written = cursor.fetchone()
        return written and written[0]

    def _answer(self, body_hash, status, body, content_type) -> Response:
        if body_hash != self.body_hash:
            raise IdempotencyKeyReused
        if status is None:
            raise RequestInProgress
        data = orjson.loads(bytes(body)) if body else None
        response = Response(data, status=status, content_type=content_type)
        response[REPLAYED] = "true"
        if isinstance(data, dict) and "retry_after" in data:
            response["Retry-After"] = str(data["retry_after"])
        return response


def is_final(status: int) -> bool:
    """Whether an answer with this status may be given again a day long."""
    return status < HTTPStatus.INTERNAL_SERVER_ERROR and (
        status != HTTPStatus.TOO_MANY_REQUESTS
    )


def is_last_word(refusal: DomainError) -> bool:
    """Whether it still holds later. Not when it sends people to wait and ask again."""
    asks_again = refusal.retry_after is not None or refusal.action == Action.WAIT
    return is_final(refusal.status) and not asks_again


def idempotent(handler: Handler) -> Handler:
    """Run a handler with local effects at most once per Idempotency-Key.

    Its effects and the key row commit together. Two duplicates that slip past
    the lock meet at the unique constraint: the second rolls its effects back
    and repeats the first one's answer.
    """

    @wraps(handler)
    def once(view: APIView, request: Request, *args: Any, **kwargs: Any) -> Response:
        if IN_META not in request.META:
            return handler(view, request, *args, **kwargs)
        attempt = Attempt.of(request)
        try:
            with transaction.atomic():
                if stored := attempt.take_turn():
                    return stored
                response = handler(view, request, *args, **kwargs)
                if is_final(response.status_code):
                    attempt.store(response)
                return response
        except _OvertakenError:
            return attempt.stored_answer()
        except (IdempotencyKeyReused, RequestInProgress):
            raise
        except DomainError as refusal:
            if not is_last_word(refusal):
                raise
            return attempt.settle(view.handle_exception(refusal))

    once.takes_idempotency_key = True  # type: ignore[attr-defined]
    return once


def idempotent_flow(handler: Handler) -> Handler:
    """Run a handler that calls the provider at most once at a time per key.

    The lease on the key row is committed before and the answer after, so the
    handler is free to commit and to call out in between. If the process dies,
    the lease ends after two minutes and the same request may run again: the
    flow must find its own half-done rows and go on from there.
    """

    @wraps(handler)
    def once(view: APIView, request: Request, *args: Any, **kwargs: Any) -> Response:
        if IN_META not in request.META:
            return handler(view, request, *args, **kwargs)
        attempt = Attempt.of(request)
        lease_until = attempt.now + LEASE
        row = attempt.take_lease(lease_until)
        if row is None:
            return attempt.stored_answer()
        try:
            response = handler(view, request, *args, **kwargs)
            final = is_final(response.status_code)
        except DomainError as refusal:
            response = view.handle_exception(refusal)
            final = is_last_word(refusal)
        except Exception as failure:
            _give_back(row, lease_until, failure)
            raise
        if final:
            _end_lease(row, lease_until, _answered(response))
        else:
            _end_lease(row, lease_until, {"lease_until": attempt.now})
        return response

    once.takes_idempotency_key = True  # type: ignore[attr-defined]
    return once


def _answered(response: Response) -> dict[str, Any]:
    return {
        "response_status": response.status_code,
        "response_body": OrjsonRenderer().render(response.data),
        "response_type": response.content_type or OrjsonRenderer.media_type,
        "lease_until": None,
    }


def _end_lease(row: int, lease_until: datetime, changes: dict[str, Any]) -> None:
    """Write what became of the request, while the lease is still ours."""
    writing.write(IdempotencyKey, row, changes, {"lease_until": lease_until})


def _give_back(row: int, lease_until: datetime, failure: Exception) -> None:
    """End the lease: forget a request that never began, let a broken one repeat."""
    if _turned_down(failure):
        IdempotencyKey.objects.filter(pk=row, lease_until=lease_until).delete()
    else:
        _end_lease(row, lease_until, {"lease_until": timezone.now()})


def _turned_down(failure: Exception) -> bool:
    if isinstance(failure, APIException):
        return failure.status_code < HTTPStatus.INTERNAL_SERVER_ERROR
    return isinstance(failure, Http404 | PermissionDenied)


def purge_keys(*, now: datetime, limit: int) -> int:
    """Delete up to `limit` keys that are past their day; say how many went."""
    old = IdempotencyKey.objects.filter(created_at__lte=now - LIFETIME)
    picked = old.order_by("created_at").values("pk")[:limit]
    return IdempotencyKey.objects.filter(pk__in=picked).delete()[0]
