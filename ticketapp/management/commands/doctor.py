from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from ticketapp import doctor


class Command(BaseCommand):
    help = "Say what is wrong with this installation and how to mend it."
    # It must speak when everything else refuses to.
    requires_system_checks = []

    def handle(self, **options: object) -> None:
        paint = {
            doctor.State.OK: self.style.SUCCESS,
            doctor.State.NOTE: self.style.WARNING,
            doctor.State.BROKEN: self.style.ERROR,
        }
        broken = 0
        for finding in doctor.examine(now=timezone.now()):
            broken += finding.state == doctor.State.BROKEN
            state = paint[finding.state](f"{finding.state:<6}")
            self.stdout.write(f"{state}  {finding.topic:<18} {finding.text}")
            if finding.remedy:
                self.stdout.write(f"{'':<27}→ {finding.remedy}")
        if broken:
            raise CommandError(f"{broken} broken, see above.")
        self.stdout.write(self.style.SUCCESS("Nothing is broken."))
