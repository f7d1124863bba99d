"""How many people are looking at an event's page.

Kept in Redis, one sorted set for each event and day: a member is a person, its
score their last sign of life. A person is an account, or else a device, under
a name that is made anew each day and says nothing about them. What may be lost
is lost: after a minute without a sign somebody is not looking any more.
"""

import hmac
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from uuid import UUID

from django.conf import settings
from django_redis import get_redis_connection

LOOKING_FOR = timedelta(seconds=60)
# An older count says nothing about now and is not shown.
STALE_AFTER = timedelta(seconds=30)
# Fewer than this is nobody's business, and no reason to hurry.
SHOWN_FROM = 5
EXACT_UP_TO = 20
PSEUDONYM_BYTES = 12


@dataclass(frozen=True, slots=True)
class Shown:
    """What is told: a number, perhaps rounded down and then called "about"."""

    viewers: int | None
    about: bool


NOTHING = Shown(None, about=False)


def person_of(*, user_id: UUID | None, device: str | None) -> str | None:
    """Who is looking: the account if there is one, so that two devices are one."""
    if user_id:
        return f"account:{user_id}"
    return f"device:{device}" if device else None


def record_and_count(
    *,
    event_id: UUID,
    seen: Mapping[str, datetime],
    left: Collection[str],
    now: datetime,
) -> int:
    """Write who was seen when and who left, and count who is looking now.

    One round trip, however many they are; repeating it changes nothing.
    """
    key, day = _key(event_id, now), _day_key(now)
    pipeline = get_redis_connection("default").pipeline(transaction=False)
    if seen:
        scores = {_pseudonym(day, p): at.timestamp() for p, at in seen.items()}
        pipeline.zadd(key, scores, gt=True)
    if left:
        pipeline.zrem(key, *(_pseudonym(day, person) for person in left))
    pipeline.zremrangebyscore(key, "-inf", (now - LOOKING_FOR).timestamp())
    pipeline.expire(key, int(2 * LOOKING_FOR.total_seconds()))
    pipeline.zcard(key)
    return pipeline.execute()[-1]


def recount(*, event_id: UUID, now: datetime) -> tuple[str, int]:
    """The command that counts who is looking and changes nothing, with its answer."""
    since = (now - LOOKING_FOR).timestamp()
    command = ["ZCOUNT", _key(event_id, now), f"({since}", "+inf"]
    answer = get_redis_connection("default").execute_command(*command)
    return " ".join(command), answer


def shown(looking: int, *, to_one_of_them: bool) -> Shown:
    """What may be told of a count, without the one it is told to."""
    others = looking - 1 if to_one_of_them else looking
    if others < SHOWN_FROM:
        return NOTHING
    if others <= EXACT_UP_TO:
        return Shown(others, about=False)
    # Down to tens, and to two digits that count from a hundred on.
    step = 10 ** max(1, len(str(others)) - 2)
    return Shown(others // step * step, about=True)


def _key(event_id: UUID, now: datetime) -> str:
    # By the day of the names, so that nobody is counted under two of them.
    return f"viewers:{event_id}:{now.astimezone(UTC):%Y%m%d}"


def _day_key(now: datetime) -> bytes:
    day = f"viewers of {now.astimezone(UTC):%Y-%m-%d}"
    return hmac.digest(settings.SECRET_KEY.encode(), day.encode(), "sha256")


def _pseudonym(day_key: bytes, person: str) -> bytes:
    return blake2b(person.encode(), key=day_key, digest_size=PSEUDONYM_BYTES).digest()
