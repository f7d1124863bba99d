from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from ticketapp.arguments import count
from ticketapp.idempotency import purge_keys


class Command(BaseCommand):
    help = "Delete idempotency keys older than a day. Safe to repeat and to overlap."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--batch-size", type=count, default=5_000)

    def handle(self, *, batch_size: int, **options: object) -> None:
        total = 0
        while gone := purge_keys(now=timezone.now(), limit=batch_size):
            total += gone
        self.stdout.write(f"Forgot {total} idempotency keys.")
