"""Writing a message down beside the fact that it tells."""

from datetime import datetime, timedelta
from typing import Any, NotRequired, TypedDict, Unpack
from uuid import UUID, uuid4

import orjson
from django.db import connection

from accounts.models import User
from notifications.kinds import kind_named
from notifications.models import Notification
from ticketapp.jobs import A_MOMENT, look_now
from ticketapp.prepared import execute

DEFAULT_TTL = timedelta(days=1)
TITLE_LENGTH = Notification._meta.get_field("title").max_length
MESSAGE = """
INSERT INTO notifications_notification
       (id, user_id, kind, dedupe_key, title, body, link, payload, status, attempts,
        send_after, expires_at, created_at)
SELECT %(message)s, %(recipient)s, %(kind)s, %(dedupe_key)s, %(title)s, %(body)s,
       %(link)s, %(payload)s::jsonb, 'queued', 0, %(send_after)s, %(expires_at)s,
       %(now)s{source}
ON CONFLICT DO NOTHING"""
ENQUEUE = "/* enqueue */" + MESSAGE.format(source="")


class Message(TypedDict):
    """What somebody is told, once for each `dedupe_key`.

    It is not sent later than `ttl` from `now`, nor before `send_after`. `kind` must
    be registered (LookupError otherwise). `link` is a path in the app.
    """

    kind: str
    dedupe_key: str
    title: str
    body: str
    now: datetime
    link: NotRequired[str]
    ttl: NotRequired[timedelta]
    send_after: NotRequired[datetime]
    payload: NotRequired[dict[str, Any]]


def enqueue(*, user: User, **told: Unpack[Message]) -> None:
    """Queue one message to `user`; it leaves only if the transaction commits.

    Saying the same `dedupe_key` again changes nothing, so that a flow may be
    repeated.
    """
    with connection.cursor() as cursor:
        execute(cursor, ENQUEUE, params=params_of(told, recipient=user.pk))
    send_soon()


def params_of(told: Message, *, recipient: UUID) -> dict[str, Any]:
    """What the statement that writes a message is given."""
    now = told["now"]
    return {
        "message": uuid4(),
        "recipient": recipient,
        "kind": kind_named(told["kind"]).name,
        "dedupe_key": told["dedupe_key"],
        # One line, because it becomes the subject of a mail.
        "title": " ".join(told["title"].split())[:TITLE_LENGTH],
        "body": told["body"],
        "link": told.get("link", ""),
        "payload": orjson.dumps(told.get("payload", {})).decode(),
        "now": now,
        "send_after": told.get("send_after", now),
        "expires_at": now + told.get("ttl", DEFAULT_TTL),
    }


def message_from(source: str) -> str:
    """SQL that writes the message once for each row of `source`: none, or one.

    For a larger statement to go on from. Give it what `params_of` gives, and
    `send_soon` once it has written.
    """
    return MESSAGE.format(source=f" FROM {source}")


def send_soon() -> None:
    look_now("notifications.tasks.send_notifications", gather=A_MOMENT)
