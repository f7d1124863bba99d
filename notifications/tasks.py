from celery import shared_task
from django.utils import timezone

from notifications import services

BATCH = 50
MOST_BATCHES = 40


@shared_task
def send_notifications() -> None:
    """Send what is due; the next sweep finds what is left of a flood."""
    for _ in range(MOST_BATCHES):
        if services.send_due(now=timezone.now(), limit=BATCH).total() < BATCH:
            break
