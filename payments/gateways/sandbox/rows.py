"""The sandbox's rows, all that one request changes written in one statement."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import orjson
from django.db import connection

from payments.gateways.sandbox.models import SandboxEvent, SandboxKey, SandboxObject
from ticketapp.prepared import execute

KEY_LIFETIME = timedelta(hours=24)
# A key that is past its day is free.
TAKE_KEY = """key AS (
    INSERT INTO payments_sandboxkey AS known
           (key, fingerprint, status, body, created_at)
    VALUES (%(key)s, %(fingerprint)s, %(status)s, %(body)s, %(now)s)
    ON CONFLICT (key) DO UPDATE
       SET fingerprint = excluded.fingerprint, status = excluded.status,
           body = excluded.body, created_at = excluded.created_at
     WHERE known.created_at <= %(forgotten_at)s
    RETURNING key
)"""
WRITE_OBJECTS = """objects AS (
    INSERT INTO payments_sandboxobject
           (id, type, data, behaviour, set_up, used_up, matures_at, customer,
            payment_intent, created_at)
    SELECT made.*, %(now)s FROM (VALUES {rows}) AS made {if_taken}
    ON CONFLICT (id) DO UPDATE
       SET data = excluded.data, behaviour = excluded.behaviour,
           set_up = excluded.set_up, used_up = excluded.used_up,
           matures_at = excluded.matures_at, customer = excluded.customer
)"""
WRITE_EVENTS = """events AS (
    INSERT INTO payments_sandboxevent
           (id, type, payload, attempts, created_at, next_attempt_at, last_answer)
    SELECT made.*, 0, %(now)s, %(now)s, '' FROM (VALUES {rows}) AS made {if_taken}
)"""
# Of an empty time nothing else would tell the type.
OBJECT = (
    "(%(id_{n})s, %(type_{n})s, %(data_{n})s, %(behaviour_{n})s, %(set_up_{n})s, "
    "%(used_up_{n})s, %(matures_at_{n})s::timestamptz, %(customer_{n})s, "
    "%(payment_intent_{n})s)"
)
EVENT = "(%(event_{n})s, %(happened_{n})s, %(payload_{n})s)"


def write(
    objects: Sequence[SandboxObject],
    events: Sequence[SandboxEvent],
    answered: SandboxKey | None,
    *,
    now: datetime,
) -> bool:
    """Write what has changed, and the answer under its key: all of it, or nothing.

    False if another request has answered under that key meanwhile.
    """
    if not (objects or events or answered):
        return True
    params: dict[str, Any] = {"now": now}
    if answered:
        params |= _of_key(answered) | {"forgotten_at": now - KEY_LIFETIME}
    for turn, row in enumerate(objects):
        params |= _of_object(row, turn)
    for turn, event in enumerate(events):
        params |= _of_event(event, turn)
    statement = _statement(len(objects), len(events), is_keyed=answered is not None)
    with connection.cursor() as cursor:
        execute(cursor, statement, params=params)
        return cursor.fetchone()[0]


def _of_key(row: SandboxKey) -> dict[str, Any]:
    return {
        "key": row.key,
        "fingerprint": row.fingerprint,
        "status": row.status,
        "body": row.body,
    }


def _of_object(row: SandboxObject, turn: int) -> dict[str, Any]:
    return {
        f"id_{turn}": row.id,
        f"type_{turn}": row.type,
        f"data_{turn}": orjson.dumps(row.data).decode(),
        f"behaviour_{turn}": row.behaviour,
        f"set_up_{turn}": row.set_up,
        f"used_up_{turn}": row.used_up,
        f"matures_at_{turn}": row.matures_at,
        f"customer_{turn}": row.customer,
        f"payment_intent_{turn}": row.payment_intent,
    }


def _of_event(row: SandboxEvent, turn: int) -> dict[str, Any]:
    return {
        f"event_{turn}": row.id,
        f"happened_{turn}": row.type,
        f"payload_{turn}": orjson.dumps(row.payload).decode(),
    }


@cache
def _statement(objects: int, events: int, *, is_keyed: bool) -> str:
    """What writes so many objects and events, if their key is to be had."""
    taken = "WHERE EXISTS (SELECT FROM key)" if is_keyed else ""
    parts = [TAKE_KEY] if is_keyed else []
    for text, row, count in (
        (WRITE_OBJECTS, OBJECT, objects),
        (WRITE_EVENTS, EVENT, events),
    ):
        rows = ", ".join(row.format(n=turn) for turn in range(count))
        if count:
            parts.append(text.format(rows=rows, if_taken=taken))
    told = "SELECT EXISTS (SELECT FROM key)" if is_keyed else "SELECT true"
    return f"/* sandbox_write */ WITH {', '.join(parts)} {told}"
