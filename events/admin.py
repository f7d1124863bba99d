"""Venues, their staff, performers and categories. Events are in `inventory`."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.gis.geos import Point
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html, json_script
from django.utils.safestring import SafeString
from import_export.admin import ImportExportModelAdmin
from unfold.admin import ModelAdmin
from unfold.contrib.import_export.forms import ExportForm, ImportForm
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from events import services
from events.models import (
    Category,
    EventStatus,
    LocationPrecision,
    Membership,
    Performer,
    Venue,
    VenueSource,
)
from events.resources import VenueResource
from events.scoping import EVERYONE, MANAGERS, NOBODY, SELLERS, VenueScopedAdmin, may
from events.scoping import VenueScopedInline as ScopedInline

NEIGHBOURS_ON_MAP = 40
NEIGHBOURHOOD_M = 50_000


def degrees(limit: int) -> forms.FloatField:
    widget = UnfoldAdminTextInputWidget(
        attrs={"inputmode": "decimal", "autocomplete": "off"}
    )
    return forms.FloatField(
        required=False, min_value=-limit, max_value=limit, widget=widget
    )


def percentage() -> forms.DecimalField:
    return forms.DecimalField(
        label="Tax rate, per cent",
        min_value=0,
        max_value=100,
        decimal_places=2,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal"}),
        help_text="Such as 20, or 8.25. Nought where no tax is due.",
    )


class VenueForm(forms.ModelForm):
    """A venue with its point as two numbers, which the map writes too.

    The tax rate is typed in per cent and kept in basis points.
    """

    latitude = degrees(90)
    longitude = degrees(180)
    tax_rate = percentage()

    class Meta:
        model = Venue
        fields = (
            "name",
            "address",
            "city",
            "region",
            "postal_code",
            "country",
            "location_precision",
            "capacity",
            "currency",
            "tax_name",
            "tax_mode",
            "refund_policy",
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["tax_rate"] = per_cent(self.instance)
        if self.instance.location is not None:
            self.initial["latitude"] = round(self.instance.location.y, 6)
            self.initial["longitude"] = round(self.instance.location.x, 6)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "tax_rate" in cleaned:
            self.instance.tax_basis_points = int(cleaned["tax_rate"] * 100)
        latitude, longitude = cleaned.get("latitude"), cleaned.get("longitude")
        if (latitude is None) != (longitude is None):
            missing = "latitude" if latitude is None else "longitude"
            self.add_error(missing, "Give latitude and longitude together.")
        elif (latitude, longitude) == (0, 0):
            self.add_error("latitude", "0, 0 is a point in the sea off Africa.")
        elif {"latitude", "longitude"} & set(self.changed_data):
            self.instance.location = (
                None if latitude is None else Point(longitude, latitude, srid=4326)
            )
        return cleaned


class StaffInline(ScopedInline):
    """Who works here. Managers see it; operators change it."""

    model = Membership
    parent_venue_path = "pk"
    autocomplete_fields = ("user",)
    view_roles = MANAGERS
    add_roles = change_roles = delete_roles = NOBODY
    verbose_name = "person"
    verbose_name_plural = "staff"
    tab = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        return super().get_queryset(request).select_related("user")


class SourceInline(ScopedInline):
    """Where imports found the venue, and whom to credit."""

    model = VenueSource
    parent_venue_path = "pk"
    view_roles = MANAGERS
    add_roles = change_roles = delete_roles = NOBODY
    readonly_fields = ("source", "source_id", "credit")
    max_num = 0
    tab = True


@admin.register(Venue)
class VenueAdmin(VenueScopedAdmin, ImportExportModelAdmin):
    """Managers look after their own venue; operators add and import them."""

    venue_path = "pk"
    view_roles = EVERYONE
    add_roles = NOBODY
    change_roles = MANAGERS
    form = VenueForm
    import_form_class = ImportForm
    export_form_class = ExportForm
    resource_classes: ClassVar[list[type]] = [VenueResource]
    inlines: ClassVar[list[type]] = [StaffInline, SourceInline]
    list_display = ("name", "city", "country", "place", "capacity", "coming")
    list_filter = ("location_precision", "country")
    list_per_page = 50
    search_fields = ("search_text",)
    search_help_text = "Name or city, accents and small mistakes apart."
    ordering = ("name", "pk")
    readonly_fields = ("map", "time_zone", "kept_by_staff")
    fieldsets = (
        (None, {"fields": ("name", "capacity")}),
        (
            "Where it is",
            {
                "fields": (
                    "address",
                    ("city", "region"),
                    ("postal_code", "country"),
                    "map",
                    ("latitude", "longitude"),
                    ("location_precision", "time_zone"),
                )
            },
        ),
        (
            "Tax",
            {
                "fields": ("tax_rate", "tax_name", "tax_mode"),
                "description": (
                    "For every ticket sold here. Buyers see one price with the tax "
                    "in it, and below it how much of that is tax."
                ),
            },
        ),
        ("Selling", {"fields": ("currency", "refund_policy")}),
        ("Imports", {"fields": ("kept_by_staff",)}),
    )

    class Media:
        css: ClassVar[dict[str, Sequence[str]]] = {
            "all": ("vendor/leaflet/leaflet.css", "events/venue_map.css")
        }
        js = ("vendor/leaflet/leaflet.js", "events/venue_map.js")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Venue]:
        coming = Q(events__status=EventStatus.PUBLISHED)
        coming &= Q(events__starts_at__gt=timezone.now())
        rows = super().get_queryset(request)
        return rows.annotate(coming=Count("events", filter=coming))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return queryset.search(search_term), False

    def save_model(
        self, request: HttpRequest, obj: Venue, form: Any, change: bool
    ) -> None:
        services.save_venue(venue=obj, now=timezone.now())

    def has_import_permission(self, request: HttpRequest) -> bool:
        return request.user.is_superuser

    def has_export_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    @display(
        description="Place known",
        ordering="location_precision",
        label={"exact": "success", "city": "warning", "unknown": "danger"},
    )
    def place(self, venue: Venue) -> tuple[str, str]:
        if venue.location is None:
            return "unknown", "not at all"
        return venue.location_precision, venue.get_location_precision_display()

    @display(description="Tax rate, per cent")
    def tax_rate(self, venue: Venue) -> str:
        """For those who may only look."""
        return per_cent(venue)

    @display(description="Coming events", ordering="coming")
    def coming(self, venue: Venue) -> int:
        return venue.coming

    @admin.display(description="Map")
    def map(self, venue: Venue) -> SafeString:
        """A pin to drag. The numbers below say the same and take the keyboard."""
        facts = {
            "tiles": settings.MAP_TILES_URL,
            "neighbours": neighbours_of(venue),
            "here": spot(venue) if venue.location else None,
        }
        return format_html(
            '<div id="venue-map" class="venue-map" role="application"'
            ' aria-label="Map. Drag the pin, or type latitude and longitude below."'
            ' data-facts="venue-map-facts"></div>{}'
            '<p class="venue-map-note" id="venue-map-note" aria-live="polite"></p>',
            json_script(facts, "venue-map-facts"),
        )


def per_cent(venue: Venue) -> str:
    """The tax rate as people write it: "20", "8.25"."""
    return f"{venue.tax_basis_points / 100:.2f}".rstrip("0").rstrip(".")


def neighbours_of(venue: Venue) -> list[dict[str, Any]]:
    """Other venues around, to find one's bearings on a map without streets."""
    if venue.location is None:
        return []
    others = (
        Venue.objects.near(venue.location, NEIGHBOURHOOD_M)
        .filter(location_precision=LocationPrecision.EXACT)
        .exclude(pk=venue.pk)[:NEIGHBOURS_ON_MAP]
    )
    return [spot(other) for other in others]


def spot(venue: Venue) -> dict[str, Any]:
    return {
        "name": venue.name,
        "latitude": venue.location.y,
        "longitude": venue.location.x,
        "precision": venue.location_precision,
    }


class OperatorAdmin(ModelAdmin):
    """Shared by all venues: staff may look and choose, operators change."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.is_active and request.user.is_staff

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)


@admin.register(Performer)
class PerformerAdmin(OperatorAdmin):
    list_display = ("name", "source")
    search_fields = ("search_text",)
    ordering = ("name", "pk")
    readonly_fields = ("source", "source_id")
    exclude = ("search_text",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return queryset.search(search_term), False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Whoever sells may name a performer that is not known yet."""
        return may(request, SELLERS)


@admin.register(Category)
class CategoryAdmin(OperatorAdmin):
    list_display = ("name", "slug")
    search_fields = ("name",)
    ordering = ("name",)
    prepopulated_fields: ClassVar[dict[str, Sequence[str]]] = {"slug": ("name",)}
