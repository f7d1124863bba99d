"""The sandbox's front door: keys, addresses, idempotency, errors.

One request is one transaction of the sandbox's own. Lock order: the key's turn, the
object that the address names, what hangs on it, and last the row of the key.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import orjson
from django.db import OperationalError, connection, transaction

from payments.gateways.sandbox import intents, methods, refunds
from payments.gateways.sandbox.calls import Call, random_text
from payments.gateways.sandbox.errors import (
    ApiError,
    IdempotencyMismatch,
    InvalidRequest,
    KeyInUse,
    LockTimeout,
)
from payments.gateways.sandbox.forms import decode
from payments.gateways.sandbox.rows import KEY_LIFETIME, Answered
from ticketapp.prepared import execute

Handler = Callable[..., dict[str, Any]]
Answer = tuple[str, int, dict[str, str]]
ID = r"([A-Za-z0-9_]+)"
ADDRESSES: list[tuple[str, str, Handler]] = [
    ("POST", "payment_intents", intents.create),
    ("GET", "payment_intents", intents.list_),
    ("GET", f"payment_intents/{ID}", intents.retrieve),
    ("POST", f"payment_intents/{ID}", intents.update),
    ("POST", f"payment_intents/{ID}/confirm", intents.confirm),
    ("POST", f"payment_intents/{ID}/cancel", intents.cancel),
    ("POST", "payment_methods", methods.create),
    ("GET", "payment_methods", methods.list_),
    ("GET", f"payment_methods/{ID}", methods.retrieve),
    ("POST", f"payment_methods/{ID}", methods.update),
    ("POST", f"payment_methods/{ID}/attach", methods.attach_to_customer),
    ("POST", f"payment_methods/{ID}/detach", methods.detach),
    ("POST", "customers", methods.create_customer),
    ("GET", f"customers/{ID}", methods.retrieve_customer),
    ("DELETE", f"customers/{ID}", methods.delete_customer),
    ("POST", "setup_intents", methods.create_setup),
    ("GET", "setup_intents", methods.list_setups),
    ("GET", f"setup_intents/{ID}", methods.retrieve_setup),
    ("POST", f"setup_intents/{ID}/cancel", methods.cancel_setup),
    ("POST", "refunds", refunds.create),
    ("GET", "refunds", refunds.list_),
    ("GET", f"refunds/{ID}", refunds.retrieve),
    ("GET", "charges", refunds.list_charges),
    ("GET", f"charges/{ID}", refunds.retrieve_charge),
    ("GET", "disputes", refunds.list_disputes),
    ("GET", f"disputes/{ID}", refunds.retrieve_dispute),
    ("POST", f"disputes/{ID}", refunds.answer_dispute),
    ("POST", f"disputes/{ID}/close", refunds.close_dispute),
    ("GET", "balance", refunds.retrieve_balance),
]
ROUTES = [
    (method, re.compile(f"/v1/{path}"), handler) for method, path, handler in ADDRESSES
]
# What a page may do with the publishable key.
FOR_BROWSERS: set[Handler] = {methods.create}
# What every purchase asks: the statement that writes all of it is the transaction.
AT_ONCE: set[Handler] = {
    intents.create,
    intents.confirm,
    methods.create,
    methods.create_customer,
}
TAKE_TURN = """
SELECT turn.taken, known.fingerprint, known.status, known.body
  FROM (SELECT pg_try_advisory_xact_lock(%(turn)s) AS taken) AS turn
  LEFT JOIN payments_sandboxkey AS known
    ON known.key = %(key)s AND known.created_at > %(forgotten_at)s
