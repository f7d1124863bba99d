"""Finish payments that nobody finished, pay what is owed, and serve who waits."""

from argparse import ArgumentParser
from datetime import datetime

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from inventory import services as inventory
from payments import services
from ticketapp.arguments import count, instant


class Command(BaseCommand):
    help = (
        "Ask the provider about unfinished payments, free or honour their holds, "
        "act on waiting webhooks, owe what cancelled events owe, pay refunds, ask "
        "about cards that somebody is about to keep, offer free tickets to those who "
        "wait and buy for those who wish it. "
        "Safe to repeat and to overlap; the worker does the same by the clock. Exits "
        "with 1 and names the rows if the provider refused any, or a bug met them; "
        "the others are done all the same."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--at", type=instant, help="As if it were then: 2026-06-01T12:00:00Z."
        )
        parser.add_argument("--batch-size", type=count, default=200)

    def handle(
        self, *, at: datetime | None, batch_size: int, **options: object
    ) -> None:
        now = at or timezone.now()
        events = services.process_events(now=now, limit=batch_size)
        swept = services.sweep_payments(now=now, limit=batch_size)
        off = services.sweep_called_off_events(now=now, limit=batch_size)
        paid = services.pay_refunds(now=now, limit=batch_size)
        cards = services.sweep_card_setups(now=now, limit=batch_size)
        offered = inventory.match_waitlists(now=now)
        charged = self._charge_offers(at, batch_size)
        self.stdout.write(
            f"{events.done} events, {swept.asked} payments asked about "
            f"({swept.unanswered} unanswered), {swept.closed + off.closed} orders "
            f"closed, {off.owed} refunds owed, {paid.paid} paid, {cards.asked} card "
            f"set-ups asked about ({cards.unanswered} unanswered), {offered} offers "
            f"made, {charged} carried on."
        )
        runs = (events, swept, off, paid, cards)
        if problems := [problem for run in runs for problem in run.problems]:
            raise CommandError("\n".join(problems))

    def _charge_offers(self, at: datetime | None, most: int) -> int:
        """Each at its own time: a mandate ends on the second."""
        for done in range(most):
            if not services.charge_next_offer(now=at or timezone.now()):
                return done
        return most
