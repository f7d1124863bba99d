"""What both venue formats share: fields checked, and capitals made readable."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from events import countries
from events.feeds.casing import is_shouted, readable
from events.feeds.places import checked_point
from events.feeds.rows import BadRow, Parsed, Remark, VenueFacts, VenueRow
from events.feeds.text import clean, mended
from events.folding import fold_name

LENGTHS = {"name": 200, "address": 300, "city": 120, "region": 120, "postal_code": 20}
MAX_CAPACITY = 1_000_000
# openfootball puts the names of sponsors between dollar signs.
SPONSOR = re.compile(r"\$([^$]+)\$")
# A source of which most names are in capitals shouts; elsewhere "SO36" is meant.
SHOUTED_SHARE = 0.8


def checked_facts(row: Mapping[str, Any], notes: list[str]) -> VenueFacts:
    """The facts of a raw row, or BadRow; what was set right goes to `notes`."""
    texts = {name: _text(row.get(name), name, notes) for name in LENGTHS}
    for name in ("name", "city"):
        if not texts[name] or not fold_name(texts[name]):
            raise BadRow(f"the {name} is empty")
    country = countries.code_of(clean(row.get("country")))
    if country is None:
        raise BadRow(f"no country is called {clean(row.get('country'))!r}")
    latitude, longitude = row.get("latitude"), row.get("longitude")
    has_point = clean(latitude) != "" or clean(longitude) != ""
    point = checked_point(latitude, longitude, country) if has_point else (None, None)
    return VenueFacts(
        **texts,
        country=country,
        latitude=point[0],
        longitude=point[1],
        is_exact=bool(row.get("is_exact", True)),
        time_zone=clean(row.get("time_zone")),
        capacity=capacity_of(row.get("capacity"), notes),
    )


def _text(value: object, name: str, notes: list[str]) -> str:
    text = SPONSOR.sub(r"\1", clean(value))
    right = mended(text)
    if right != text:
        notes.append(f"{name} {text!r} was UTF-8 read as Latin-1: taken as {right!r}")
    if len(right) > LENGTHS[name]:
        raise BadRow(f"the {name} is longer than {LENGTHS[name]} letters")
    return right


def capacity_of(value: object, notes: list[str]) -> int | None:
    """How many people, or None for unknown: empty, 0, -999 and other signs."""
    text = clean(value)
    if not text:
        return None
    try:
        number = int(float(text))
    except (ValueError, OverflowError):
        notes.append(f"capacity {text!r} is not a number: taken as unknown")
        return None
    if number > MAX_CAPACITY:
        notes.append(f"capacity {number} is not believable: taken as unknown")
        return None
    return number if number > 0 else None


def made_readable(rows: Iterable[VenueRow]) -> list[VenueRow]:
    """The rows, with the capitals of shouting sources made readable."""
    kept = list(rows)
    shouting = _shouting_sources(kept)
    return [_recased(row) if row.source in shouting else row for row in kept]


def _shouting_sources(rows: list[VenueRow]) -> set[str]:
    seen: dict[str, list[bool]] = {}
    for row in rows:
        seen.setdefault(row.source, []).append(is_shouted(row.facts.name))
    return {
        source
        for source, shouts in seen.items()
        if sum(shouts) >= SHOUTED_SHARE * len(shouts)
    }


def _recased(row: VenueRow) -> VenueRow:
    facts = row.facts.as_json()
    for name in ("name", "city", "address"):
        facts[name] = readable(facts[name])
    facts["recased"] = is_shouted(row.facts.name)
    return VenueRow(
        source=row.source,
        source_id=row.source_id,
        credit=row.credit,
        line=row.line,
        facts=VenueFacts(**facts),
    )


def one_row_per_venue(rows: Iterable[VenueRow]) -> list[VenueRow]:
    """Rows of one source with one id become one: the first, its gaps filled."""
    grouped: dict[tuple[str, str], list[VenueRow]] = {}
    for row in rows:
        grouped.setdefault((row.source, row.source_id), []).append(row)
    merged = []
    for group in grouped.values():
        # A point of the venue itself beats the middle of its city.
        best, *rest = sorted(group, key=lambda row: not row.facts.is_exact)
        facts = best.facts.filled_from(row.facts for row in rest)
        merged.append(
            VenueRow(
                source=best.source,
                source_id=best.source_id,
                credit=best.credit,
                line=group[0].line,
                facts=facts,
            )
        )
    return merged


def finish(parsed: Parsed[VenueRow]) -> Parsed[VenueRow]:
    """Put right what only the whole file shows."""
    parsed.rows = made_readable(parsed.rows)
    return parsed


def add_notes(parsed: Parsed[Any], line: int, notes: Iterable[str]) -> None:
    parsed.notes += [Remark(line, note) for note in notes]
