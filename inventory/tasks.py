"""Jobs of this app: each looks at the rows and does what is owed."""

from celery import shared_task
from django.utils import timezone

from inventory import services as inventory

BATCH = 200


@shared_task
def release_expired_holds() -> None:
    """Put the tickets of lapsed holds back on sale; safe to overlap."""
    while inventory.release_expired_holds(now=timezone.now(), limit=BATCH):
        pass


@shared_task
def match_waitlists() -> None:
    """Give available tickets to those who wait, where freeing has missed it."""
    inventory.match_waitlists(now=timezone.now())
