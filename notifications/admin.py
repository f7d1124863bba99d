"""What became of messages: to look at, not to touch."""

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline

from notifications.models import Delivery, Notification


class LookOnlyMixin:
    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


class DeliveryInline(LookOnlyMixin, TabularInline):
    model = Delivery
    fields = ["channel", "status", "delivered_at", "error"]


@admin.register(Notification)
class NotificationAdmin(LookOnlyMixin, ModelAdmin):
    list_display = ["title", "kind", "user", "status", "attempts", "created_at"]
    list_filter = ["status", "kind"]
    list_select_related = ["user"]
    search_fields = ["user__email", "dedupe_key"]
    ordering = ["-created_at"]
    inlines = [DeliveryInline]
