"""Pages that can be read and not written, whoever asks."""

from typing import Any

from django.contrib.admin.utils import flatten
from django.http import HttpRequest

from events.scoping import NOBODY, SELLERS, VenueScopedAdmin, VenueScopedInline


class ReadOnlyAdmin(VenueScopedAdmin):
    """Rows of one's venues, as they are. What can be done to them is an action."""

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
