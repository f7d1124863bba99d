"""Venues as a table: what staff download, and what operators upload."""

from typing import Any, ClassVar
from uuid import UUID, uuid4

from django.contrib.gis.geos import Point
from django.core.exceptions import ValidationError
from django.utils import timezone
from import_export import fields, resources, widgets

from events import countries, services
from events.feeds.places import checked_point
from events.feeds.rows import BadRow
from events.models import Venue

DECIMALS = 6
COLUMNS = (
    "id",
    "name",
    "address",
    "city",
    "region",
    "postal_code",
    "country",
    "latitude",
    "longitude",
    "location_precision",
    "time_zone",
    "capacity",
    "currency",
    "refund_policy",
)


class IdWidget(widgets.Widget):
    """A UUID, so that an unchanged row is seen to be unchanged."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> UUID:
        return UUID(str(value))


class VenueResource(resources.ModelResource):
    """One row per venue; a row with an `id` changes that venue, others are new.

    The zone of an uploaded row is found from its point, as everywhere.
    """

    id = fields.Field(column_name="id", attribute="id", widget=IdWidget())
    latitude = fields.Field(column_name="latitude")
    longitude = fields.Field(column_name="longitude")

    class Meta:
        model = Venue
        fields = COLUMNS
        import_order = COLUMNS
        export_order = COLUMNS
        import_id_fields: ClassVar[list[str]] = ["id"]
        clean_model_instances = True
        skip_unchanged = True
        report_skipped = True

    def dehydrate_latitude(self, venue: Venue) -> float | None:
        return round(venue.location.y, DECIMALS) if venue.location else None

    def dehydrate_longitude(self, venue: Venue) -> float | None:
        return round(venue.location.x, DECIMALS) if venue.location else None

    def before_import_row(self, row: Any, **kwargs: Any) -> None:
        row["id"] = row.get("id") or str(uuid4())

    def import_instance(self, instance: Venue, row: Any, **kwargs: Any) -> None:
        super().import_instance(instance, row, **kwargs)
        instance.location = point_of(row, instance)
        services.derive_from_place(instance)

    def skip_row(
        self, instance: Venue, original: Venue, row: Any, *args: Any, **kwargs: Any
    ) -> bool:
        moved = instance.location != original.location
        return not moved and super().skip_row(instance, original, row, *args, **kwargs)

    def do_instance_save(self, instance: Venue, is_create: bool) -> None:
        services.save_venue(venue=instance, now=timezone.now())


def point_of(row: Any, venue: Venue) -> Point | None:
    """The point of a row; the venue's own if the row says the same, rounded."""
    if countries.code_of(venue.country) != venue.country:
        message = f"no country is called {venue.country!r}"
        raise ValidationError({"country": [message]})
    said = [str(row.get(name) or "").strip() for name in ("latitude", "longitude")]
    if said == ["", ""]:
        return None
    try:
        latitude, longitude = checked_point(*said, venue.country)
    except BadRow as error:
        raise ValidationError({"latitude": [str(error)]}) from None
    known = venue.location
    if known and (round(known.y, DECIMALS), round(known.x, DECIMALS)) == (
        latitude,
        longitude,
    ):
        return known
    return Point(longitude, latitude, srid=4326)
