"""Addresses of this app under /api/v1/."""

from django.urls import path

from accounts.views import MeView

urlpatterns = [path("me", MeView.as_view())]
