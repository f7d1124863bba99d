"""Addresses of the web app. Each can be opened, shared and reloaded."""

from django.urls import path
from django.views.generic import RedirectView

from ticketapp import pages

urlpatterns = [
    path("", pages.shell, name="app-shell"),
    path("search", pages.shell, name="app-search"),
    path("events/<uuid:event>", pages.shell, name="app-event"),
    path("checkout/<uuid:hold>", pages.shell, name="app-checkout"),
    path("orders/<uuid:order>", pages.shell, name="app-order"),
    path("tickets", pages.shell, name="app-tickets"),
    path("tickets/<uuid:ticket>", pages.shell, name="app-ticket"),
    path("you", pages.shell, name="app-you"),
    path("door", pages.shell, name="app-door"),
    path("door/", RedirectView.as_view(pattern_name="app-door")),
    path("manifest.webmanifest", pages.manifest, name="app-manifest"),
    path("sw.js", pages.service_worker, name="app-service-worker"),
]
