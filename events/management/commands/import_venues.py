"""Venues from CSV or GeoJSON files."""

from argparse import ArgumentParser

from django.utils import timezone

from events import services
from events.feeds import venues_csv, venues_geojson
from events.feeds.rows import UnreadableDocument
from events.management.reporting import ImportCommand

FORMATS = {"csv": venues_csv.parse, "geojson": venues_geojson.parse}
BY_ENDING = {".csv": "csv", ".geojson": "geojson", ".json": "geojson"}


class Command(ImportCommand):
    help = (
        "Import venues. Duplicates are merged by name and place; repeating changes "
        "nothing. Exit code 1: some rows were bad, 2: nothing could be read."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE")
        parser.add_argument(
            "--format", choices=sorted(FORMATS), help="Default: by the file's ending."
        )
        parser.add_argument("--quiet", action="store_true", help="No notes.")

    def handle(self, *, files: list[str], **options: object) -> None:
        for path in files:
            self._import_file(path, options["format"], quiet=bool(options["quiet"]))
        self.finish()

    def _import_file(self, path: str, wanted: object, *, quiet: bool) -> None:
        ending = path[path.rfind(".") :].casefold()
        name = str(wanted or BY_ENDING.get(ending, "csv"))
        text = self.read(path)
        if text is None:
            return
        try:
            parsed = FORMATS[name](text)
        except UnreadableDocument as error:
            self.refuse_file(path, error)
            return
        self.tell(path, parsed, quiet=quiet)
        self.stdout.write(f"{path}: {len(parsed.rows)} rows read, merging …")
        report = services.import_venues(rows=parsed.rows, now=timezone.now())
        self.stdout.write(
            f"{path}: {report.created} created, {report.merged} merged with a venue "
            f"known before, {report.updated} updated, {report.unchanged} unchanged, "
            f"{report.repeated} repeated in the file, {len(parsed.errors)} left out; "
            f"{report.kept_by_staff} are kept by staff and stay as they are."
        )
