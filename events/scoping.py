"""Staff see and do what their memberships say; no per-user permissions are needed.

`VenueScopedAdmin` and `VenueScopedInline` are for the admin of every app above
too: say with `venue_path` how a row leads to its venue, and with the role sets
who may do what there. Superusers may do everything.
"""

from collections.abc import Callable, Iterable
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from unfold.admin import ModelAdmin, TabularInline

from events.models import Role, Venue
from ticketapp.errors import DomainError

EVERYONE = frozenset(Role.values)
SELLERS = frozenset({Role.MANAGER, Role.BOX_OFFICE})
MANAGERS = frozenset({Role.MANAGER})
NOBODY: frozenset[str] = frozenset()


def venue_ids(request: HttpRequest, roles: Iterable[str]) -> set[Any]:
    """Ids of the venues where the person of this request has one of `roles`."""
    user = request.user
    if not hasattr(request, "_memberships"):
        request._memberships = list(user.memberships.values_list("venue_id", "role"))
    wanted = set(roles)
    return {venue for venue, role in request._memberships if role in wanted}


def may(
    request: HttpRequest, roles: Iterable[str], venue_id: object | None = None
) -> bool:
    """May this person act in one of `roles`: at that venue, or at any at all."""
    user = request.user
    if not user.is_active or not user.is_staff:
        return False
    if user.is_superuser:
        return True
    own = venue_ids(request, roles)
    return bool(own) if venue_id is None else venue_id in own


def of_own_venues(
    request: HttpRequest,
    rows: QuerySet[Any],
    roles: Iterable[str],
    *,
    venue_path: str = "venue",
) -> QuerySet[Any]:
    """Of `rows`, those at venues where this person has one of `roles`."""
    if request.user.is_superuser:
        return rows
    return rows.filter(**{f"{venue_path}__in": venue_ids(request, roles)})


class VenueRoles:
    """The role sets, and the answers that Django's admin asks for."""

    venue_path: str = "venue"
    view_roles: frozenset[str] = EVERYONE
    add_roles: frozenset[str] = MANAGERS
    change_roles: frozenset[str] = MANAGERS
    delete_roles: frozenset[str] = NOBODY

    def venue_id_of(self, obj: Model | None) -> object | None:
        """Follow `venue_path` from a row; for a venue itself it is "pk"."""
        if obj is None:
            return None
        target: Any = obj
        for step in self.venue_path.split("__"):
            target = getattr(target, step)
        return target.pk if isinstance(target, Venue) else target

    def has_module_permission(self, request: HttpRequest) -> bool:
        return may(request, self.view_roles)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request, self.view_roles, self.venue_id_of(obj))

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request, self.add_roles)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request, self.change_roles, self.venue_id_of(obj))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request, self.delete_roles, self.venue_id_of(obj))

    def rows_for(
        self, request: HttpRequest, rows: QuerySet[Any], roles: Iterable[str]
    ) -> QuerySet[Any]:
        """Of `rows`, those at venues where this person has one of `roles`."""
        return of_own_venues(request, rows, roles, venue_path=self.venue_path)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)  # type: ignore[misc]
        return self.rows_for(request, rows, self.view_roles)

    def get_field_queryset(
        self, db: str | None, db_field: Any, request: HttpRequest
    ) -> QuerySet[Any] | None:
        """Offer as choices only rows that this person sees in their own list.

        For the venue itself: only those where they may add or change such rows.
        """
        related = db_field.remote_field.model
        admin = self.admin_site._registry.get(related)  # type: ignore[attr-defined]
        if not isinstance(admin, VenueRoles):
            return super().get_field_queryset(db, db_field, request)  # type: ignore[misc]
        if related is Venue:
            return self.choosable_venues(request)
        return admin.get_queryset(request)

    def choosable_venues(self, request: HttpRequest) -> QuerySet[Venue]:
        """Where this person may put a row of this kind."""
        roles = self.change_roles | self.add_roles
        venues = Venue.objects.order_by("name", "pk")
        if request.user.is_superuser:
            return venues
        return venues.filter(pk__in=venue_ids(request, roles))


def refused(form: type[ModelForm], why: str) -> type[ModelForm]:
    """The same form, which finds nothing in order whatever is typed."""

    class Refused(form):  # type: ignore[valid-type,misc]
        def clean(self) -> dict[str, Any]:
            cleaned = super().clean()
            self.add_error(None, why)
            return cleaned

    return Refused


