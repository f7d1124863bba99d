"""Events from the documents of a feed."""

from argparse import ArgumentParser

from django.utils import timezone

from events import services
from events.feeds import ticketmaster
from events.feeds.rows import EventRow, Parsed, UnreadableDocument
from events.management.reporting import ImportCommand

FORMATS = {"ticketmaster": ticketmaster.parse}


class Command(ImportCommand):
    help = (
        "Import listings. A feed brings no stock: an event without ticket types "
        'says "no tickets here". Repeating changes nothing. Exit code 1: some rows '
        "were bad, 2: nothing could be read."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE")
        parser.add_argument("--format", choices=sorted(FORMATS), required=True)
        parser.add_argument("--quiet", action="store_true", help="No notes.")

    def handle(self, *, files: list[str], **options: object) -> None:
        parse = FORMATS[str(options["format"])]
        for path in files:
            text = self.read(path)
            if text is None:
                continue
            try:
                parsed = parse(text)
            except UnreadableDocument as error:
                self.refuse_file(path, error)
                continue
            self.tell(path, parsed, quiet=bool(options["quiet"]))
            self._import(path, parsed, quiet=bool(options["quiet"]))
        self.finish()

    def _import(self, path: str, parsed: Parsed[EventRow], *, quiet: bool) -> None:
        if not parsed.rows and not parsed.errors:
            self.stdout.write(f"{path}: no events in this document.")
            return
        report = services.import_events(rows=parsed.rows, now=timezone.now())
        for remark in [] if quiet else report.notes:
            self.stderr.write(f"{path}:{remark.line}: note: {remark.text}")
        self.stdout.write(
            f"{path}: {report.created} created, {report.updated} updated, "
            f"{report.unchanged} unchanged, {report.kept_by_staff} kept by staff, "
            f"{len(parsed.errors)} left out; {report.venues.created} venues created, "
            f"{report.venues.merged} merged with venues known before."
        )
