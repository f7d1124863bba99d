"""Addresses of this app under /api/v1/."""

from django.urls import path

from events import views

urlpatterns = [
    path("venues", views.VenueListView.as_view(), name="venue-list"),
    path("venues/<uuid:venue_id>", views.VenueView.as_view(), name="venue"),
    path("performers", views.PerformerListView.as_view(), name="performer-list"),
    path("categories", views.CategoryListView.as_view(), name="category-list"),
    path("places", views.PlaceListView.as_view(), name="place-list"),
    path("me/venues", views.StaffVenueListView.as_view(), name="staff-venue-list"),
]
