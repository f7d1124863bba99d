"""Events that have taken place."""

from django.core.management.base import BaseCommand
from django.utils import timezone

from events import services


class Command(BaseCommand):
    help = "Finish events that can no longer be going on. Safe to repeat."

    def handle(self, **options: object) -> None:
        total = 0
        while finished := services.finish_past_events(now=timezone.now()):
            total += finished
        self.stdout.write(f"Finished {total} events.")
