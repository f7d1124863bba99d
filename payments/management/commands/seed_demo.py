"""The demo's data and accounts."""

import secrets
from argparse import ArgumentParser

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from payments.demo.crowd import bring_crowds
from payments.demo.seeding import seed, seed_people

# Known to everybody: in the demo mode only.
DEMO_PASSWORD = "ticketapp-demo"


class Command(BaseCommand):
    help = (
        "Put on the demo: real venues, made-up shows tonight, and accounts. Safe to "
        "repeat: shows nobody bought move to tonight, sold ones stay."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--force",
            action="store_true",
            help="Also with DEBUG=0, with a random password for new staff accounts.",
        )

    def handle(self, *, force: bool, **options: object) -> None:
        if not settings.DEBUG and not force:
            raise CommandError(
                "This is not the demo mode (DEBUG=0), and the demo makes staff "
                "accounts. Add --force if that is what you want."
            )
        now = timezone.now()
        password = DEMO_PASSWORD if settings.DEBUG else secrets.token_urlsafe(12)
        done = seed(now=now)
        people = seed_people(password=password)
        bring_crowds(fresh=done.fresh, now=now)
        self.stdout.write(
            f"Demo: {done.venues} venues added; {done.created} shows added, "
            f"{done.moved} moved to tonight, {done.unchanged} as they were."
        )
        self.stdout.write("Accounts:")
        for user in people.values():
            how = f"password {password}" if user.is_staff else "a code by e-mail"
            self.stdout.write(f"  {user.email:32} {how}")
        self.stdout.write("Passwords are those of new accounts; yours stay as set.")
