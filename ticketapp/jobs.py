"""Messages to the workers. They say "look now" and nothing else."""

import logging
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
NO_REDIS = (redis.RedisError, ConnectionInterrupted)


def look_now(task: str) -> None:
    """Once this transaction has committed, ask a worker to run `task` at once.

    The rows are the work items and a sweep finds them every few seconds, so a
    broker that is away costs time and nothing else: it is logged, not raised.
    A message that still waits for a worker speaks for all that is committed
    meanwhile, or a rush would fill the queue with thousands that say the same.
    """
    transaction.on_commit(partial(_publish, task), robust=True)


class Job(Task):
    """Every task of ours: from its first moment on, a new "look now" counts again."""

    def before_start(self, *_: Any) -> None:
        # Before it reads any row: what is committed later will ask for itself.
        try:
            get_redis_connection().delete(_mark(self.name))
        except NO_REDIS:
            logger.warning("Redis is away: %s may be asked for late.", self.name)


def _publish(task: str) -> None:
    if _is_asked_already(task):
        return
    try:
        app.send_task(task, retry=False, ignore_result=True)
    except OperationalError:
        logger.warning("The broker is away; the sweep will run %s.", task)


def _is_asked_already(task: str) -> bool:
    """Whether a message waits that nobody has begun to work on; marks that one does."""
    try:
        asked = get_redis_connection().set(_mark(task), 1, nx=True, ex=SECONDS_ASKED)
    except NO_REDIS:
        return False
    return not asked


def _mark(task: str) -> str:
    return f"asked:{task}"
