"""Accounts in the admin: for superusers only, since rights are given here."""

from allauth.account.adapter import get_adapter
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as StockGroupAdmin
from django.contrib.auth.admin import UserAdmin as StockUserAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.forms import (
    AdminPasswordChangeForm,
    AuthenticationForm,
    UserChangeForm,
    UserCreationForm,
)

from accounts.models import User


class StaffSignInForm(AuthenticationForm):
    """The admin's door: as many wrong passwords as allauth's rate limits allow."""

    def clean(self) -> dict:
        email = self.cleaned_data.get("username")
        password = self.cleaned_data.get("password")
        if email is not None and password:
            self.user_cache = get_adapter().authenticate(
                self.request, email=email, password=password
            )
            if self.user_cache is None:
                raise self.get_invalid_login_error()
            self.confirm_login_allowed(self.user_cache)
        return self.cleaned_data


admin.site.login_form = StaffSignInForm


class NewUserForm(UserCreationForm):
    def clean_email(self) -> str:
        return self.cleaned_data["email"].lower()


class SuperusersOnlyMixin:
    """Whoever can change rights can take them, so only superusers look in here."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.is_superuser

    def has_view_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return request.user.is_superuser

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.is_superuser

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return request.user.is_superuser

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Nobody: an account may own orders. Switch `is_active` off instead."""
        return False


@admin.register(User)
class UserAdmin(SuperusersOnlyMixin, StockUserAdmin, ModelAdmin):
    form = UserChangeForm
    add_form = NewUserForm
    change_password_form = AdminPasswordChangeForm
    list_display = ["email", "name", "is_staff", "is_superuser", "is_active"]
    list_filter = ["is_staff", "is_superuser", "is_active"]
    search_fields = ["email", "name"]
    ordering = ["email"]
    readonly_fields = ["last_login", "date_joined"]
    fieldsets = [
        (None, {"fields": ["email", "name", "password", "show_viewer_counts"]}),
        (
            "Rights",
            {
                "fields": [
                    "is_active",
                    "is_staff",
                    "is_superuser",
                    "groups",
                    "user_permissions",
                ]
            },
        ),
        ("Dates", {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [
        (None, {"classes": ["wide"], "fields": ["email", "name", "is_staff"]}),
        ("Password", {"fields": ["usable_password", "password1", "password2"]}),
    ]

    def get_readonly_fields(
        self, request: HttpRequest, obj: User | None = None
    ) -> list[str]:
        """Nobody takes their own last key away by mistake.

        An address is not changed here: whoever reads mail at the old one could
        still sign in.
        """
        fixed = ["email"] if obj else []
        own = ["is_active", "is_staff", "is_superuser"] if obj == request.user else []
        return [*self.readonly_fields, *fixed, *own]


admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(SuperusersOnlyMixin, StockGroupAdmin, ModelAdmin):
    pass
