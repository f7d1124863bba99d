"""The address that says whether all parts are ready."""

from django.urls import path

from ticketapp.health import healthz

urlpatterns = [path("healthz", healthz, name="healthz")]
