"""Caps that ticket types share, and the decisions to go below what was taken."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from unfold.widgets import UnfoldAdminTextInputWidget

from events.scoping import MANAGERS, NOBODY, VenueScopedAdmin, VenueScopedInline
from inventory import services
from inventory.models import TAKEN_TICKET, Override, StockCap, Ticket


class Reason(forms.CharField):
    """Asked for only where a limit goes below what is taken."""

    widget = UnfoldAdminTextInputWidget

    def __init__(self) -> None:
        super().__init__(
            required=False,
            max_length=200,
            label="Why below what is taken",
            help_text="Only to overbook on purpose. It is kept on record.",
        )


def overrider_of(
    request: HttpRequest, cleaned: dict[str, Any]
) -> services.Overrider | None:
    reason = cleaned.get("reason")
    return services.Overrider(user=request.user, reason=reason) if reason else None


class OverrideInline(VenueScopedInline):
    """What was decided, by whom and why; kept for good."""

    model = Override
    parent_venue_path = "event__venue"
    view_roles = MANAGERS
    add_roles = change_roles = delete_roles = NOBODY
    fields = readonly_fields = (
        "created_at",
        "capacity",
        "taken",
        "made_by",
        "reason",
        "closed_at",
    )
    ordering = ("-created_at",)
    max_num = 0
    tab = True


class OverridesOfAType(OverrideInline):
    fk_name = "ticket_type"
    venue_path = "ticket_type__event__venue"


class OverridesOfACap(OverrideInline):
    fk_name = "cap"
    venue_path = "cap__event__venue"


class StockCapForm(forms.ModelForm):
    reason = Reason()

    class Meta:
        model = StockCap
        fields = ("event", "name", "capacity", "types")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        types, capacity = cleaned.get("types"), cleaned.get("capacity")
        # Chosen when it is made, and its own ever after.
        event_id = getattr(cleaned.get("event"), "pk", self.instance.event_id)
        if types is None or capacity is None or event_id is None:
            return cleaned
        if any(ticket_type.event_id != event_id for ticket_type in types):
            self.add_error("types", "All of them must be of this event.")
        taken = Ticket.objects.filter(ticket_type__in=types, status__in=TAKEN_TICKET)
        if not cleaned.get("reason") and capacity < (number := taken.count()):
            self.add_error("capacity", f"{number} are sold or in someone's hands.")
        return cleaned


@admin.register(StockCap)
class StockCapAdmin(VenueScopedAdmin):
    """So many tickets of several types together, such as what a room may hold."""

    venue_path = "event__venue"
    form = StockCapForm
    inlines: ClassVar[list[type]] = [OverridesOfACap]
    autocomplete_fields = ("event", "types")
    list_display = ("name", "event", "capacity", "taken")
    list_select_related = ("event",)
    search_fields = ("name", "event__name")
    ordering = ("-event__local_date", "event", "name")
    fields = ("event", "name", "types", "capacity", "reason")

    def get_readonly_fields(
        self, request: HttpRequest, obj: StockCap | None = None
    ) -> tuple[str, ...]:
        return ("event",) if obj else ()

    def save_model(
        self, request: HttpRequest, obj: StockCap, form: Any, change: bool
    ) -> None:
        services.save_cap(
            cap=obj,
            types=form.cleaned_data["types"],
            now=timezone.now(),
            override=overrider_of(request, form.cleaned_data),
        )

    def save_related(
        self, request: HttpRequest, form: Any, formsets: Any, change: bool
    ) -> None:
        """All but the types: the service has written them, under its lock."""
        for formset in formsets:
            self.save_formset(request, form, formset, change=change)

    @admin.display(description="Taken")
    def taken(self, cap: StockCap) -> int:
        return services.taken_of(cap)
