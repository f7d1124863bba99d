"""Jobs of the house itself."""

from celery import shared_task
from django.utils import timezone

from ticketapp import health


@shared_task
def heartbeat() -> None:
    """Sent by the clock, done by the worker: that it ran proves both."""
    health.record_heartbeat(now=timezone.now())
