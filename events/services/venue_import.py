"""Venues from files and feeds: merged by name and place, repeatable.

Lock order: the import lock, then the venues that change.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from math import asin, cos, radians, sin, sqrt

from django.conf import settings
from django.contrib.gis.geos import Point
from django.db import connection, transaction

from events import countries, zones
from events.feeds.rows import VenueFacts, VenueRow
from events.feeds.venues import one_row_per_venue
from events.folding import fold_name
from events.matching import match_key
from events.models import LocationPrecision, Venue, VenueSource
from events.services.venues import keep_posters_true

IMPORT_LOCK = 7_301_001  # An arbitrary number that means "somebody imports".
BATCH = 500
EARTH_M = 6_371_008.8
# How far apart two records of one name may lie and still be one place.
SAME_CITY_M = 10_000
CITY_MIDDLE_M = 60_000
NEXT_DOOR_M = 1_000
OWN = "own"
FACTS = (
    "name",
    "address",
    "city",
    "region",
    "postal_code",
    "country",
    "location",
    "location_precision",
    "time_zone",
    "capacity",
    "match_key",
)


@dataclass
class VenueReport:
    """What an import did with the rows of a file."""

    created: int = 0
    merged: int = 0
    updated: int = 0
    unchanged: int = 0
    kept_by_staff: int = 0
    repeated: int = 0
    venues: dict[tuple[str, str], Venue] = field(default_factory=dict)


@transaction.atomic
def import_venues(*, rows: Iterable[VenueRow], now: datetime) -> VenueReport:
    """Add, merge and update venues; the file counts whole or not at all.

    Two rows are one venue when their folded names agree and their places do.
    Each source's facts are kept, and the venue takes the best of each: a point
    of its own before a city's middle, a name that was not in capitals, a
    capacity that is known. What staff keep is left alone.
    """
    take_import_lock()
    given = list(rows)
    wanted = one_row_per_venue(given)
    report = VenueReport(repeated=len(given) - len(wanted))
    index = _Index()
    changed: dict[object, Venue] = {}
    for row in wanted:
        venue = _take(row, index, report)
        report.venues[row.source, row.source_id] = venue
        if venue.pk in index.touched:
            changed[venue.pk] = venue
    _write(index, changed.values(), now)
    return report


def take_import_lock() -> None:
    """Wait for any other import to end: two at once would not see each other's.

    It may take longer than a web request is allowed to: the time limits are
    lifted until the end of this transaction.
    """
    with connection.cursor() as cursor:
        for limit in settings.DATABASE_TIMEOUTS:
            cursor.execute(f"set local {limit} = 0")
        cursor.execute("select pg_advisory_xact_lock(%s)", [IMPORT_LOCK])


def _take(row: VenueRow, index: "_Index", report: VenueReport) -> Venue:
    """Find the venue a row means, and note there what the row says."""
    known = index.source_of(row)
    if known is not None and known.facts == row.facts.as_json():
        report.unchanged += 1
        return index.venues[known.venue_id]
    if known is not None:
        known.facts, known.credit = row.facts.as_json(), row.credit
        venue = index.venues[known.venue_id]
        report.updated += 1
    elif (found := index.find(row.facts)) is not None:
        venue = found
        index.remember_own_facts(venue)
        index.add_source(row, venue)
        report.merged += 1
    else:
        venue = index.add_venue(row)
        report.created += 1
    report.kept_by_staff += venue.kept_by_staff
    index.touched.add(venue.pk)
    return venue


class _Index:
    """All venues and their sources in memory, by what an import looks for."""

    def __init__(self) -> None:
        self.venues = {venue.pk: venue for venue in Venue.objects.all()}
        self.sources = {(s.source, s.source_id): s for s in VenueSource.objects.all()}
        self.sources_of: defaultdict[object, list[VenueSource]] = defaultdict(list)
        for source in self.sources.values():
            self.sources_of[source.venue_id].append(source)
        self.by_name: defaultdict[str, list[Venue]] = defaultdict(list)
        for venue in self.venues.values():
            self.by_name[fold_name(venue.name)].append(venue)
        self.new: set[object] = set()
        self.touched: set[object] = set()

    def source_of(self, row: VenueRow) -> VenueSource | None:
        return self.sources.get((row.source, row.source_id))

    def find(self, facts: VenueFacts) -> Venue | None:
        """The nearest venue of that name that may be the same place."""
        candidates = [
            (how_far(facts, venue) or 0.0, str(venue.pk), venue)
            for venue in self.by_name[fold_name(facts.name)]
            if is_same_place(facts, venue)
        ]
        return min(candidates)[2] if candidates else None

    def add_source(self, row: VenueRow, venue: Venue) -> None:
        source = VenueSource(
            venue=venue,
            source=row.source,
            source_id=row.source_id,
            credit=row.credit,
            facts=row.facts.as_json(),
        )
        self.sources[row.source, row.source_id] = source
        self.sources_of[venue.pk].append(source)

    def add_venue(self, row: VenueRow) -> Venue:
        venue = Venue(currency=countries.currency_of(row.facts.country))
        self.venues[venue.pk] = venue
        self.new.add(venue.pk)
        self.add_source(row, venue)
        apply_facts(venue, row.facts)
        self.by_name[fold_name(venue.name)].append(venue)
        return venue

    def remember_own_facts(self, venue: Venue) -> None:
        """Keep what a venue without sources says, as the first of them."""
        if self.sources_of[venue.pk]:
            return
        facts = facts_of(venue)
        own = VenueRow(OWN, str(venue.pk), credit="", line=0, facts=facts)
        self.add_source(own, venue)


def how_far(facts: VenueFacts, venue: Venue) -> float | None:
    """Metres between a row and a venue, or None if one has no point."""
    if venue.location is None or facts.latitude is None or facts.longitude is None:
        return None
    north, south = radians(facts.latitude), radians(venue.location.y)
    east = radians(facts.longitude - venue.location.x)
    half = sin((north - south) / 2) ** 2 + cos(north) * cos(south) * sin(east / 2) ** 2
    return 2 * EARTH_M * asin(sqrt(min(1.0, half)))


def is_same_place(facts: VenueFacts, venue: Venue) -> bool:
    """May a row and a venue of one name be the same place?"""
    if facts.country != venue.country:
        return False
    metres = how_far(facts, venue)
    both_exact = facts.is_exact and venue.location_precision == LocationPrecision.EXACT
    if fold_name(facts.city) == fold_name(venue.city):
        return metres is None or metres <= (
            SAME_CITY_M if both_exact else CITY_MIDDLE_M
        )
    return metres is not None and both_exact and metres <= NEXT_DOOR_M


def facts_of(venue: Venue) -> VenueFacts:
    point = venue.location
    return VenueFacts(
        name=venue.name,
        city=venue.city,
        country=venue.country,
        address=venue.address,
        region=venue.region,
        postal_code=venue.postal_code,
        latitude=point.y if point else None,
        longitude=point.x if point else None,
        is_exact=venue.location_precision == LocationPrecision.EXACT,
        time_zone=venue.time_zone,
        capacity=venue.capacity,
    )


def best_of(sources: Iterable[VenueSource]) -> VenueFacts:
    """One set of facts out of many, the same whatever their order."""
    in_order = sorted(sources, key=lambda s: (s.source != OWN, s.source, s.source_id))
    said = [VenueFacts.from_json(source.facts) for source in in_order]
    by_place = sorted(said, key=lambda f: (not f.has_point, not f.is_exact))
    # A geocoder knows places, not names.
    first = min(said, key=lambda f: (not f.name, f.recased, -_accents(f.name)))
    facts = by_place[0].filled_from(by_place[1:]).as_json()
    facts |= {"name": first.name, "city": first.city, "recased": first.recased}
    return VenueFacts(**facts)


def _accents(name: str) -> int:
    """Of "Velodrome" and "Vélodrome" the second knows more."""
    return sum(not c.isascii() for c in name)


def apply_facts(venue: Venue, facts: VenueFacts) -> None:
    """Set a venue's fields from facts; what follows from the place follows."""
    for name in ("name", "address", "city", "region", "postal_code", "country"):
        setattr(venue, name, getattr(facts, name))
    venue.capacity = facts.capacity
    venue.match_key = match_key(facts.name, facts.city, facts.country)
    if facts.latitude is None or facts.longitude is None:
        venue.time_zone = venue.time_zone or facts.time_zone
        return
    venue.location = Point(facts.longitude, facts.latitude, srid=4326)
    venue.location_precision = (
        LocationPrecision.EXACT if facts.is_exact else LocationPrecision.CITY
    )
    venue.time_zone = zones.time_zone_at(facts.latitude, facts.longitude)


