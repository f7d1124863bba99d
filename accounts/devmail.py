"""The demo's post office: mails are kept to be looked at, none leaves the house."""

import re
from collections.abc import Sequence
from typing import Any

import orjson
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone
from django_redis import get_redis_connection

KEY = "dev:mail"
KEPT = 200
SEPARATOR = ", "
CODE = re.compile(r"\b\d{4}-\d{4}\b")


class DevMailBackend(BaseEmailBackend):
    """Keep the last mails in Redis, so that web and worker fill one box."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        with get_redis_connection().pipeline() as pipe:
            for message in email_messages:
                pipe.lpush(KEY, orjson.dumps(_kept(message)))
            pipe.ltrim(KEY, 0, KEPT - 1)
            pipe.execute()
        return len(email_messages)


def _kept(message: EmailMessage) -> dict[str, Any]:
    body = str(message.body)
    found = CODE.search(body)
    return {
        "to": SEPARATOR.join(message.to).lower(),
        "subject": str(message.subject),
        "body": body,
        "code": found and found[0],
        "sent_at": timezone.now(),
    }


def kept_mails(to: str = "") -> list[dict[str, Any]]:
    """The mails of the box, newest first, or only those to one address."""
    mails = [orjson.loads(raw) for raw in get_redis_connection().lrange(KEY, 0, -1)]
    return [m for m in mails if not to or to.lower() in m["to"].split(SEPARATOR)]
