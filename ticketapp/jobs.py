"""Messages to the workers. They say "look now" and nothing else."""

import logging
import time
from functools import partial
from typing import Any

import redis
from celery import Task
from django.db import transaction
from django_redis import get_redis_connection
from django_redis.exceptions import ConnectionInterrupted
from kombu.exceptions import OperationalError

from ticketapp.celery import app

logger = logging.getLogger(__name__)
# Should a message be lost, "look now" is said again after this long.
SECONDS_ASKED = 5
# Long enough to do together what a rush asks for, too short to be waited for.
A_MOMENT = 0.25
NO_REDIS = (redis.RedisError, ConnectionInterrupted)
# Until when, by this process's clock, a message waits that nobody has begun with.
_waits_until: dict[str, float] = {}


def look_now(task: str, *, gather: float = 0) -> None:
    """Once this transaction has committed, ask a worker to run `task` at once.

    The rows are the work items and a sweep finds them every few seconds, so a
    broker that is away costs time and nothing else: it is logged, not raised.
    A message that still waits for a worker speaks for all that is committed
    meanwhile, or a rush would fill the queue with thousands that say the same.

    With `gather` the job begins so many seconds later and does what was committed
    until then: fewer messages, and meanwhile nobody needs to ask whether one
    waits. Whoever asks for a task gathers for as long as all others do.
    """
    transaction.on_commit(partial(_publish, task, gather), robust=True)


class Job(Task):
    """Every task of ours: from its first moment on, a new "look now" counts again."""

    def before_start(self, *_: Any) -> None:
        # Before it reads any row: what is committed later will ask for itself.
        try:
            get_redis_connection().delete(_mark(self.name))
        except NO_REDIS:
            logger.warning("Redis is away: %s may be asked for late.", self.name)


def _publish(task: str, gather: float) -> None:
    now = time.monotonic()
    if now < _waits_until.get(task, now):
        return
    asked_before = _seconds_since_asked(task)
    _waits_until[task] = now + gather - (asked_before or 0)
    if asked_before is not None:
        return
    try:
        app.send_task(task, countdown=gather or None, retry=False, ignore_result=True)
    except OperationalError:
        logger.warning("The broker is away; the sweep will run %s.", task)


def _seconds_since_asked(task: str) -> float | None:
    """How old the message is that nobody has begun to work on.

    None if none waits; then there is one from now on, which the caller sends.
    """
    try:
        with get_redis_connection().pipeline(transaction=False) as both:
            both.set(_mark(task), 1, nx=True, ex=SECONDS_ASKED)
            both.pttl(_mark(task))
            is_new, left = both.execute()
    except NO_REDIS:
        return None
    return None if is_new else SECONDS_ASKED - left / 1000


def _mark(task: str) -> str:
    return f"asked:{task}"
