"""Searching events, and what is told about them."""

from math import isfinite
from typing import Any

from rest_framework import serializers

from events.models import EventStatus
from inventory.listing.search import Position, Search, Sort
from inventory.serializers.shapes import (
    CategorySerializer,
    FullVenueSerializer,
    MoneySerializer,
    PerformerSerializer,
    PriceSerializer,
    StockSerializer,
    TimesSerializer,
    VenueSerializer,
    page_of,
)
from ticketapp.api import QueryParams

METRES = {"m": 1.0, "km": 1000.0, "mi": 1609.344}
HALF_THE_EARTH_M = 20_100_000
# About 100 metres: near enough to find a venue, too coarse to find a person.
DECIMALS = 3


class Number(serializers.FloatField):
    """A finite number: "nan" and "inf" are none."""

    def to_internal_value(self, data: Any) -> float:
        value = super().to_internal_value(data)
        if not isfinite(value):
            self.fail("invalid")
        return value


class EventSearchParams(QueryParams):
    lat = Number(min_value=-90, max_value=90, required=False)
    lon = Number(min_value=-180, max_value=180, required=False)
    radius = Number(
        min_value=0.001,
        max_value=HALF_THE_EARTH_M,
        required=False,
        help_text="How far around the position, in `unit`.",
    )
    unit = serializers.ChoiceField(
        [("m", "metres"), ("km", "kilometres"), ("mi", "miles")], default="m"
    )
    starts_within = Number(
        min_value=0,
        max_value=24 * 366,
        required=False,
        help_text="Running now, or starting within so many hours.",
    )
    category = serializers.SlugField(max_length=50, required=False)
    q = serializers.CharField(max_length=100, required=False)
    sort = serializers.ChoiceField([(s, s) for s in Sort], required=False)
    cursor = serializers.CharField(required=False, default="")
    page_size = serializers.IntegerField(min_value=1, max_value=100, default=20)

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        position = self._position(given)
        if "radius" in given and position is None:
            self._refuse("radius", "A radius needs a position: give lat and lon.")
        sort = given.get("sort") or (Sort.DISTANCE if position else Sort.START)
        if sort == Sort.DISTANCE and position is None:
            self._refuse("sort", "Sorting by distance needs lat and lon.")
        radius = given.get("radius")
        return {
            "page_size": given["page_size"],
            "cursor": given["cursor"],
            "search": Search(
                sort=Sort(sort),
                position=position,
                radius_m=radius and radius * METRES[given["unit"]],
                starts_within=given.get("starts_within"),
                category=given.get("category"),
                query=given.get("q"),
            ),
        }

    def _position(self, given: dict[str, Any]) -> Position | None:
        for one, other in (("lat", "lon"), ("lon", "lat")):
            if one in given and other not in given:
                self._refuse(other, f"Give it together with {one}.")
        if "lat" not in given:
            return None
        return Position(round(given["lat"], DECIMALS), round(given["lon"], DECIMALS))

    def _refuse(self, field: str, message: str) -> None:
        raise serializers.ValidationError({field: [message]})


class EventCardSerializer(TimesSerializer, StockSerializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    status = serializers.ChoiceField(EventStatus.choices)
    category = CategorySerializer(allow_null=True)
    performers = PerformerSerializer(many=True)
    image_url = serializers.URLField(allow_null=True)
    venue = VenueSerializer()
    distance_m = serializers.IntegerField(
        allow_null=True, help_text="Metres from the position that was asked for."
    )
    sales_open_at = serializers.DateTimeField(allow_null=True)
    sales_close_at = serializers.DateTimeField(allow_null=True)
    from_price = MoneySerializer(
        allow_null=True, help_text="The cheapest ticket, everything included."
    )
    listing_url = serializers.URLField(
        allow_null=True, help_text="Where a feed says that tickets are sold."
    )


class TicketTypeSerializer(StockSerializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    description = serializers.CharField()
    price = PriceSerializer()
    max_quantity = serializers.IntegerField(help_text="How many one person may hold.")


class EventDetailSerializer(EventCardSerializer):
    venue = FullVenueSerializer()
    description = serializers.CharField()
    seller = serializers.CharField(help_text="Who sells the tickets.")
    per_buyer_limit = serializers.IntegerField()
    viewer_counts = serializers.BooleanField(
        help_text="Whether the socket tells how many people are looking."
    )
    ticket_types = TicketTypeSerializer(many=True)


EventPageSerializer = page_of(EventCardSerializer)
TicketTypePageSerializer = page_of(TicketTypeSerializer)
