"""Addresses of this app under /api/v1/."""

from django.urls import path

from inventory import views

urlpatterns = [
    path("events", views.EventListView.as_view(), name="event-list"),
    path("events/<uuid:event_id>", views.EventView.as_view(), name="event"),
    path(
        "events/<uuid:event_id>/ticket-types",
        views.TicketTypeListView.as_view(),
        name="ticket-type-list",
    ),
    path(
        "events/<uuid:event_id>/revoked-tickets",
        views.RevokedTicketsOfEventView.as_view(),
        name="revoked-tickets-of-event",
    ),
    path("holds", views.HoldListView.as_view(), name="hold-list"),
    path("holds/<uuid:hold_id>", views.HoldView.as_view(), name="hold"),
    path("tickets", views.TicketListView.as_view(), name="ticket-list"),
    path("tickets/<uuid:ticket_id>", views.TicketView.as_view(), name="ticket"),
    path(
        "revoked-tickets",
        views.RevokedTicketListView.as_view(),
        name="revoked-ticket-list",
    ),
    path("check-ins", views.CheckInListView.as_view(), name="check-in-list"),
]
