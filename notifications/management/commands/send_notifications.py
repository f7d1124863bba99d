from collections import Counter

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from notifications import services
from ticketapp.arguments import count


class Command(BaseCommand):
    help = "Send the messages that are due. Safe to repeat and to overlap."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--batch-size", type=count, default=50)

    def handle(self, *, batch_size: int, **options: object) -> None:
        total: Counter[str] = Counter()
        while done := services.send_due(now=timezone.now(), limit=batch_size):
            total += done
        told = ", ".join(f"{count} {status}" for status, count in sorted(total.items()))
        self.stdout.write(f"Notifications: {told or 'none due'}.")
