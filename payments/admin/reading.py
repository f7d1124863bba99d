"""Pages that can be read and not written, whoever asks."""

from typing import Any

from django.contrib.admin.utils import flatten
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from events.scoping import NOBODY, SELLERS, VenueScopedInline, VenueTimeAdmin
from payments.models import Order


class ReadOnlyAdmin(VenueTimeAdmin):
    """Rows of one's venues, as they are. What can be done to them is an action.

    Each page says on which clock its times are.
    """

    list_before_template = change_form_before_template = "admin/zone_of_times.html"
    view_roles = SELLERS
    add_roles = change_roles = delete_roles = NOBODY

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return flatten(self.fields or ())

    # Not even an operator edits what has happened.
    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def link_to(order: Order) -> SafeString:
    """To its page, as the theme draws the link of a foreign key."""
    page = reverse("admin:payments_order_change", args=[order.pk])
    classes = "text-primary-600 dark:text-primary-500"
    return format_html('<a href="{}" class="{}">{}</a>', page, classes, order.reference)


class ReadOnlyInline(VenueScopedInline):
    view_roles = SELLERS
    add_roles = change_roles = delete_roles = NOBODY
    can_delete = False
    max_num = 0
    tab = True

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return flatten(self.fields or ())

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