def _write(index: _Index, changed: Iterable[Venue], now: datetime) -> None:
    fresh: list[Venue] = []
    known: list[Venue] = []
    for venue in changed:
        (fresh if venue.pk in index.new else known).append(venue)
    for venue in fresh:
        apply_facts(venue, best_of(index.sources_of[venue.pk]))
    Venue.objects.bulk_create(fresh, batch_size=BATCH)
    free = [venue for venue in known if not venue.kept_by_staff]
    locked = Venue.objects.select_for_update(no_key=True).order_by("pk")
    before = {row.pk: row for row in locked.filter(pk__in=[v.pk for v in free])}
    for venue in free:
        apply_facts(venue, best_of(index.sources_of[venue.pk]))
    Venue.objects.bulk_update(free, FACTS, batch_size=BATCH)
    for venue in free:
        keep_posters_true(venue=venue, before=before[venue.pk], now=now)
    _write_sources(index)


def _write_sources(index: _Index) -> None:
    touched = [s for pk in index.touched for s in index.sources_of[pk]]
    added = [source for source in touched if source.pk is None]
    VenueSource.objects.bulk_create(added, batch_size=BATCH)
    said_anew = [source for source in touched if source not in added]
    VenueSource.objects.bulk_update(said_anew, ["facts", "credit"], batch_size=BATCH)
