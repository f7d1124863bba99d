"""What the admin's theme asks of us: settings.UNFOLD names these functions."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.text import capfirst

# The sidebar by task rather than by app, with an icon each. Whatever is not
# named here comes last, for those who may see it.
SIDEBAR = {
    "Programme": {
        "events.event": "event",
        "events.venue": "stadium",
        "events.performer": "artist",
        "events.category": "category",
    },
    "Tickets": {
        "inventory.tickettype": "confirmation_number",
        "inventory.stockcap": "join_inner",
        "inventory.hold": "hourglass_top",
        "inventory.waitlistentry": "group_add",
        "inventory.checkin": "qr_code_scanner",
    },
    "Money": {
        "payments.order": "receipt_long",
        "payments.payment": "credit_card",
        "payments.refund": "undo",
        "payments.dispute": "gavel",
        "payments.mandate": "handshake",
        "payments.calledoffevent": "event_busy",
        "payments.incident": "report",
        "payments.reconcilerun": "fact_check",
    },
    "People": {
        "accounts.user": "person",
        "account.emailaddress": "mail",
    },
}
OTHERS = "More"
ICON = "table_rows"


def environment(request: HttpRequest) -> tuple[str, str] | None:
    """A badge that tells the demo, and sandbox money, from the real thing."""
    if settings.DEBUG:
        return "Demo", "info"
    if settings.PAYMENT_SANDBOX:
        return "Sandbox payments", "warning"
    return None


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The sidebar: the lists this person may see, grouped by task."""
    pages = _pages(request)
    groups = []
    for title, icons in SIDEBAR.items():
        named = [(pages.pop(name, None), icon) for name, icon in icons.items()]
        groups.append((title, [page | {"icon": icon} for page, icon in named if page]))
    groups.append((OTHERS, [page | {"icon": ICON} for page in pages.values()]))
    return [
        {"title": title, "separator": True, "items": items}
        for title, items in groups
        if items
    ]


def _pages(request: HttpRequest) -> dict[str, dict[str, Any]]:
    """Title and link of each list that this person may see, by model."""
    found = {}
    for model, page in admin.site._registry.items():
        meta = model._meta
        if page.has_module_permission(request) and page.has_view_permission(request):
            address = f"admin:{meta.app_label}_{meta.model_name}_changelist"
            title = str(capfirst(meta.verbose_name_plural))
            found[meta.label_lower] = {"title": title, "link": reverse(address)}
    return found
