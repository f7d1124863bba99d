"""The lines for tickets, to look at. Nobody is moved in them, by staff neither."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from inventory.admin.stock import LookOnly
from inventory.models import WaitlistEntry


@admin.register(WaitlistEntry)
class WaitlistEntryAdmin(LookOnly):
    """Who waits for what, in which place, and what became of it."""

    venue_path = "event__venue"
    list_display = (
        "user",
        "event",
        "kind",
        "quantity",
        "place",
        "status",
        "reason",
        "buys",
        "joined_at",
        "ends_at",
    )
    list_filter = ("status", "charges_card")
    list_select_related = ("user", "event", "ticket_type")
    search_fields = ("user__email", "event__name", "ticket_type__name")
    ordering = ("-event__local_date", "ticket_type", "number")
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[WaitlistEntry]:
        return super().get_queryset(request).with_ahead()

    @admin.display(description="Ticket type")
    def kind(self, entry: WaitlistEntry) -> str:
        return entry.ticket_type.name

    @admin.display(description="Place in line")
    def place(self, entry: WaitlistEntry) -> int | None:
        """First is 1; only who waits has a place."""
        ahead = entry.ahead  # type: ignore[attr-defined]
        return None if ahead is None else ahead + 1

    @admin.display(description="Buys by itself", boolean=True)
    def buys(self, entry: WaitlistEntry) -> bool:
        return entry.charges_card
