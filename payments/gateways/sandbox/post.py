"""The provider's own clockwork: what matures, and webhooks on their way to us."""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

import stripe
from django.conf import settings
from django.db import connection, transaction
from django.db.models import F

from payments.gateways.sandbox import refunds, rows
from payments.gateways.sandbox.calls import Call
from payments.gateways.sandbox.models import SandboxEvent, SandboxKey, SandboxObject
from payments.gateways.sandbox.switches import switches
from ticketapp.prepared import execute

logger = logging.getLogger(__name__)
Send = Callable[[bytes, str], int]
LEASE = timedelta(seconds=60)
FIRST_RETRY = timedelta(seconds=5)
LONGEST_WAIT = timedelta(hours=1)
GIVES_UP_AFTER = 25
TAKE_DUE = """
/* take_due_webhooks */
WITH due AS (
    SELECT id, payload, attempts, next_attempt_at, created_at
      FROM payments_sandboxevent
     WHERE next_attempt_at <= %(now)s
     ORDER BY next_attempt_at, created_at
     LIMIT %(limit)s
       FOR UPDATE SKIP LOCKED
), taken AS (
    UPDATE payments_sandboxevent AS event SET next_attempt_at = %(comes_again_at)s
      FROM due WHERE event.id = due.id
)
SELECT id, payload, attempts FROM due ORDER BY next_attempt_at, created_at
"""


@dataclass(frozen=True, slots=True)
class Letter:
    """An event on its way; `body` is what is signed and sent."""

    id: str
    body: str
    attempts: int


def deliver_webhooks(*, now: datetime, limit: int, send: Send, lines: int = 1) -> int:
    """Send up to `limit` due events through `send`; say how many were taken.

    `send(body, signature)` gives the HTTP status, or 0 if nobody answered; `lines`
    of them are under way at once. An event that was not taken comes again, later
    and later, as Stripe does; so does one that we died before noting, and one that
    could not even be sent, which must not keep the others back.
    """
    if switches.withhold_webhooks:
        return 0
    due = _claim(now, limit)
    if switches.reverse_webhooks:
        due.reverse()

    def post(letter: Letter) -> int:
        try:
            return _post(letter, send, now)
        except Exception:
            logger.exception("%s could not be sent", letter.id)
            return 0

    if lines == 1:
        return _record(due, map(post, due), now)
    with ThreadPoolExecutor(lines) as pool:
        return _record(due, pool.map(post, due), now)


def _post(letter: Letter, send: Send, now: datetime) -> int:
    for _ in range(2 if switches.duplicate_webhooks else 1):
        status = send(letter.body.encode(), sign(letter.body, now=now))
    return status


def sign(body: str, *, now: datetime) -> str:
    """The Stripe-Signature header for a body."""
    return stripe.WebhookSignature.generate_signature_header(
        body, settings.STRIPE_WEBHOOK_SECRET, timestamp=int(now.timestamp())
    )


def let_mature(*, now: datetime, limit: int) -> int:
    """Let happen what was due by now: disputes open, banks answer refunds."""
    due = SandboxObject.objects.filter(matures_at__lte=now).order_by("matures_at")
    matured = 0
    for id_ in list(due.values_list("pk", flat=True)[:limit]):
        try:
            matured += _mature(id_, now)
        except Exception:
            logger.exception("%s could not mature", id_)
    return matured


def purge_keys(*, now: datetime) -> int:
    """Forget idempotency keys after their day, as Stripe does."""
    old = SandboxKey.objects.filter(created_at__lte=now - timedelta(hours=24))
    return old.delete()[0]


def _claim(now: datetime, limit: int) -> list[Letter]:
    params = {"now": now, "limit": limit, "comes_again_at": now + LEASE}
    with connection.cursor() as cursor:
        execute(cursor, TAKE_DUE, params=params)
        return [Letter(*row) for row in cursor.fetchall()]


def _record(letters: Iterable[Letter], statuses: Iterable[int], now: datetime) -> int:
    """Note each answer: what failed at once, what was taken in one statement."""
    taken = defaultdict(list)
    for letter, status in zip(letters, statuses, strict=True):
        if 200 <= status < 300:
            taken[status].append(letter.id)
        else:
            _put_off(letter, status, now)
    for status, ids in taken.items():
        SandboxEvent.objects.filter(pk__in=ids).update(
            attempts=F("attempts") + 1,
            last_answer=f"HTTP {status}",
            delivered_at=now,
            next_attempt_at=None,
        )
    return sum(map(len, taken.values()))


def _put_off(letter: Letter, status: int, now: datetime) -> None:
    attempts = letter.attempts + 1
    wait = min(FIRST_RETRY * 2 ** (attempts - 1), LONGEST_WAIT)
    SandboxEvent.objects.filter(pk=letter.id).update(
        attempts=attempts,
        last_answer=f"HTTP {status}" if status else "no answer",
        next_attempt_at=None if attempts >= GIVES_UP_AFTER else now + wait,
    )


@transaction.atomic
def _mature(id_: str, now: datetime) -> bool:
    [found] = rows.read(id_, id_, locked=True)
    if found.matures_at is None or found.matures_at > now:
        return False  # Another worker was here.
    call = Call(method="", path="", params={}, now=now)
    found.matures_at = None
    call.change(found)
    if found.type == "charge":
        refunds.open_dispute(call, found, inquiry=found.behaviour == "inquiry")
    else:
        refunds.mature_refund(call, found)
    call.write()
    return True
