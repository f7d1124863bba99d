from argparse import ArgumentParser
from datetime import datetime

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction
from django.utils import timezone

from ticketapp import audit
from ticketapp.arguments import instant


class Command(BaseCommand):
    help = "Check that what must always hold does; print the rows that break it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--at", type=instant, help="As if it were then: 2026-06-01T12:00:00Z."
        )

    def handle(self, *, at: datetime | None, **options: object) -> None:
        now, broken = at or timezone.now(), 0
        # All checks see the same instant, so a running sale raises no alarm.
        with transaction.atomic(durable=True):
            with connection.cursor() as cursor:
                cursor.execute(
                    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
                )
                # A person has asked, and waits: no check is too slow.
                cursor.execute("SET LOCAL statement_timeout = 0")
            for finding in audit.findings(now=now):
                broken += 1
                self.stdout.write(self.style.ERROR(str(finding)))
        if broken:
            raise CommandError(f"{broken} rows break what must always hold.")
        self.stdout.write(self.style.SUCCESS(f"{len(audit.checks())} checks hold."))
