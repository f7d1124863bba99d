from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from inventory import services
from ticketapp.arguments import count, instant


class Command(BaseCommand):
    help = "Put tickets of expired holds back on sale. Safe to repeat and to overlap."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--batch-size", type=count, default=100)
        parser.add_argument(
            "--at",
            type=instant,
            default=None,
            metavar="TIME",
            help="Act as if it were then: 2026-06-01T20:00:00Z.",
        )

    def handle(self, *, batch_size: int, **options: object) -> None:
        now = options["at"] or timezone.now()
        total = 0
        while released := services.release_expired_holds(now=now, limit=batch_size):
            total += released
        self.stdout.write(f"Released {total} expired holds.")
