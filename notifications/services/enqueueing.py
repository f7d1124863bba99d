"""Writing a message down beside the fact that it tells."""

from datetime import datetime, timedelta
from typing import Any

from accounts.models import User
from notifications.kinds import kind_named
from notifications.models import Notification
from ticketapp import writing
from ticketapp.jobs import A_MOMENT, look_now

DEFAULT_TTL = timedelta(days=1)
TITLE_LENGTH = Notification._meta.get_field("title").max_length


def enqueue(
    *,
    user: User,
    kind: str,
    dedupe_key: str,
    title: str,
    body: str,
    now: datetime,
    link: str = "",
    ttl: timedelta = DEFAULT_TTL,
    send_after: datetime | None = None,
    payload: dict[str, Any] | None = None,
) -> None:
    """Queue one message to `user`; it leaves only if the transaction commits.

    Saying the same `dedupe_key` again changes nothing, so that a flow may be
    repeated. It is not sent later than `ttl` from `now`, nor before
    `send_after`. `kind` must be registered (LookupError otherwise). `link` is a
    path in the app.
    """
    message = Notification(
        user=user,
        kind=kind_named(kind).name,
        dedupe_key=dedupe_key,
        # One line, because it becomes the subject of a mail.
        title=" ".join(title.split())[:TITLE_LENGTH],
        body=body,
        link=link,
        payload=payload or {},
        created_at=now,
        send_after=send_after or now,
        expires_at=now + ttl,
    )
    writing.insert(message, ignore_conflicts=True)
    look_now("notifications.tasks.send_notifications", gather=A_MOMENT)
