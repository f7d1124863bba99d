"""Compare the provider, the ledger, the stock and the gate, and say what differs."""

from argparse import ArgumentParser
from datetime import datetime, timedelta
from time import monotonic

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from payments import services
from ticketapp import arguments


class Command(BaseCommand):
    help = (
        "Compare what the payment provider says with our payments, refunds and "
        "disputes, the ledger with its orders, the stock and the gate with what was "
        "sold. Prints each difference and what would be done about it; exits with 1 "
        "if any is left, or not all could be compared. --repair gives what an "
        "ordinary flow explains to that flow; nothing is ever fixed upwards."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--repair", action="store_true")
        parser.add_argument(
            "--at",
            type=arguments.instant,
            help="As if it were then: 2026-06-01T12:00:00Z.",
        )
        parser.add_argument(
            "--days",
            type=arguments.days,
            default=7,
            help="How far back payments are compared, ten years at most.",
        )
        parser.add_argument(
            "--minutes",
            type=arguments.minutes,
            help="How long, the newest first; without it, until all are compared.",
        )

    def handle(
        self,
        *,
        repair: bool,
        at: datetime | None,
        days: int,
        minutes: int | None,
        **options: object,
    ) -> None:
        now, deadline = at or timezone.now(), services.NEVER
        if minutes:
            time = timedelta(minutes=minutes)
            deadline = services.Deadline.after(time, clock=monotonic)
        run = services.reconcile(
            now=now, since=now - timedelta(days=days), repair=repair, deadline=deadline
        )
        for difference in run.differences:
            self.stdout.write(str(services.Difference(**difference)))
        if more := run.found - len(run.differences):
            self.stdout.write(f"… and {more} more.")
        left = run.found - run.repaired
        told = (
            f"{run.compared} payments compared, {run.found} differences, {left} left."
        )
        if left or run.problem:
            raise CommandError(f"{told} {run.problem}".strip())
        self.stdout.write(told)
