"""How the import commands speak: one line a remark, one at the end, an exit code."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from events.feeds.rows import Parsed, UnreadableDocument

NOTHING_READ = 2
SOME_BAD = 1


class ImportCommand(BaseCommand):
    """Reads files one by one, keeps the good rows, tells about the others.

    Exit code 0: all rows were good. 1: some rows or files were bad. 2: nothing
    could be read at all.
    """

    bad_rows = 0
    bad_files = 0
    read_files = 0

    def read(self, path: str) -> str | None:
        """The text of a file, or None after saying why it cannot be read."""
        try:
            return Path(path).read_text(encoding="utf-8-sig")
        except OSError as error:
            self.refuse_file(path, error.strerror or str(error))
        except UnicodeDecodeError as error:
            self.refuse_file(path, f"not UTF-8 at byte {error.start}")
        return None

    def refuse_file(self, path: str, reason: str | UnreadableDocument) -> None:
        self.bad_files += 1
        self.stderr.write(f"{path}: {reason}")

    def tell(self, path: str, parsed: Parsed[object], *, quiet: bool) -> None:
        """Write each bad row as `file:line: reason`, and the notes likewise."""
        self.read_files += 1
        self.bad_rows += len(parsed.errors)
        for remark in parsed.errors:
            self.stderr.write(f"{path}:{remark.line}: {remark.text}")
        for remark in [] if quiet else parsed.notes:
            self.stderr.write(
                f"{path}:{remark.line}: note: {remark.text}", self.style.WARNING
            )

    def finish(self) -> None:
        """End with the exit code that says how it went."""
        if not self.read_files:
            raise CommandError("Nothing could be read.", returncode=NOTHING_READ)
        if self.bad_rows or self.bad_files:
            bad = [
                f"{number} {thing}{'' if number == 1 else 's'}"
                for number, thing in (
                    (self.bad_rows, "bad row"),
                    (self.bad_files, "unreadable file"),
                )
                if number
            ]
            message = f"{' and '.join(bad)} left out; the rest is in."
            raise CommandError(message, returncode=SOME_BAD)
