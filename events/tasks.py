"""Jobs of this app."""

from celery import shared_task
from django.utils import timezone

from events import services

BATCH = 500


@shared_task
def finish_past_events() -> None:
    """Close what has taken place; safe to overlap."""
    while services.finish_past_events(now=timezone.now(), limit=BATCH):
        pass
