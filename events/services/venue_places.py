"""Finding out where a venue is. The geocoder is asked with no transaction open.

Lock order: the import lock, venue, events.
"""

from datetime import datetime
from enum import StrEnum

from django.contrib.gis.geos import Point
from django.db import transaction

from events.feeds.rows import VenueFacts
from events.geocoding import Found, Geocoder, Wanted
from events.models import LocationPrecision, Venue, VenueSource
from events.services.venue_import import (
    CITY_MIDDLE_M,
    OWN,
    facts_of,
    how_far,
    take_import_lock,
)
from events.services.venues import move_venue


class Placed(StrEnum):
    """What became of asking where a venue is."""

    EXACTLY = "placed exactly"
    BY_CITY = "placed in its city"
    NOWHERE = "not found"
    TOO_FAR = "found too far from its city: left as it is"
    NO_BETTER = "only its city found: left as it is"


def locate_venue(*, venue: Venue, geocoder: Geocoder, now: datetime) -> Placed:
    """Ask where `venue` is and move it there if that is better than before.

    Only an answer that is a building or the like makes a venue exact, and only
    near the city it is said to be in. Raises GeocodingUnavailable.
    """
    point = venue.location
    found = geocoder.locate(
        Wanted(
            name=venue.name,
            address=venue.address,
            city=venue.city,
            country=venue.country,
            near=(point.y, point.x) if point else None,
        )
    )
    if found is None:
        return Placed.NOWHERE
    facts = _facts_of(found)
    metres = how_far(facts, venue)
    if metres is not None and metres > CITY_MIDDLE_M:
        return Placed.TOO_FAR
    if not found.is_exact and point is not None:
        return Placed.NO_BETTER
    _settle(venue, facts, geocoder, now)
    return Placed.EXACTLY if found.is_exact else Placed.BY_CITY


def _facts_of(found: Found) -> VenueFacts:
    return VenueFacts(
        name="",
        city="",
        country="",
        latitude=found.latitude,
        longitude=found.longitude,
        is_exact=found.is_exact,
    )


@transaction.atomic
def _settle(venue: Venue, facts: VenueFacts, geocoder: Geocoder, now: datetime) -> None:
    """Keep the answer among the venue's sources, so that no import undoes it."""
    take_import_lock()
    if not venue.sources.exists():
        VenueSource.objects.create(
            venue=venue,
            source=OWN,
            source_id=str(venue.pk),
            facts=facts_of(venue).as_json(),
        )
    VenueSource.objects.update_or_create(
        source=geocoder.name,
        source_id=str(venue.pk),
        defaults={
            "venue": venue,
            "credit": geocoder.credit,
            "facts": facts.as_json(),
        },
    )
    precision = LocationPrecision.EXACT if facts.is_exact else LocationPrecision.CITY
    where = Point(facts.longitude, facts.latitude, srid=4326)
    move_venue(venue=venue, location=where, location_precision=precision, now=now)
