"""Is every part ready? The public answer, without versions, hosts or reasons.

Each check returns None when its part is ready, or the sentence that tells an operator
what to do. `manage.py doctor` says more, to those who may know.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from http import HTTPStatus

import redis
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.core.cache import cache
from django.db import Error as DatabaseError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django_redis.exceptions import ConnectionInterrupted
from kombu.exceptions import OperationalError as BrokerError

from ticketapp.celery import app

READY = "ready"
HEARTBEAT_KEY = "heartbeat"
# The clock sends a heartbeat every 5 seconds: three missed ones are no accident.
HEARTBEAT_IS_STALE_AFTER = timedelta(seconds=16)
CHANNEL_TRIES = 4
CHANNEL_SECONDS_PER_TRY = 0.25
CHANNEL_SECONDS = 2

REDIS_ERRORS = (redis.RedisError, ConnectionInterrupted, BrokerError, OSError)


def record_heartbeat(*, now: datetime) -> None:
    """Note that the clock sent, and the worker did, a job just now."""
    cache.set(HEARTBEAT_KEY, now, timeout=None)


def report(*, now: datetime) -> dict[str, str]:
    """Every part with READY or what to do about it."""
    checks: dict[str, Callable[[], str | None]] = {
        "database": check_database,
        "migrations": check_migrations,
        "redis": check_redis,
        "channels": check_channels,
        "worker": lambda: check_worker(now=now),
        "clock": lambda: check_clock(now=now),
    }
    return {part: check() or READY for part, check in checks.items()}


def check_database() -> str | None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT postgis_lib_version()")
    except DatabaseError:
        return "The database does not answer. Start PostgreSQL; check DATABASE_URL."
    return None


def check_migrations() -> str | None:
    try:
        behind = unapplied_migrations()
    except DatabaseError:
        return "Unknown while the database does not answer."
    return (
        "The database is behind the code. Run `manage.py migrate`." if behind else None
    )


def unapplied_migrations() -> list[str]:
    """The names of migrations that the code has and the database has not."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def check_redis() -> str | None:
    try:
        cache.get(HEARTBEAT_KEY)
    except REDIS_ERRORS:
        return "Redis does not answer. Start it; check REDIS_URL."
    return None


def check_channels() -> str | None:
    try:
        arrived = async_to_sync(_send_to_ourselves)()
    except REDIS_ERRORS:
        arrived = False
    return None if arrived else "Socket messages do not arrive. Check Redis."


async def _send_to_ourselves() -> bool:
    """Send until it arrives: the first may overtake its own subscription.

    Raises TimeoutError when Redis takes what is sent and never answers.
    """
    async with asyncio.timeout(CHANNEL_SECONDS):
        return await _send_until_it_arrives()


async def _send_until_it_arrives() -> bool:
    layer = get_channel_layer()
    channel = await layer.new_channel("health")
    for _ in range(CHANNEL_TRIES):
        await layer.send(channel, {"type": "health"})
        with suppress(TimeoutError):
            async with asyncio.timeout(CHANNEL_SECONDS_PER_TRY):
                return await layer.receive(channel) == {"type": "health"}
    return False


def check_worker(*, now: datetime) -> str | None:
    """Jobs that wait while no heartbeat comes: the worker's fault."""
    try:
        if heartbeat_is_fresh(now=now):
            return None
        if waiting_jobs():
            return (
                "Jobs wait and nobody takes them. Start `celery -A ticketapp worker`."
            )
    except REDIS_ERRORS:
        return "Unknown while Redis does not answer."
    return "Unknown until the clock sends it a job."


def check_clock(*, now: datetime) -> str | None:
    """No heartbeat and nothing waiting: none was sent, the clock's fault."""
    try:
        if heartbeat_is_fresh(now=now):
            return None
        if not waiting_jobs():
            return "Nothing sends the regular jobs. Start `celery -A ticketapp beat`."
    except REDIS_ERRORS:
        return "Unknown while Redis does not answer."
    return "Unknown until the worker takes its jobs."


def heartbeat_is_fresh(*, now: datetime) -> bool:
    last = cache.get(HEARTBEAT_KEY)
    return last is not None and now - last < HEARTBEAT_IS_STALE_AFTER


def waiting_jobs() -> int:
    """How many jobs the broker keeps that no worker has taken."""
    queue = app.conf.task_default_queue
    with app.connection_for_read() as broker, broker.channel() as channel:
        return channel.queue_declare(queue).message_count


def healthz(request: HttpRequest) -> JsonResponse:
    """200 when every part is ready, else 503 naming the ones that are not."""
    parts = report(now=timezone.now())
    ready = all(state == READY for state in parts.values())
    return JsonResponse(
        {"status": READY if ready else "not ready", "parts": parts},
        status=HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE,
        headers={"Cache-Control": "no-store"},
    )
