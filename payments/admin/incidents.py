"""What a person should look at: incidents, disputes, and news nobody could place."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display

from events.scoping import MANAGERS, SELLERS, may
from payments import services
from payments.admin.reading import ReadOnlyAdmin, link_to
from payments.models import (
    Dispute,
    Incident,
    IncidentKind,
    ReconcileRun,
    StripeEvent,
)
from payments.money import in_words
from payments.services.refunds import take_back_disputed


class OpenFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("open", "Open"), ("dealt_with", "Dealt with")]

    def queryset(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "open":
            return rows.filter(resolved_at=None)
        if self.value() == "dealt_with":
            return rows.exclude(resolved_at=None)
        return rows


@admin.register(Incident)
class IncidentAdmin(ReadOnlyAdmin):
    """Staff see those of their venues' orders; operators see the others too."""

    venue_path = "order__event__venue"
    list_display = ("kind", "order", "detail", "created_at", "dealt_with")
    list_filter = (OpenFilter, "kind")
    list_select_related = ("order__event__venue",)
    search_fields = ("detail", "order__reference")
    ordering = ("resolved_at", "-created_at")
    fields = (("kind", "order"), "detail", ("created_at", "resolved_at"))
    actions = ("resolve",)

    def venue_id_of(self, obj: Model | None) -> object | None:
        if isinstance(obj, Incident) and obj.order is None:
            return ""  # Nobody's venue: operators only.
        return super().venue_id_of(obj)

    def has_resolve_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request, SELLERS)

    @display(boolean=True)
    def dealt_with(self, incident: Incident) -> bool:
        return incident.resolved_at is not None

    @admin.action(description="Mark as dealt with", permissions=["resolve"])
    def resolve(self, request: HttpRequest, incidents: QuerySet[Incident]) -> None:
        def done(incident: Incident) -> None:
            services.resolve_incident(incident=incident, now=timezone.now())

        self.do_each(request, incidents, done, done="dealt with", roles=SELLERS)


@admin.register(Dispute)
class DisputeAdmin(ReadOnlyAdmin):
    """What banks ask back. Answered in the provider's dashboard."""

    venue_path = "payment__order__event__venue"
    list_display = ("order", "asked", "reason", "status", "opened_at", "closed_at")
    list_filter = ("status", "reason")
    list_select_related = ("payment__order__event__venue",)
    search_fields = ("provider_id", "payment__order__reference")
    ordering = ("-opened_at", "pk")
    actions = ("take_back",)
    fields = (
        ("order_page", "status"),
        ("asked", "reason"),
        ("provider_id", "provider_status"),
        ("opened_at", "closed_at"),
    )

    def has_take_back_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request, MANAGERS)

    @admin.action(
        description="Lost: put the unused tickets back on sale",
        permissions=["take_back"],
    )
    def take_back(self, request: HttpRequest, disputes: QuerySet[Dispute]) -> None:
        def sell_again(dispute: Dispute) -> None:
            take_back_disputed(order=dispute.payment.order, now=timezone.now())

        done = "its unused tickets are on sale again"
        self.do_each(request, disputes, sell_again, done=done, roles=MANAGERS)

    def order(self, dispute: Dispute) -> str:
        return dispute.payment.order.reference

    @display(description="order")
    def order_page(self, dispute: Dispute) -> SafeString:
        return link_to(dispute.payment.order)

    @display(description="amount")
    def asked(self, dispute: Dispute) -> str:
        return in_words(dispute.amount, dispute.currency)


class WaitingFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("waiting", "Waiting"), ("stuck", "Tried in vain")]

    def queryset(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        waiting = Q(processed_at=None)
        if self.value() == "waiting":
            return rows.filter(waiting)
        return rows.filter(waiting, attempts__gt=0) if self.value() else rows


@admin.register(StripeEvent)
class StripeEventAdmin(ReadOnlyAdmin):
    """Webhooks as they came. They are about all venues, so for operators only."""

    list_display = ("type", "object_id", "received_at", "processed_at", "error")
    list_filter = (WaitingFilter, "type")
    search_fields = ("provider_id", "object_id")
    ordering = ("-received_at", "-pk")
    fields = (
        ("type", "provider_id"),
        "object_id",
        ("received_at", "processed_at"),
        ("attempts", "next_attempt_at"),
        "error",
        "payload",
    )

    def venue_id_of(self, obj: Model | None) -> object | None:
        return ""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.is_superuser

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_superuser


@admin.register(ReconcileRun)
class ReconcileRunAdmin(ReadOnlyAdmin):
    """The last comparisons with the provider; what is left of them are incidents."""

    list_display = ("as_of", "compared", "found", "repaired", "problem", "finished_at")
    ordering = ("-pk",)
    fields = (
        ("as_of", "since"),
        "left_before",
        ("started_at", "finished_at"),
        ("compared", "found", "repaired"),
        "problem",
        "left_to_people",
        "told",
    )

    def venue_id_of(self, obj: Model | None) -> object | None:
        return ""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.is_superuser

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_superuser

    @display(description="to be worked through")
    def left_to_people(self, run: ReconcileRun) -> SafeString:
        """Where what this run and others left is dealt with, one by one."""
        left = Incident.objects.open().filter(kind=IncidentKind.RECONCILE).count()
        query = urlencode({"state": "open", "kind__exact": IncidentKind.RECONCILE})
        page = reverse("admin:payments_incident_changelist")
        return format_html('<a href="{}?{}">{} open</a>', page, query, left)

    @display(description="differences")
    def told(self, run: ReconcileRun) -> SafeString | str:
        rows = [(str(services.Difference(**each)),) for each in run.differences]
        return format_html_join("", "<div>{}</div>", rows) or "none"
