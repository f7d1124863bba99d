"""Jobs of the house itself."""

from celery import shared_task
from django.contrib.sessions.backends.cached_db import SessionStore
from django.utils import timezone

from ticketapp import health
from ticketapp.idempotency import purge_keys


@shared_task
def heartbeat() -> None:
    """Sent by the clock, done by the worker: that it ran proves both."""
    health.record_heartbeat(now=timezone.now())


@shared_task
def forget_old() -> None:
    """Delete idempotency keys past their day, and sessions past their time."""
    while purge_keys(now=timezone.now(), limit=5_000):
        pass
    SessionStore.clear_expired()
