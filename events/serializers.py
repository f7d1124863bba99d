"""What is told about venues, performers, categories and places."""

from typing import Any

from rest_framework import serializers

from events.models import Category, LocationPrecision, Performer, Role, Venue
from ticketapp.api import QueryParams


class SearchParams(QueryParams):
    q = serializers.CharField(
        max_length=100,
        required=False,
        help_text="Words of the name, accents and small mistakes apart.",
    )


class VenueSearchParams(QueryParams):
    q = serializers.CharField(
        max_length=100,
        required=False,
        help_text="Words of the name or city, accents and small mistakes apart.",
    )
    country = serializers.RegexField(
        r"^[A-Z]{2}$", required=False, help_text="ISO 3166-1 alpha-2, such as GB."
    )


class PlaceSearchParams(QueryParams):
    q = serializers.CharField(
        min_length=2, max_length=100, help_text="The beginning of a city's name."
    )


class VenueEntrySerializer(serializers.ModelSerializer):
    latitude = serializers.SerializerMethodField()
    longitude = serializers.SerializerMethodField()
    location_precision = serializers.ChoiceField(
        LocationPrecision.choices,
        help_text='"city": only the city is known, its middle is given.',
    )

    class Meta:
        model = Venue
        fields = [
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
        ]
        read_only_fields = fields

    def get_latitude(self, venue: Venue) -> float | None:
        return venue.location.y if venue.location else None

    def get_longitude(self, venue: Venue) -> float | None:
        return venue.location.x if venue.location else None


class VenueDetailSerializer(VenueEntrySerializer):
    credits = serializers.SerializerMethodField(
        help_text="Whom the licences of its sources ask to name."
    )

    class Meta(VenueEntrySerializer.Meta):
        fields = [*VenueEntrySerializer.Meta.fields, "refund_policy", "credits"]
        read_only_fields = fields

    def get_credits(self, venue: Venue) -> list[str]:
        return sorted({source.credit for source in venue.sources.all()} - {""})


class PerformerEntrySerializer(serializers.ModelSerializer):
    class Meta:
        model = Performer
        fields = ["id", "name"]
        read_only_fields = fields


class CategoryEntrySerializer(serializers.ModelSerializer):
    class Meta:
        model = Category
        fields = ["slug", "name"]
        read_only_fields = fields


class StaffVenueSerializer(serializers.Serializer):
    """A venue where the signed-in person works."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    city = serializers.CharField()
    time_zone = serializers.CharField()
    role = serializers.ChoiceField(Role.choices)


class PlaceSerializer(serializers.Serializer):
    name = serializers.CharField()
    region = serializers.CharField(help_text="Tells two of one name apart; or empty.")
    country = serializers.CharField(help_text="ISO 3166-1 alpha-2.")
    latitude = serializers.FloatField()
    longitude = serializers.FloatField()
    venues = serializers.IntegerField(help_text="How many venues are known there.")


def all_at_once(item: type[serializers.Serializer]) -> type[serializers.Serializer]:
    """The shape of a list that is short enough for one page."""
    name = item.__name__.removesuffix("Serializer")
    fields: dict[str, Any] = {
        "results": item(many=True),
        "next": serializers.URLField(allow_null=True),
        "previous": serializers.URLField(allow_null=True),
    }
    return type(f"{name}ListSerializer", (serializers.Serializer,), fields)


CategoryListSerializer = all_at_once(CategoryEntrySerializer)
StaffVenueListSerializer = all_at_once(StaffVenueSerializer)
PlaceListSerializer = all_at_once(PlaceSerializer)
