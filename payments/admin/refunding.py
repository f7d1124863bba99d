"""The pages on which staff refund tickets: choose, look at what it comes to, do that.

Each step is an ordinary form, so it needs no script; what was shown travels with the
last one, and `services.refund_as_shown` does that or nothing.
"""

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, QueryDict
from django.template.response import TemplateResponse
from django.utils import timezone

from inventory.models import TicketStatus
from payments import services
from payments.models import Order, OrderLine, RefundReason
from ticketapp.errors import DomainError

CHOOSE_PAGE = "admin/payments/refund.html"
PREVIEW_PAGE = "admin/payments/refund_preview.html"


@dataclass
class RefundPages:
    """The steps of one request; `context` is what every admin page is given."""

    request: HttpRequest
    order: Order
    context: dict[str, Any]
    refusal: str = ""
    changes: list[str] = field(default_factory=list)

    def choose(self) -> HttpResponse:
        """Which tickets, and whether as goodwill; what was chosen before stays so."""
        asked = self.request.POST or self.request.GET
        preview = services.preview_refund(self.order)
        names = services.ticket_names(self.order)
        chosen = set(asked.getlist("line")) or {
            str(line.pk)
            for line in preview.lines
            if line.ticket.status == TicketStatus.SOLD
        }
        return self._page(
            CHOOSE_PAGE,
            preview=preview,
            tickets=[(line, names[line.pk]) for line in preview.lines],
            chosen=[line.pk for line in preview.lines if str(line.pk) in chosen],
            is_goodwill=_reason(asked) == RefundReason.GOODWILL,
        )

    def preview(self) -> HttpResponse:
        """What it would do, for one more look; or the choice again, and why not."""
        try:
            shown = services.show_refund(**self._chosen())
        except DomainError as refusal:
            self.refusal = self.refusal or str(refusal)
            return self.choose()
        chosen = {
            "line": [line.pk for line in self._lines()],
            "reason": _reason(self.request.POST),
        }
        return self._page(
            PREVIEW_PAGE,
            shown=shown,
            facts=json.dumps(shown.facts),
            chosen=chosen,
            again=f"?{urlencode(chosen, doseq=True)}",
        )

    def confirm(self) -> services.Shown | None:
        """Do what was shown; None if it would be something else by now."""
        facts = _facts(self.request.POST["shown"])
        try:
            return services.refund_as_shown(**self._chosen(), facts=facts)
        except services.RefundChanged as refusal:
            self.refusal, self.changes = refusal.summary, refusal.changes
            return None

    def _chosen(self) -> dict[str, Any]:
        return {
            "order": self.order,
            "lines": self._lines(),
            "reason": _reason(self.request.POST),
            "by": self.request.user,
            "now": timezone.now(),
        }

    def _lines(self) -> list[OrderLine]:
        chosen = self.request.POST.getlist("line")
        numbers = [line for line in chosen if line.isdecimal()]
        return list(self.order.lines.filter(pk__in=numbers).order_by("pk"))

    def _page(self, template: str, **shown: Any) -> HttpResponse:
        given = (
            self.context
            | shown
            | {
                "title": self._title(is_preview=template == PREVIEW_PAGE),
                "order": self.order,
                "refusal": self.refusal,
                "changes": self.changes,
            }
        )
        status = HTTPStatus.CONFLICT if self.refusal else HTTPStatus.OK
        return TemplateResponse(self.request, template, given, status=status)

    def _title(self, *, is_preview: bool) -> str:
        if self.refusal:
            return f"Nothing was refunded: order {self.order}"
        step = ": check and confirm" if is_preview else ""
        return f"Refund order {self.order}{step}"


@dataclass(frozen=True)
class Row:
    """One of many orders: what refunding all of it comes to, or why it cannot be."""

    order: Order
    shown: services.Shown | None = None
    refusal: str = ""

    @property
    def facts(self) -> str:
        return json.dumps(self.shown.facts) if self.shown else ""


def row_of(request: HttpRequest, order: Order) -> Row:
    by, now = request.user, timezone.now()
    try:
        return Row(order, services.show_full_refund(order=order, by=by, now=now))
    except DomainError as refusal:
        return Row(order, refusal=str(refusal))


def refund_row(request: HttpRequest, order: Order) -> None:
    """Refund one of many orders as its row of the page said. Raises RefundChanged."""
    services.refund_order_as_shown(
        order=order,
        facts=_facts(request.POST.get(f"shown-{order.pk}", "")),
        by=request.user,
        now=timezone.now(),
    )


def _reason(asked: QueryDict) -> RefundReason:
    goodwill = asked.get("reason") == RefundReason.GOODWILL
    return RefundReason.GOODWILL if goodwill else RefundReason.STAFF


def _facts(text: str) -> dict[str, str]:
    """What the form says was shown; no facts at all where it says nonsense."""
    try:
        facts = json.loads(text)
    except ValueError:
        return {}
    return facts if isinstance(facts, dict) else {}