class VenueScopedAdmin(VenueRoles, ModelAdmin):
    """An admin page whose rows belong to venues.

    What a service refuses while a form is being saved undoes all of it; the page
    comes back with the reason and with what was typed.
    """

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponseBase:
        page = (request, object_id, form_url, extra_context)
        try:
            return super().changeform_view(*page)
        except DomainError as refusal:
            request._refusal = str(refusal)
            return super().changeform_view(*page)

    def get_form(
        self,
        request: HttpRequest,
        obj: Any = None,
        change: bool = False,
        **options: Any,
    ) -> type[ModelForm]:
        form = super().get_form(request, obj, change=change, **options)
        refusal = getattr(request, "_refusal", "")
        return refused(form, refusal) if refusal else form

    def do_each(
        self,
        request: HttpRequest,
        rows: QuerySet[Any],
        act: Callable[[Any], object],
        *,
        done: str,
        roles: frozenset[str] = MANAGERS,
    ) -> None:
        """Call a service for each selected row and tell how each went.

        Rows at venues where the person's role does not allow it are refused
        one by one: a selection may span venues.
        """
        allowed = set(self.rows_for(request, rows, roles).values_list("pk", flat=True))
        for row in rows:
            if row.pk not in allowed:
                self.refuse_row(request, row)
                continue
            try:
                act(row)
            except DomainError as refusal:
                self.message_user(request, f"{row}: {refusal}", messages.ERROR)
            else:
                self.message_user(request, f"{row}: {done}.", messages.SUCCESS)

    def refuse_row(self, request: HttpRequest, row: Any) -> None:
        refusal = "your role at this venue does not allow that."
        self.message_user(request, f"{row}: {refusal}", messages.ERROR)


class VenueTimeAdmin(VenueScopedAdmin):
    """A page whose times are typed and shown on the clock of its venue.

    A wall time that a clock change skips or repeats is refused by the form,
    with the reason: staff can say what they mean, a feed cannot.
    """

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponseBase:
        zone = self.zone_of_form(request, object_id)
        with timezone.override(zone):
            context = {"zone_of_times": zone.key, **(extra_context or {})}
            response = super().changeform_view(request, object_id, form_url, context)
            # Rendered later, it would show UTC again.
            if hasattr(response, "render"):
                response.render()
        return response

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """On the clock that all venues of this person share, else on UTC."""
        zone = self.zone_of_list(request)
        with timezone.override(zone):
            context = {"zone_of_times": zone.key, **(extra_context or {})}
            response = super().changelist_view(request, context)
            if hasattr(response, "render"):
                response.render()
        return response

    def zone_of_list(self, request: HttpRequest) -> ZoneInfo:
        venues = of_own_venues(
            request, Venue.objects.all(), self.view_roles, venue_path="pk"
        )
        zones = list(
            venues.order_by().values_list("time_zone", flat=True).distinct()[:2]
        )
        return ZoneInfo(zones[0] or "UTC") if len(zones) == 1 else ZoneInfo("UTC")

    def zone_of_form(self, request: HttpRequest, object_id: str | None) -> ZoneInfo:
        """The zone of the venue that is chosen in the form, or of the row's."""
        venues = Venue.objects.all()
        if chosen := request.POST.get("venue"):
            try:
                return venues.get(pk=chosen).zone
            except (Venue.DoesNotExist, ValidationError):
                return ZoneInfo("UTC")  # The form refuses it in its own words.
        row = object_id and self.get_object(request, unquote(object_id))
        if not row:
            # A new row of somebody who works in one place is for that place.
            own = {venue.time_zone for venue in self.choosable_venues(request)[:50]}
            return ZoneInfo(own.pop() or "UTC") if len(own) == 1 else ZoneInfo("UTC")
        place = self.venue_id_of(row)
        venue = venues.filter(pk=place).first() if place else None
        return venue.zone if venue else ZoneInfo("UTC")


class VenueScopedInline(VenueRoles, TabularInline):
    """Rows shown inside a scoped page. The roles are asked at the page's venue.

    `parent_venue_path` leads from the page's object to its venue.
    """

    parent_venue_path: str = "venue"
    extra = 0

    def venue_id_of(self, obj: Model | None) -> object | None:
        # Django asks an inline with the object of the page around it.
        if obj is None:
            return None
        target: Any = obj
        for step in self.parent_venue_path.split("__"):
            target = getattr(target, step)
        return target.pk if isinstance(target, Venue) else target

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request, self.add_roles, self.venue_id_of(obj))
