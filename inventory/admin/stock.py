"""Ticket types with their planned prices; holds and scans, to look at."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils import timezone

from events.scoping import (
    MANAGERS,
    NOBODY,
    VenueScopedAdmin,
    VenueScopedInline,
    VenueTimeAdmin,
)
from inventory import services
from inventory.admin.caps import OverridesOfAType, Reason, overrider_of
from inventory.admin.forms import (
    PriceStepForm,
    PriceStepsOfAType,
    TicketTypeForm,
    to_major,
)
from inventory.models import CheckIn, Hold, PriceStep, TicketType
from inventory.pricing import Quote, terms_of


class PriceStepInline(VenueScopedInline):
    """When the price falls, and to what. Buyers see the next fall."""

    model = PriceStep
    form = PriceStepForm
    formset = PriceStepsOfAType
    venue_path = "ticket_type__event__venue"
    parent_venue_path = "event__venue"
    add_roles = change_roles = delete_roles = MANAGERS
    fields = ("starts_at", "price")
    ordering = ("starts_at",)


class TicketTypePageForm(TicketTypeForm):
    """On its own page a type may also be overbooked, with a reason."""

    reason = Reason()

    def may_be_overbooked(self) -> bool:
        return bool(self.cleaned_data.get("reason"))

    def planned_steps(self) -> Iterable[PriceStep]:
        return ()


@admin.register(TicketType)
class TicketTypeAdmin(VenueTimeAdmin):
    """One price of an event, with its plan. New ones are made with the event."""

    venue_path = "event__venue"
    add_roles = NOBODY
    form = TicketTypePageForm
    inlines: ClassVar[list[type]] = [PriceStepInline, OverridesOfAType]
    list_display = ("name", "event", "price", "capacity")
    list_select_related = ("event__venue",)
    search_fields = ("name", "event__name")
    ordering = ("-event__local_date", "event", "position", "name")
    readonly_fields = ("event",)
    fieldsets = (
        (None, {"fields": ("event", "name", "description", "position")}),
        ("Price", {"fields": ("price", "fee", "fee_name", "floor")}),
        ("Stock", {"fields": ("tickets", "reason")}),
    )

    def save_model(
        self, request: HttpRequest, obj: TicketType, form: Any, change: bool
    ) -> None:
        services.save_ticket_type(
            ticket_type=obj,
            capacity=form.cleaned_data["tickets"],
            now=timezone.now(),
            override=overrider_of(request, form.cleaned_data),
        )

    def save_related(
        self, request: HttpRequest, form: Any, formsets: Any, change: bool
    ) -> None:
        """A planned fall may have begun already: then it reaches the line as well."""
        now = timezone.now()
        before = price_now(form.instance, now)
        super().save_related(request, form, formsets, change)
        services.serve_lines(event_ids=[form.instance.event_id], now=now)
        if (price := price_now(form.instance, now)).unit_amount < before.unit_amount:
            amount = to_major(price.unit_amount, price.currency)
            told = f"The price is {amount} {price.currency} from now on: a step of the "
            told += "plan begins in the past."
            self.message_user(request, told, messages.WARNING)

    @admin.display(description="Price", ordering="unit_amount")
    def price(self, kind: TicketType) -> str:
        return f"{to_major(kind.unit_amount, kind.currency)} {kind.currency}"


def price_now(ticket_type: TicketType, now: datetime) -> Quote:
    return terms_of(TicketType.objects.with_terms().get(pk=ticket_type.pk)).at(now)


class LookOnly(VenueScopedAdmin):
    """Rows that only services write."""

    add_roles = change_roles = delete_roles = NOBODY

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Hold)
class HoldAdmin(LookOnly):
    """Who has what in their hands, and until when."""

    venue_path = "event__venue"
    list_display = ("user", "event", "ticket_type", "quantity", "status", "expires_at")
    list_filter = ("status",)
    list_select_related = ("user", "event", "ticket_type__event")
    search_fields = ("user__email", "event__name")
    ordering = ("-created_at", "pk")
    show_full_result_count = False


@admin.register(CheckIn)
class CheckInAdmin(LookOnly):
    """Every scan at the door: who came in, and what was refused."""

    venue_path = "ticket__ticket_type__event__venue"
    list_display = ("scanned_at", "event", "kind", "gate", "admitted", "flag", "staff")
    list_filter = ("admitted", "flag")
    list_select_related = ("ticket__ticket_type__event", "staff")
    search_fields = ("gate", "ticket__ticket_type__event__name")
    ordering = ("-scanned_at", "pk")
    show_full_result_count = False

    @admin.display(description="Event")
    def event(self, scan: CheckIn) -> str:
        return str(scan.ticket.ticket_type.event)

    @admin.display(description="Ticket type")
    def kind(self, scan: CheckIn) -> str:
        return scan.ticket.ticket_type.name
