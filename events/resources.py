"""Venues as a table: what staff download, and what operators upload."""

from typing import Any, ClassVar

from django.contrib.gis.geos import Point
from django.utils import timezone
from import_export import fields, resources

from events import services
from events.models import Venue

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


class VenueResource(resources.ModelResource):
    """One row per venue; a row with an `id` changes that venue, others are new.

    The zone of an uploaded row is found from its point, as everywhere.
    """

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
        return round(venue.location.y, 6) if venue.location else None

    def dehydrate_longitude(self, venue: Venue) -> float | None:
        return round(venue.location.x, 6) if venue.location else None

    def import_instance(self, instance: Venue, row: Any, **kwargs: Any) -> None:
        super().import_instance(instance, row, **kwargs)
        latitude, longitude = row.get("latitude"), row.get("longitude")
        if latitude not in (None, "") and longitude not in (None, ""):
            instance.location = Point(float(longitude), float(latitude), srid=4326)

    def do_instance_save(self, instance: Venue, is_create: bool) -> None:
        services.save_venue(venue=instance, now=timezone.now())
