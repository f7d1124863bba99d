"""Events with their ticket types, for the staff of their venue."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from unfold.decorators import action, display

from events import services as events
from events.models import Event, EventStatus
from events.scoping import (
    MANAGERS,
    VenueScopedInline,
    VenueTimeAdmin,
)
from inventory import services, urgency
from inventory.admin.forms import EventForm, TicketTypeForm, TicketTypesOfAnEvent
from inventory.models import OWNED_TICKET, Ticket, TicketStatus, TicketType
from inventory.owed import owed_for
from ticketapp.errors import DomainError


def how_many(*statuses: str) -> Coalesce:
    """How many tickets of an event are in one of these states."""
    tickets = Ticket.objects.filter(
        ticket_type__event=OuterRef("pk"), status__in=statuses
    )
    counted = tickets.order_by().values("ticket_type__event").annotate(n=Count("pk"))
    return Coalesce(Subquery(counted.values("n")), 0, output_field=IntegerField())


@contextmanager
def naming(ticket_type: TicketType, *, among: int) -> Iterator[None]:
    """Have a refusal say which of several types on a page it is about."""
    try:
        yield
    except DomainError as refusal:
        if among > 1:
            refusal.args = (f"{ticket_type.name}: {refusal}",)
        raise


class TicketTypeInline(VenueScopedInline):
    """The prices of an event. A type that has been on sale is not deleted."""

    model = TicketType
    form = TicketTypeForm
    formset = TicketTypesOfAnEvent
    venue_path = "event__venue"
    parent_venue_path = "venue"
    add_roles = change_roles = MANAGERS
    fields = (
        "name",
        "description",
        "price",
        "fee",
        "fee_name",
        "floor",
        "tickets",
        "position",
        "plan",
    )
    readonly_fields = ("plan",)
    ordering = ("position", "name")
    can_delete = False

    @admin.display(description="Falls")
    def plan(self, ticket_type: TicketType) -> str:
        """To the page of the type, where its price plan is."""
        if ticket_type._state.adding:
            return ""
        page = reverse("admin:inventory_tickettype_change", args=[ticket_type.pk])
        steps = ticket_type.price_steps.count()
        return format_html('<a href="{}">{}</a>', page, f"{steps} planned")


@admin.register(Event)
class EventAdmin(VenueTimeAdmin):
    """Managers run their events; box office and door look on.

    The status is moved by actions, never typed: each is a service.
    """

    form = EventForm
    inlines: ClassVar[list[type]] = [TicketTypeInline]
    autocomplete_fields = ("venue", "performers")
    list_display = ("name", "venue", "when", "state", "sold", "held", "left")
    list_filter = ("status", "category")
    list_select_related = ("venue",)
    list_per_page = 50
    search_fields = ("search_text",)
    search_help_text = "Name, performer, venue or city."
    ordering = ("-local_date", "starts_at", "pk")
    readonly_fields = ("status", "kept_by_staff")
    actions = ("publish", "pause", "postpone", "finish", "cancel")
    actions_detail = ("urgency",)
    fieldsets = (
        (None, {"fields": ("name", "venue", "status")}),
        (
            "When, on the clock at the venue",
            {"fields": ("doors_at", "starts_at", "ends_at", "local_date")},
        ),
        (
            "Sale",
            {"fields": ("sales_open_at", "sales_close_at", "per_buyer_limit")},
        ),
        (
            "What people read",
            {
                "fields": (
                    "description",
                    ("category", "performers"),
                    ("image_url", "listing_url"),
                    ("viewer_counts", "kept_by_staff"),
                )
            },
        ),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Event | None = None) -> Any:
        """For who may save it, also what the page was opened with; it is not shown."""
        shown = super().get_fieldsets(request, obj)
        if obj is None or not self.has_change_permission(request, obj):
            return shown
        unseen = {"fields": ("opened_with",), "classes": ("hidden",)}
        return (*shown, (None, unseen))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        return (
            super()
            .get_queryset(request)
            .annotate(
                sold=how_many(*OWNED_TICKET),
                held=how_many(TicketStatus.HELD),
                left=how_many(TicketStatus.AVAILABLE),
            )
        )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return queryset.search(search_term), False

    def save_model(
        self, request: HttpRequest, obj: Event, form: Any, change: bool
    ) -> None:
        services.save_event(event=obj, now=timezone.now())

    def save_formset(
        self, request: HttpRequest, form: Any, formset: Any, change: bool
    ) -> None:
        """Tickets are made and withdrawn by the service, under its locks."""
        formset.save(commit=False)
        formset.save_m2m()
        kinds = [row for row in formset.forms if row.instance.name]
        for row in kinds:
            if row.has_changed():
                with naming(row.instance, among=len(kinds)):
                    services.save_ticket_type(
                        ticket_type=row.instance,
                        capacity=row.cleaned_data["tickets"],
                        now=timezone.now(),
                    )

    # Columns ---------------------------------------------------------------------

    @admin.display(description="When", ordering="starts_at")
    def when(self, event: Event) -> str:
        if event.starts_at is None:
            return f"{event.local_date:%a %-d %b %Y}, time open"
        return f"{event.starts_at.astimezone(event.venue.zone):%a %-d %b %Y, %H:%M}"

    @display(
        description="State",
        ordering="status",
        label={
            EventStatus.PUBLISHED: "success",
            EventStatus.PAUSED: "warning",
            EventStatus.POSTPONED: "warning",
            EventStatus.CANCELLED: "danger",
        },
    )
    def state(self, event: Event) -> tuple[str, str]:
        return event.status, event.get_status_display()

    @admin.display(description="Sold", ordering="sold")
    def sold(self, event: Event) -> int:
        return event.sold

    @admin.display(description="Held", ordering="held")
    def held(self, event: Event) -> int:
        return event.held

    @admin.display(description="Left", ordering="left")
    def left(self, event: Event) -> int:
        return event.left

    # Pages -----------------------------------------------------------------------

    @action(description="What buyers are told", url_path="urgency")
    def urgency(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Every number and clock that may hurry somebody, with where it is from."""
        event = self.get_object(request, object_id)
        if event is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        context = {
            **self.admin_site.each_context(request),
            "title": "What buyers are told",
            "opts": self.opts,
            "original": event,
            "elements": urgency.elements_of(event, now=timezone.now()),
            "back": reverse("admin:events_event_change", args=[event.pk]),
        }
        return TemplateResponse(request, "admin/inventory/event/urgency.html", context)

    # Actions ---------------------------------------------------------------------

    @admin.action(description="Publish", permissions=["change"])
    def publish(self, request: HttpRequest, rows: QuerySet[Event]) -> None:
        now = timezone.now()
        self._move(request, rows, partial(events.publish_event, now=now), "published")

    @admin.action(description="Pause the sale", permissions=["change"])
    def pause(self, request: HttpRequest, rows: QuerySet[Event]) -> None:
        self._move(request, rows, events.pause_event, "paused")

    @admin.action(description="Postpone", permissions=["change"])
    def postpone(self, request: HttpRequest, rows: QuerySet[Event]) -> None:
        self._move(request, rows, events.postpone_event, "postponed")

    @admin.action(description="Finish", permissions=["change"])
    def finish(self, request: HttpRequest, rows: QuerySet[Event]) -> None:
        self._move(request, rows, events.finish_event, "finished")

    @admin.action(description="Cancel and refund everybody…", permissions=["change"])
    def cancel(
        self, request: HttpRequest, rows: QuerySet[Event]
    ) -> HttpResponse | None:
        """Say first what will happen, and to how many people."""
        if request.POST.get("confirmed") == "yes":
            self._move(request, rows, events.cancel_event, "cancelled")
            self._say_where_money_is(request, rows)
            return None
        own = self.rows_for(request, rows, MANAGERS).select_related("venue")
        for event in rows.exclude(pk__in={event.pk for event in own}):
            self.refuse_row(request, event)
        return self._ask_before_cancelling(request, own) if own else None

    def _ask_before_cancelling(
        self, request: HttpRequest, rows: QuerySet[Event]
    ) -> HttpResponse:
        one = len(rows) == 1
        context = {
            **self.admin_site.each_context(request),
            "title": "Cancel this event?" if one else "Cancel these events?",
            "button": "Cancel this event" if one else "Cancel these events",
            "leave": "Keep it" if one else "Keep them",
            "opts": self.opts,
            "rows": [(event, owed_for(event)) for event in rows],
            "action_checkbox_name": ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(
            request, "admin/inventory/event/cancel_confirmation.html", context
        )

    def _say_where_money_is(self, request: HttpRequest, rows: QuerySet[Event]) -> None:
        own = self.rows_for(request, rows, MANAGERS)
        for event in own.filter(status=EventStatus.CANCELLED):
            if owed := owed_for(event):
                link = '{}: <a href="{}" class="underline">see its refunds</a>.'
                told = format_html(link, event, owed.page)
                self.message_user(request, told, messages.INFO)

    def _move(
        self,
        request: HttpRequest,
        rows: QuerySet[Event],
        act: Callable[..., object],
        done: str,
    ) -> None:
        self.do_each(request, rows, lambda event: act(event=event), done=done)