"""


def answer(
    method: str, path: str, body: str, headers: Mapping[str, str], *, now: datetime
) -> Answer:
    """Answer one request as Stripe would: (body, status, headers)."""
    try:
        handler, ids = _route(method, path)
        _check_key(headers, handler)
        call = Call(
            method=method,
            path=path,
            params=decode(body),
            now=now,
            key=headers.get("Idempotency-Key", "") if method == "POST" else "",
        )
        if handler in AT_ONCE and (answer := _at_once(call, handler, ids, body)):
            return answer
        with transaction.atomic():
            return _once(call, handler, ids, body)
    except ApiError as refusal:
        return _refusal(refusal)
    except OperationalError as busy:
        if getattr(busy.__cause__, "pgcode", None) != "55P03":
            raise
        return _refusal(LockTimeout())


def _at_once(
    call: Call, handler: Handler, ids: tuple[str, ...], body: str
) -> Answer | None:
    """Answer without locks; None, and nothing is written, if that will not do.

    What is refused before it runs is left for its turn too: the key may have an
    answer, which goes before.
    """
    try:
        return _first(replace(call, at_once=True), handler, ids, body)
    except ApiError:
        return None


def _once(call: Call, handler: Handler, ids: tuple[str, ...], body: str) -> Answer:
    """The first answer to a key is the answer, for 24 hours."""
    if call.key and (stored := _stored(call)):
        first, status, text = stored
        if first != _fingerprint(call, body):
            raise IdempotencyMismatch(call.key)
        return text, status, _headers({"Idempotent-Replayed": "true"})
    if answer := _first(call, handler, ids, body):
        return answer
    raise KeyInUse(call.key)  # It began and ended between our look and our turn.


def _first(
    call: Call, handler: Handler, ids: tuple[str, ...], body: str
) -> Answer | None:
    """Run it and write it down; None, and nothing is, where the key has an answer."""
    text, status, headers = _perform(call, handler, ids)
    answered = Answered(call.key, _fingerprint(call, body), status, text)
    if call.write(answered if call.key else None):
        return text, status, headers
    return None


def _fingerprint(call: Call, body: str) -> str:
    return hashlib.sha256(f"{call.path}\n{body}".encode()).hexdigest()


def _stored(call: Call) -> tuple[str, int, str] | None:
    """The fingerprint, status and body under this key; else its turn is ours."""
    turn = hashlib.blake2b(f"sandbox {call.key}".encode(), digest_size=8).digest()
    params: dict[str, Any] = {
        "turn": int.from_bytes(turn, signed=True),
        "key": call.key,
        "forgotten_at": call.now - KEY_LIFETIME,
    }
    with connection.cursor() as cursor:
        execute(cursor, TAKE_TURN, params=params)
        taken, *stored = cursor.fetchone()
    if not taken:
        raise KeyInUse(call.key)
    return tuple(stored) if stored[0] else None


def _perform(call: Call, handler: Handler, ids: tuple[str, ...]) -> Answer:
    """Run the handler. What was refused before it began is not remembered."""
    try:
        document = handler(call, *ids)
    except ApiError as refusal:
        if not refusal.is_remembered:
            raise
        if not refusal.keeps_effects:
            call.forget()
        return _refusal(refusal)
    return orjson.dumps(document).decode(), 200, _headers()


def _route(method: str, path: str) -> tuple[Handler, tuple[str, ...]]:
    for wanted, pattern, handler in ROUTES:
        if wanted == method and (match := pattern.fullmatch(path)):
            return handler, match.groups()
    raise InvalidRequest(f"Unrecognized request URL ({method}: {path}).", status=404)


def _check_key(headers: Mapping[str, str], handler: Handler) -> None:
    key = headers.get("Authorization", "").removeprefix("Bearer ")
    if not key.startswith(("sk_", "pk_")):
        raise ApiError(401, "invalid_request_error", "You did not provide an API key.")
    if key.startswith("pk_") and handler not in FOR_BROWSERS:
        raise ApiError(403, "invalid_request_error", "A publishable key may not ask.")


def _refusal(refusal: ApiError) -> Answer:
    body = orjson.dumps({"error": refusal.body}).decode()
    return body, refusal.status, _headers()


def _headers(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    return {"Request-Id": f"req_{random_text(14)}", **(extra or {})}
