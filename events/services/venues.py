"""Venues: their point, the zone that follows from it, and who works there."""

from collections.abc import Collection
from datetime import datetime

from django.contrib.gis.geos import Point
from django.db import transaction

from accounts.models import User
from events import zones
from events.local_time import local_to_utc
from events.matching import match_key
from events.models import Event, EventStatus, LocationPrecision, Role, Venue
from events.services.following import sells_more

TAX = ("tax_mode", "tax_basis_points")
POSTER_TIMES = ("starts_at", "doors_at", "ends_at", "sales_open_at", "sales_close_at")


def create_venue(
    *,
    name: str,
    city: str,
    country: str,
    location: Point | None = None,
    location_precision: str = LocationPrecision.EXACT,
    **details: object,
) -> Venue:
    """Add a venue that people look after; its time zone is found from its point."""
    venue = Venue(
        name=name,
        city=city,
        country=country,
        location=location,
        location_precision=location_precision,
        kept_by_staff=True,
        **details,
    )
    derive_from_place(venue)
    venue.save()
    return venue


def derive_from_place(venue: Venue) -> None:
    """Set what follows from name and place on an unsaved row: key and zone."""
    venue.match_key = match_key(venue.name, venue.city, venue.country)
    if venue.location is not None:
        venue.time_zone = zones.time_zone_at(venue.location.y, venue.location.x)


@transaction.atomic
def save_venue(*, venue: Venue, now: datetime) -> Venue:
    """Write what staff entered. From then on imports leave the venue alone.

    A changed point is a move, and a changed tax another price, with all that
    follows from it.
    """
    before = Venue.objects.select_for_update(no_key=True).filter(pk=venue.pk).first()
    venue.kept_by_staff = True
    derive_from_place(venue)
    venue.save()
    if before is not None:
        keep_posters_true(venue=venue, before=before, now=now)
        if any(getattr(venue, name) != getattr(before, name) for name in TAX):
            on_sale = venue.events.filter(status=EventStatus.PUBLISHED)
            sells_more(list(on_sale.values_list("pk", flat=True)), now=now)
    return venue


@transaction.atomic
def move_venue(
    *, venue: Venue, location: Point, location_precision: str, now: datetime
) -> Venue:
    """Put a venue at `location`, and its events with it.

    The database copies the location onto the events. If the new place has
    another time zone, the hours on the posters stay and the instants change:
    doors at eight stay doors at eight.
    """
    before = Venue.objects.select_for_update(no_key=True).get(pk=venue.pk)
    venue.location = location
    venue.location_precision = location_precision
    venue.time_zone = zones.time_zone_at(location.y, location.x)
    venue.save(update_fields=["location", "location_precision", "time_zone"])
    keep_posters_true(venue=venue, before=before, now=now)
    return venue


def keep_posters_true(*, venue: Venue, before: Venue, now: datetime) -> None:
    """Read the wall times of events to come in the venue's new zone."""
    if venue.time_zone == before.time_zone:
        return
    coming = Event.objects.filter(venue=venue, starts_at__gt=now)
    changed = list(coming.select_for_update(no_key=True))
    for event in changed:
        for field in POSTER_TIMES:
            if (instant := getattr(event, field)) is not None:
                wall = instant.astimezone(before.zone).replace(tzinfo=None)
                setattr(event, field, local_to_utc(wall, venue.zone))
    Event.objects.bulk_update(changed, POSTER_TIMES, batch_size=500)
    sells_more([event.pk for event in changed], now=now)


def works_at(*, user: User, venue: Venue, roles: Collection[str] = Role.values) -> bool:
    """True when `user` may act at `venue` in one of `roles`; operators always."""
    return Venue.objects.staffed_by(user, roles).filter(pk=venue.pk).exists()
