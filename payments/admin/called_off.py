"""Cancelled and postponed events, and how far their money is."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from events.models import EventStatus
from payments import services
from payments.admin.reading import ReadOnlyAdmin
from payments.models import CalledOffEvent
from payments.money import in_words

SECONDS_TO_NEXT_LOOK = "5"


@admin.register(CalledOffEvent)
class CalledOffEventAdmin(ReadOnlyAdmin):
    """How far the refunds of cancelled events are; counted afresh each time."""

    list_display = (
        *("name", "local_date", "status", "bar"),
        *("failed", "disputed", "went_back", "waits"),
    )
    list_filter = ("status",)
    list_per_page = 25
    search_fields = ("name",)
    ordering = ("-local_date", "pk")
    fields = (
        ("name", "venue"),
        ("status", "local_date"),
        "bar",
        ("orders", "pending"),
        ("refunded", "without_refund"),
        ("to_owe", "on_the_way"),
        ("failed", "disputed"),
        ("went_back", "waits"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[CalledOffEvent]:
        off = [EventStatus.CANCELLED, EventStatus.POSTPONED]
        return super().get_queryset(request).filter(status__in=off)

    def change_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Looks again by itself while the refunds go on."""
        response = super().change_view(request, *args, **kwargs)
        event = getattr(response, "context_data", {}).get("original")
        if event and _is_cancelled(event) and _progress(event).goes_on:
            response["Refresh"] = SECONDS_TO_NEXT_LOOK
        return response

    @display(description="refunds")
    def bar(self, event: CalledOffEvent) -> SafeString | str:
        """A postponed event has no end to get to: who wants to hands back."""
        if not _is_cancelled(event):
            return "on request"
        told = _progress(event)
        words = f"{told.done:,} of {told.orders:,} orders"
        return format_html(
            '<progress max="100" value="{}" aria-label="{}"></progress> {}% · {}',
            told.percent,
            words,
            told.percent,
            words,
        )

    def orders(self, event: CalledOffEvent) -> int:
        return _progress(event).orders

    @display(description="still to close")
    def pending(self, event: CalledOffEvent) -> int:
        return _progress(event).pending

    def refunded(self, event: CalledOffEvent) -> int:
        return _progress(event).refunded

    def without_refund(self, event: CalledOffEvent) -> int:
        return _progress(event).without_refund

    @display(description="not begun")
    def to_owe(self, event: CalledOffEvent) -> int:
        return _progress(event).to_owe

    def on_the_way(self, event: CalledOffEvent) -> int:
        return _progress(event).on_the_way

    def failed(self, event: CalledOffEvent) -> int:
        return _progress(event).failed

    def disputed(self, event: CalledOffEvent) -> int:
        return _progress(event).disputed

    def went_back(self, event: CalledOffEvent) -> str:
        told = _progress(event)
        sums = [
            f"{in_words(told.amounts_refunded.get(code, 0), code)} "
            f"of {in_words(owed, code)}"
            for code, owed in told.amounts_owed.items()
        ]
        return " and ".join(sums) or "nothing"

    @display(description="waits for the balance", boolean=True)
    def waits(self, event: CalledOffEvent) -> bool:
        return _progress(event).waits_for_balance


def _is_cancelled(event: CalledOffEvent) -> bool:
    return event.status == EventStatus.CANCELLED


def _progress(event: CalledOffEvent) -> services.Progress:
    """Counted once for a row of the page."""
    if not hasattr(event, "_progress"):
        event._progress = services.progress_of(event)
    return event._progress
