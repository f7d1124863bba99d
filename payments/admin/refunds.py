"""Refunds: what goes back, and to which tickets it belongs."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from unfold.decorators import action, display

from events.scoping import MANAGERS, may
from payments import services
from payments.admin.reading import ReadOnlyAdmin
from payments.models import Refund, RefundStatus
from payments.money import in_words
from payments.services.refunds import open_lines
from ticketapp.errors import DomainError

ALLOCATE_PAGE = "admin/payments/allocate.html"


@admin.register(Refund)
class RefundAdmin(ReadOnlyAdmin):
    """Money on its way back. One that failed can be tried again; one that was made
    in the provider's dashboard is told which tickets it is for. Tickets that stayed
    good can be taken back later.
    """

    venue_path = "payment__order__event__venue"
    list_display = ("order", "paid_back", "status", "reason", "failure", "created_at")
    list_filter = ("status", "reason", "unallocated")
    list_select_related = ("payment__order__event__venue",)
    search_fields = ("payment__order__reference", "provider_id")
    ordering = ("-created_at", "pk")
    fields = (
        ("order", "status"),
        ("paid_back", "reason"),
        "failure",
        ("attempts", "unallocated"),
        ("created_by", "created_at"),
        "provider_id",
    )
    actions = ("try_again", "take_back")
    actions_detail = ("allocate",)

    def has_refund_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request, MANAGERS)

    def order(self, refund: Refund) -> str:
        return refund.payment.order.reference

    @display(description="amount")
    def paid_back(self, refund: Refund) -> str:
        return in_words(refund.amount, refund.currency)

    @admin.action(description="Try failed refunds again", permissions=["refund"])
    def try_again(self, request: HttpRequest, refunds: QuerySet[Refund]) -> None:
        def again(refund: Refund) -> None:
            services.retry_refund(refund=refund, now=timezone.now())

        failed = refunds.filter(status=RefundStatus.FAILED)
        self.do_each(request, failed, again, done="will be tried again", roles=MANAGERS)

    @admin.action(
        description="Put tickets that stayed good back on sale", permissions=["refund"]
    )
    def take_back(self, request: HttpRequest, refunds: QuerySet[Refund]) -> None:
        def sell_again(refund: Refund) -> None:
            services.take_back_given(refund=refund, now=timezone.now())

        done = "its unused tickets are on sale again"
        self.do_each(request, refunds, sell_again, done=done, roles=MANAGERS)

    @action(
        description="Say which tickets…", url_path="tickets", permissions=["refund"]
    )
    def allocate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Choose the tickets that a refund in the dashboard was for."""
        refund = self.get_object(request, object_id)
        back = reverse("admin:payments_refund_change", args=[object_id])
        if refund is None or not may(request, MANAGERS, self.venue_id_of(refund)):
            message = "Your role at this venue does not allow that."
            self.message_user(request, message, messages.ERROR)
            return HttpResponseRedirect(reverse("admin:payments_refund_changelist"))
        if request.method == "POST":
            self._allocate(request, refund)
            return HttpResponseRedirect(back)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Which tickets of order {refund.payment.order}?",
            "opts": self.opts,
            "refund": refund,
            "lines": open_lines(refund.payment.order).select_related(
                "ticket__ticket_type"
            ),
            "back": back,
        }
        return TemplateResponse(request, ALLOCATE_PAGE, context)

    def _allocate(self, request: HttpRequest, refund: Refund) -> None:
        chosen = [line for line in request.POST.getlist("line") if line.isdecimal()]
        try:
            services.allocate_refund(
                refund=refund,
                lines=list(refund.payment.order.lines.filter(pk__in=chosen)),
                takes_back=request.POST.get("tickets") == "taken_back",
                now=timezone.now(),
            )
        except DomainError as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        else:
            self.message_user(request, "These tickets count as refunded.")
