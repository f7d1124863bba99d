"""Where it is on: venues, what files and feeds say of them, and their staff."""

from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.gis.db.models import PointField
from django.contrib.postgres.indexes import GinIndex
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import GeneratedField, Q, Value
from django.db.models.functions import Concat, Now

from events.coordinates import Coordinates, coordinates_of
from events.currencies import PATTERN as CURRENCY
from events.currencies import CurrencyField
from events.folding import Fold
from events.querysets import VenueQuerySet
from ticketapp.models import PublicModel


class LocationPrecision(models.TextChoices):
    EXACT = "exact", "the venue itself"
    CITY = "city", "only its city"


class TaxMode(models.TextChoices):
    INCLUDED = "included", "prices include tax"
    ADDED = "added", "tax is added to prices"


class Venue(PublicModel):
    """A place with a door.

    Its time zone follows from its point, and the location of its events from
    its location: see `services.move_venue`.
    """

    name = models.CharField(max_length=200)
    address = models.CharField(max_length=300, blank=True)
    city = models.CharField(max_length=120)
    region = models.CharField(max_length=120, blank=True)
    postal_code = models.CharField(max_length=20, blank=True)
    country = models.CharField(
        max_length=2,
        validators=[RegexValidator(r"^[A-Z]{2}$", "Give two capital letters: GB.")],
        help_text="ISO 3166-1 alpha-2, such as GB.",
    )
    location = PointField(geography=True, null=True, blank=True)
    location_precision = models.CharField(
        max_length=10, choices=LocationPrecision, default=LocationPrecision.EXACT
    )
    time_zone = models.CharField(
        max_length=64, blank=True, help_text="IANA name, found from the location."
    )
    capacity = models.PositiveIntegerField(
        null=True, blank=True, help_text="People; empty when unknown."
    )
    refund_policy = models.TextField(blank=True)
    currency = CurrencyField(max_length=3, default="GBP", help_text="ISO 4217.")
    tax_name = models.CharField(max_length=40, blank=True, help_text='Such as "VAT".')
    tax_mode = models.CharField(
        max_length=10, choices=TaxMode, default=TaxMode.INCLUDED
    )
    tax_basis_points = models.PositiveIntegerField(
        default=0, help_text="2000 is 20 per cent."
    )
    # Import identity: name and place, folded, so that two spellings are one venue.
    match_key = models.CharField(max_length=400, editable=False, db_index=True)
    search_text = GeneratedField(
        expression=Fold(Concat("name", Value(" "), "city")),
        output_field=models.TextField(),
        db_persist=True,
    )
    city_folded = GeneratedField(
        expression=Fold("city"), output_field=models.TextField(), db_persist=True
    )
    kept_by_staff = models.BooleanField(
        default=False, help_text="Imports and geocoding leave this venue alone."
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = VenueQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(location__isnull=True) | ~Q(time_zone=""),
                name="events_venue_with_a_location_has_a_time_zone",
            ),
            models.CheckConstraint(
                condition=Q(location_precision__in=LocationPrecision.values),
                name="events_venue_location_precision_is_known",
            ),
            models.CheckConstraint(
                condition=Q(tax_mode__in=TaxMode.values),
                name="events_venue_tax_mode_is_known",
            ),
            models.CheckConstraint(
                condition=Q(capacity__gt=0),
                name="events_venue_capacity_is_unknown_or_positive",
            ),
            models.CheckConstraint(
                condition=Q(country__regex=r"^[A-Z]{2}$"),
                name="events_venue_country_is_two_capital_letters",
            ),
            models.CheckConstraint(
                condition=Q(currency__regex=CURRENCY),
                name="events_venue_currency_is_three_capital_letters",
            ),
        ]
        indexes = [
            GinIndex(
                fields=["search_text"],
                name="events_venue_search",
                opclasses=["gin_trgm_ops"],
            ),
            GinIndex(
                fields=["city_folded"],
                name="events_venue_city",
                opclasses=["gin_trgm_ops"],
            ),
            models.Index(fields=["name", "id"], name="events_venue_by_name"),
        ]

    def __str__(self) -> str:
        return f"{self.name}, {self.city}"

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone or "UTC")

    @property
    def coordinates(self) -> Coordinates:
        """Latitude and longitude, as far as its location is known."""
        return coordinates_of(vars(self).get("location") or self.location)


class VenueSource(models.Model):
    """What a file or feed says of a venue; a venue may be in several of them.

    The venue is made of the facts of all its sources, the best of each: so
    that the order of imports does not matter and repeating one changes nothing.
    """

    venue = models.ForeignKey(Venue, on_delete=models.CASCADE, related_name="sources")
    source = models.CharField(max_length=40)
    source_id = models.CharField(max_length=400)
    credit = models.CharField(
        max_length=120, blank=True, help_text="Whom its licence asks to name."
    )
    facts = models.JSONField(default=dict, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "source_id"],
                name="events_venue_source_id_is_used_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.source_id}"


class Role(models.TextChoices):
    MANAGER = "manager"
    BOX_OFFICE = "box_office", "box office"
    DOOR = "door"


class Membership(models.Model):
    """A person works at a venue: what staff see follows from these rows."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships"
    )
    venue = models.ForeignKey(
        Venue, on_delete=models.CASCADE, related_name="memberships"
    )
    role = models.CharField(max_length=20, choices=Role, default=Role.DOOR)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "venue"], name="events_membership_is_one_per_venue"
            ),
            models.CheckConstraint(
                condition=Q(role__in=Role.values),
                name="events_membership_role_is_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} at {self.venue}"
