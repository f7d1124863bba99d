"""Parts that several answers share. They describe; the dicts are made elsewhere."""

from rest_framework import serializers

from events.models import EventStatus, LocationPrecision
from inventory.availability import TOLD_UP_TO, Availability


class MoneySerializer(serializers.Serializer):
    amount = serializers.IntegerField(help_text="In minor units: 2350 is £23.50.")
    currency = serializers.CharField(help_text="ISO 4217.")


class FeeSerializer(MoneySerializer):
    name = serializers.CharField(help_text="What the fee is for; empty without one.")


class TaxSerializer(MoneySerializer):
    name = serializers.CharField(help_text="Such as VAT; empty when not named.")
    included = serializers.BooleanField(
        help_text="Inside the price and fee, or on top of them."
    )


class PriceSerializer(serializers.Serializer):
    total = MoneySerializer(help_text="What one ticket costs, everything included.")
    unit = MoneySerializer()
    fee = FeeSerializer()
    tax = TaxSerializer()


class CategorySerializer(serializers.Serializer):
    slug = serializers.SlugField()
    name = serializers.CharField()


class PerformerSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()


class VenueSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    city = serializers.CharField()
    country = serializers.CharField(help_text="ISO 3166-1 alpha-2.")
    location_precision = serializers.ChoiceField(
        LocationPrecision.choices,
        help_text='"city": only the city is known, its middle is given.',
    )
    latitude = serializers.FloatField(allow_null=True)
    longitude = serializers.FloatField(allow_null=True)
    time_zone = serializers.CharField(help_text="IANA name; empty when unknown.")


class FullVenueSerializer(VenueSerializer):
    address = serializers.CharField()
    refund_policy = serializers.CharField()


class TimesSerializer(serializers.Serializer):
    starts_at = serializers.DateTimeField(
        allow_null=True, help_text="Null when only the day is known."
    )
    starts_at_local = serializers.DateTimeField(
        allow_null=True, help_text="On the clock at the venue, with its offset."
    )
    doors_at = serializers.DateTimeField(allow_null=True)
    doors_at_local = serializers.DateTimeField(allow_null=True)
    ends_at = serializers.DateTimeField(allow_null=True)
    local_date = serializers.DateField(help_text="The date on the poster.")
    time_zone = serializers.CharField()


class EventBriefSerializer(TimesSerializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    status = serializers.ChoiceField(EventStatus.choices)
    image_url = serializers.URLField(allow_null=True)
    venue = FullVenueSerializer()


class NamedSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()


class StockSerializer(serializers.Serializer):
    availability = serializers.ChoiceField(
        [(state, state.replace("_", " ")) for state in Availability]
    )
    left = serializers.IntegerField(
        allow_null=True,
        help_text=f"How many can be had in this app; told up to {TOLD_UP_TO}, exact.",
    )
    next_price = MoneySerializer(
        allow_null=True, help_text="What it will cost after the next planned fall."
    )
    next_price_at = serializers.DateTimeField(allow_null=True)


def page_of(item: type[serializers.Serializer]) -> type[serializers.Serializer]:
    """The shape of one page of a list."""
    name = item.__name__.removesuffix("Serializer")
    fields = {
        "results": item(many=True),
        "next": serializers.URLField(allow_null=True),
        "previous": serializers.URLField(allow_null=True),
    }
    return type(f"{name}PageSerializer", (serializers.Serializer,), fields)
