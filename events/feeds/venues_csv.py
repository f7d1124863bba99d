"""Venues as CSV: name,city,country,lat,lon,capacity,source in any order.

`source` names where a row is from and its licence; when it says "CITY CENTROID"
the point is the middle of the city and not the venue.
"""

import csv
import io
import re
from collections.abc import Iterator

from events.feeds import venues
from events.feeds.rows import BadRow, Parsed, Remark, UnreadableDocument, VenueRow
from events.folding import fold
from events.matching import match_key

NEEDED = ("name", "city", "country", "lat", "lon")
CITY_ONLY = "city centroid"


def parse(text: str) -> Parsed[VenueRow]:
    """Read a table of venues; raise UnreadableDocument if it is not one."""
    reader = csv.DictReader(io.StringIO(text, newline=""), restkey="(more)")
    header = [name.strip().casefold() for name in reader.fieldnames or []]
    missing = [name for name in NEEDED if name not in header]
    if missing:
        raise UnreadableDocument(f"no column {', '.join(missing)} in the first line")
    reader.fieldnames = header
    parsed: Parsed[VenueRow] = Parsed()
    try:
        for line, record in _records(reader):
            try:
                parsed.rows.append(_row(record, line, parsed))
            except BadRow as error:
                parsed.errors.append(Remark(line, str(error)))
    except csv.Error as error:
        raise UnreadableDocument(f"line {reader.line_num}: {error}") from error
    return venues.finish(parsed)


def _records(reader: "csv.DictReader[str]") -> Iterator[tuple[int, dict[str, str]]]:
    """Each record with its line; one that spans several is named by its first."""
    previous = reader.line_num
    for record in reader:
        yield previous + 1, record
        previous = reader.line_num


def _row(record: dict[str, str], line: int, parsed: Parsed[VenueRow]) -> VenueRow:
    if "(more)" in record:
        raise BadRow("the line has more fields than the first one")
    if any(value is None for value in record.values()):
        raise BadRow("the line has fewer fields than the first one")
    credit = " ".join(record.get("source", "").split())
    notes: list[str] = []
    facts = venues.checked_facts(
        {
            **record,
            "latitude": record["lat"],
            "longitude": record["lon"],
            "is_exact": CITY_ONLY not in fold(credit),
        },
        notes,
    )
    venues.add_notes(parsed, line, notes)
    return VenueRow(
        source=source_slug(credit),
        source_id=match_key(facts.name, facts.city, facts.country),
        credit=credit[:120],
        line=line,
        facts=facts,
    )


def source_slug(credit: str) -> str:
    """The first word of the source, such as "hifld" or "cashmusic"."""
    first = re.match(r"[\w.-]+", fold(credit))
    return first.group()[:40] if first else "csv"
