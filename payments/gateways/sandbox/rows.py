"""The sandbox's rows: read as they are, and written in one statement a request.

A request is first tried without locks. What it would lock is read as it stands, and
the statement that writes does so only if all of that is still as it was read; if it
is not, nothing is written, and the request begins anew with locks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import orjson
from django.db import connection

from ticketapp.prepared import execute

KEY_LIFETIME = timedelta(hours=24)
# In the order of their types an intent comes before what shall pay it: of the two, it
# is what the address names.
READ = """
SELECT id, type, data, behaviour, set_up, used_up, matures_at, customer,
       payment_intent, xmin::text
  FROM payments_sandboxobject
 WHERE id IN (%(first)s, %(second)s)
 ORDER BY type
"""
READ_LOCKED = f"{READ} FOR UPDATE"
UNCHANGED = """unchanged AS (
    SELECT FROM payments_sandboxobject WHERE {rows} ORDER BY type FOR UPDATE
)"""
ALLOWED = "allowed AS MATERIALIZED (SELECT WHERE {conditions})"
ALL_UNCHANGED = "(SELECT count(*) FROM unchanged) = {count}"
THERE = (
    "EXISTS (SELECT FROM payments_sandboxobject"
    " WHERE id = %(there_{n})s AND type = %(kind_{n})s AND NOT used_up)"
)
# A key that is past its day is free.
TAKE_KEY = """key AS (
    INSERT INTO payments_sandboxkey AS known
           (key, fingerprint, status, body, created_at)
    SELECT %(key)s, %(fingerprint)s, %(status)s, %(body)s, %(now)s FROM allowed
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
    SELECT made.*, %(now)s FROM {last}, (VALUES {rows}) AS made
    ON CONFLICT (id) DO UPDATE
       SET data = excluded.data, behaviour = excluded.behaviour,
           set_up = excluded.set_up, used_up = excluded.used_up,
           matures_at = excluded.matures_at, customer = excluded.customer
)"""
WRITE_EVENTS = """events AS (
    INSERT INTO payments_sandboxevent
           (id, type, payload, attempts, created_at, next_attempt_at, last_answer)
    SELECT made.*, 0, %(now)s, %(now)s, '' FROM {last}, (VALUES {rows}) AS made
)"""
# Of an empty time nothing else would tell the type.
OBJECT = (
    "(%(id_{n})s, %(type_{n})s, %(data_{n})s, %(behaviour_{n})s, %(set_up_{n})s, "
    "%(used_up_{n})s, %(matures_at_{n})s::timestamptz, %(customer_{n})s, "
    "%(payment_intent_{n})s)"
)
EVENT = "(%(event_{n})s, %(happened_{n})s, %(payload_{n})s)"
SEEN = "(id = %(seen_{n})s AND xmin::text = %(version_{n})s)"


@dataclass(slots=True, eq=False)
class Record:
    """An object of the provider in the hands of a request.

    `version` is PostgreSQL's own name for the row as it was read: each change of a
    row gives it another.
    """

    pk: str
    type: str
    data: dict[str, Any]
    behaviour: str = ""
    set_up: bool = False
    used_up: bool = False
    matures_at: datetime | None = None
    customer: str = ""
    payment_intent: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """What was answered under an idempotency key, and to which request."""

    key: str
    fingerprint: str
    status: int
    body: str


@dataclass(frozen=True, slots=True)
class Happened:
    """Something that a webhook will tell."""

    id: str
    type: str
    payload: dict[str, Any]


def read(first: str, second: str, *, locked: bool) -> list[Record]:
    """What has one of these ids, an intent first; if `locked`, locked as well."""
    with connection.cursor() as cursor:
        params = {"first": first, "second": second}
        execute(cursor, READ_LOCKED if locked else READ, params=params)
        return [
            Record(pk, type_, orjson.loads(data), *rest)
            for pk, type_, data, *rest in cursor.fetchall()
        ]


def write(
    objects: Sequence[Record],
    events: Sequence[Happened],
    answered: Answered | None,
    *,
    now: datetime,
    seen: Sequence[Record] = (),
    there: Mapping[str, str] | None = None,
) -> bool:
    """Write what has changed, and the answer under its key: all of it, or nothing.

    False, and nothing is written, if another request has answered under that key
    meanwhile, if one of `seen` is not any more as it was read, or if what `there`
    names, each with its type, is not there.
    """
    there = there or {}
    if not (objects or events or answered):
        return True
    params: dict[str, Any] = {"now": now}
    if answered:
        params |= _of_key(answered) | {"forgotten_at": now - KEY_LIFETIME}
    for turn, row in enumerate(seen):
        params |= {f"seen_{turn}": row.pk, f"version_{turn}": row.version}
    for turn, (id_, kind) in enumerate(there.items()):
        params |= {f"there_{turn}": id_, f"kind_{turn}": kind}
    for turn, row in enumerate(objects):
        params |= _of_object(row, turn)
    for turn, event in enumerate(events):
        params |= _of_event(event, turn)
    counts = (len(objects), len(events), len(seen), len(there))
    with connection.cursor() as cursor:
        execute(cursor, _statement(*counts, is_keyed=bool(answered)), params=params)
        return cursor.fetchone()[0]


def _of_key(row: Answered) -> dict[str, Any]:
    return {
        "key": row.key,
        "fingerprint": row.fingerprint,
        "status": row.status,
        "body": row.body,
    }


def _of_object(row: Record, turn: int) -> dict[str, Any]:
    return {
        f"id_{turn}": row.pk,
        f"type_{turn}": row.type,
        f"data_{turn}": orjson.dumps(row.data).decode(),
        f"behaviour_{turn}": row.behaviour,
        f"set_up_{turn}": row.set_up,
        f"used_up_{turn}": row.used_up,
        f"matures_at_{turn}": row.matures_at,
        f"customer_{turn}": row.customer,
        f"payment_intent_{turn}": row.payment_intent,
    }


def _of_event(event: Happened, turn: int) -> dict[str, Any]:
    return {
        f"event_{turn}": event.id,
        f"happened_{turn}": event.type,
        f"payload_{turn}": orjson.dumps(event.payload).decode(),
    }


@cache
def _statement(
    objects: int, events: int, seen: int, there: int, *, is_keyed: bool
) -> str:
    """What writes so many objects and events, if all that it builds on is so."""
    conditions = [ALL_UNCHANGED.format(count=seen)] if seen else []
    conditions += [THERE.format(n=turn) for turn in range(there)]
    rows = " OR ".join(SEEN.format(n=turn) for turn in range(seen))
    parts = [UNCHANGED.format(rows=rows)] if seen else []
    parts.append(ALLOWED.format(conditions=" AND ".join(conditions) or "true"))
    parts += [TAKE_KEY] if is_keyed else []
    last = "key" if is_keyed else "allowed"
    for text, row, count in (
        (WRITE_OBJECTS, OBJECT, objects),
        (WRITE_EVENTS, EVENT, events),
    ):
        rows = ", ".join(row.format(n=turn) for turn in range(count))
        if count:
            parts.append(text.format(rows=rows, last=last))
    told = f"SELECT EXISTS (SELECT FROM {last})"
    return f"/* sandbox_write */ WITH {', '.join(parts)} {told}"
