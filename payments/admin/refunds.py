"""Refunds: what goes back, and to which tickets it belongs."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.decorators import action, display

from events.scoping import MANAGERS, may
from payments import services
from payments.admin.reading import ReadOnlyAdmin, link_to
from payments.models import Refund, RefundStatus
from payments.money import in_words
from payments.services.refunds import open_lines
from payments.services.repaying import NEVER_SENT
from ticketapp.errors import DomainError

ALLOCATE_PAGE = "admin/payments/allocate.html"
TRY_AGAIN_PAGE = "admin/payments/try_again.html"


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
        ("order_page", "status"),
        ("paid_back", "reason"),
        "failure",
        ("attempts", "unallocated"),
        ("created_by", "created_at"),
        "provider_id",
    )
    actions = ("try_again", "take_back")
    actions_detail = ("try_one_again", "allocate")

    def has_refund_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request, MANAGERS)

    def has_retry_permission(self, request: HttpRequest, object_id: str) -> bool:
        """Offered on the page of one that failed only."""
        refund = self._own(request, object_id)
        return refund is not None and refund.status == RefundStatus.FAILED

    def order(self, refund: Refund) -> str:
        return refund.payment.order.reference

    @display(description="order")
    def order_page(self, refund: Refund) -> SafeString:
        return link_to(refund.payment.order)

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
        refund = self._own(request, object_id)
        if refund is None:
            return self._not_allowed(request)
        if request.method == "POST":
            self._allocate(request, refund)
            return HttpResponseRedirect(page_of(refund))
        context = self._context(request, refund) | {
            "title": f"Which tickets of order {refund.payment.order}?",
            "lines": open_lines(refund.payment.order).select_related(
                "ticket__ticket_type"
            ),
        }
        return TemplateResponse(request, ALLOCATE_PAGE, context)

    @action(description="Try again…", url_path="again", permissions=["retry"])
    def try_one_again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Say what would go back once more; do it once that is confirmed."""
        refund = self._own(request, object_id)
        if refund is None:
            return self._not_allowed(request)
        if request.method == "POST":
            self.try_again(request, Refund.objects.filter(pk=refund.pk))
            return HttpResponseRedirect(page_of(refund))
        context = self._context(request, refund) | {
            "title": f"Try this refund of order {refund.payment.order} again?",
            "was_sent": refund.failure not in NEVER_SENT,
        }
        return TemplateResponse(request, TRY_AGAIN_PAGE, context)

    def _own(self, request: HttpRequest, object_id: str) -> Refund | None:
        """The refund, if this person may do something about it."""
        refund = self.get_object(request, object_id)
        allowed = refund and may(request, MANAGERS, self.venue_id_of(refund))
        return refund if allowed else None

    def _not_allowed(self, request: HttpRequest) -> HttpResponse:
        message = "Your role at this venue does not allow that."
        self.message_user(request, message, messages.ERROR)
        return HttpResponseRedirect(reverse("admin:payments_refund_changelist"))

    def _context(self, request: HttpRequest, refund: Refund) -> dict[str, Any]:
        each = self.admin_site.each_context(request)
        own = {"opts": self.opts, "refund": refund, "back": page_of(refund)}
        return {**each, **own}

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


def page_of(refund: Refund) -> str:
    return reverse("admin:payments_refund_change", args=[refund.pk])
