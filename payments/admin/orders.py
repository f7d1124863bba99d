"""Orders, what was paid for them, and giving it back."""

from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import action, display

from events.scoping import MANAGERS, may
from payments.admin.reading import ReadOnlyAdmin, ReadOnlyInline
from payments.admin.refunding import RefundPages, refund_row, row_of
from payments.models import (
    LedgerEntry,
    Order,
    OrderLine,
    Payment,
    Refund,
)
from payments.money import in_words

CONFIRM_PAGE = "admin/payments/refund_selected.html"
STATUS_COLOURS = {
    "paid": "success",
    "partly_refunded": "warning",
    "refunded": "info",
    "cancelled": "danger",
}


class LineInline(ReadOnlyInline):
    model = OrderLine
    venue_path = "order__event__venue"
    parent_venue_path = "event__venue"
    fields = ("ticket", "ticket_status", "total", "returned_at")
    verbose_name_plural = "tickets"

    def get_queryset(self, request: HttpRequest) -> QuerySet[OrderLine]:
        return super().get_queryset(request).select_related("ticket", "order")

    def ticket_status(self, line: OrderLine) -> str:
        return line.ticket.get_status_display()

    def total(self, line: OrderLine) -> str:
        return in_words(line.total_amount, line.order.currency)


class PaymentInline(ReadOnlyInline):
    model = Payment
    venue_path = "order__event__venue"
    parent_venue_path = "event__venue"
    fields = ("intent_id", "status", "collected", "succeeded_at", "surplus", "flag")

    @display(description="amount")
    def collected(self, payment: Payment) -> str:
        return in_words(payment.amount, payment.currency)


class LedgerInline(ReadOnlyInline):
    model = LedgerEntry
    venue_path = "order__event__venue"
    parent_venue_path = "event__venue"
    fields = ("created_at", "kind", "moved", "source")
    verbose_name_plural = "ledger"

    @display(description="amount")
    def moved(self, entry: LedgerEntry) -> str:
        return in_words(entry.amount, entry.currency)


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin):
    """Orders of one's venues; managers refund them, all or ticket by ticket."""

    venue_path = "event__venue"
    list_display = ("reference", "buyer", "event", "state", "total", "paid_at")
    list_filter = ("status", "event__starts_at")
    list_select_related = ("user", "event__venue")
    list_per_page = 50
    search_fields = ("reference", "user__email", "event__name")
    search_help_text = "Reference, e-mail or event."
    date_hierarchy = "created_at"
    ordering = ("-created_at", "pk")
    fields = (
        ("reference", "state"),
        ("buyer", "event"),
        ("total", "balance"),
        ("created_at", "paid_at", "cancelled_at"),
        "cards_tried",
        "refunds_told",
    )
    inlines = (LineInline, PaymentInline, LedgerInline)
    actions = ("refund_selected",)
    actions_detail = ("refund",)

    def has_refund_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request, MANAGERS)

    @display(ordering="user__email")
    def buyer(self, order: Order) -> str:
        return order.user.email

    @display(description="status", ordering="status", label=STATUS_COLOURS)
    def state(self, order: Order) -> str:
        return order.status

    @display(ordering="amount")
    def total(self, order: Order) -> str:
        return in_words(order.amount, order.currency)

    def balance(self, order: Order) -> str:
        moved = order.ledger_entries.values_list("amount", flat=True)
        return in_words(sum(moved), order.currency)

    def cards_tried(self, order: Order) -> SafeString | str:
        """Each attempt: when at the venue, how it ended, and the bank's own reason."""
        zone = order.event.venue.zone
        rows = [
            (
                attempt.created_at.astimezone(zone).strftime("%-d %b %H:%M:%S"),
                attempt.status,
                attempt.decline_code,
            )
            for payment in order.payments.order_by("created_at")
            for attempt in payment.attempts.order_by("pk")
        ]
        return format_html_join("", "<div>{} {} {}</div>", rows) or "none"

    @display(description="refunds")
    def refunds_told(self, order: Order) -> SafeString | str:
        refunds = Refund.objects.filter(payment__order=order).order_by("created_at")
        rows = [
            (
                in_words(refund.amount, refund.currency),
                refund.get_status_display(),
                refund.get_reason_display(),
                refund.failure,
            )
            for refund in refunds
        ]
        return format_html_join("", "<div>{} {}, {} {}</div>", rows) or "none"

    # Refunding

    @admin.action(description="Refund selected orders…", permissions=["refund"])
    def refund_selected(
        self, request: HttpRequest, orders: QuerySet[Order]
    ) -> HttpResponse | None:
        """Show what it would do and to whom; do it once that is confirmed."""
        if request.POST.get("confirmed") == "yes":
            self._refund_each(request, orders)
            return None
        rows = [row_of(request, order) for order in orders]
        context = self._context(request, "Refund these orders?") | {
            "rows": rows,
            "possible": any(row.shown for row in rows),
        }
        return TemplateResponse(request, CONFIRM_PAGE, context)

    def _refund_each(self, request: HttpRequest, orders: QuerySet[Order]) -> None:
        refund = partial(refund_row, request)
        self.do_each(
            request, orders, refund, done="the refund is on its way", roles=MANAGERS
        )

    @action(description="Refund…", url_path="refund", permissions=["refund"])
    def refund(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Choose tickets of one order, see what it comes to, and do just that."""
        order = self.get_object(request, object_id)
        back = reverse("admin:payments_order_change", args=[object_id])
        if order is None or not may(request, MANAGERS, self.venue_id_of(order)):
            message = "Your role at this venue does not allow that."
            self.message_user(request, message, messages.ERROR)
            return HttpResponseRedirect(reverse("admin:payments_order_changelist"))
        context = self._context(request, f"Refund order {order}") | {"back": back}
        pages = RefundPages(request, order, context)
        if request.method != "POST":
            return pages.choose()
        if "shown" not in request.POST or not (done := pages.confirm()):
            return pages.preview()
        told = in_words(done.amount, order.currency) if done.amount else "The tickets"
        self.message_user(request, f"{told}: the refund is on its way.")
        return HttpResponseRedirect(back)

    def _context(self, request: HttpRequest, title: str) -> dict[str, Any]:
        each = self.admin_site.each_context(request)
        return {**each, "title": title, "opts": self.opts}


class FlaggedFilter(admin.SimpleListFilter):
    title = "needs a person"
    parameter_name = "flagged"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Flagged")]

    def queryset(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.exclude(flag="") if self.value() == "yes" else rows


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    """What the provider collects; flagged where it does not say."""

    venue_path = "order__event__venue"
    list_display = ("__str__", "order", "status", "collected", "flag", "created_at")
    list_filter = (FlaggedFilter, "status", "surplus")
    list_select_related = ("order__event__venue",)
    search_fields = ("intent_id", "order__reference")
    ordering = ("-created_at", "pk")
    fields = (
        ("order", "status"),
        ("collected", "succeeded_at", "surplus"),
        "intent_id",
        "flag",
        "created_at",
    )

    @display(description="amount")
    def collected(self, payment: Payment) -> str:
        return in_words(payment.amount, payment.currency)
