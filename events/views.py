"""Venues, performers, categories and places: public, the same for everybody."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from events import places
from events.models import Category, Membership, Performer, Venue
from events.serializers import (
    CategoryEntrySerializer,
    CategoryListSerializer,
    PerformerEntrySerializer,
    PlaceListSerializer,
    PlaceSearchParams,
    SearchParams,
    StaffVenueListSerializer,
    VenueDetailSerializer,
    VenueEntrySerializer,
    VenueSearchParams,
)
from ticketapp.api import KeysetPagination, StrictQueryMixin, all_of
from ticketapp.caching import public_json

# Seconds for which a copy may be shown.
MINUTES = 5 * 60


class PublicView(StrictQueryMixin, APIView):
    authentication_classes = []
    permission_classes = [AllowAny]


class PublicListView(PublicView, generics.ListAPIView):
    pagination_class = KeysetPagination
    ordering = ("name", "id")

    def list(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        page = super().list(request, *args, **kwargs)
        return public_json(request, page.data, max_age=MINUTES)


class VenueListView(PublicListView):
    serializer_class = VenueEntrySerializer
    query_serializer_class = VenueSearchParams

    @extend_schema(responses=VenueEntrySerializer(many=True))
    def get(self, request: Request) -> HttpResponse:
        """Find venues by name or city."""
        return self.list(request)

    def get_queryset(self) -> QuerySet[Venue]:
        venues = Venue.objects.search(self.query.get("q", ""))
        if country := self.query.get("country"):
            venues = venues.filter(country=country)
        return venues


class VenueView(PublicView):
    @extend_schema(responses=VenueDetailSerializer)
    def get(self, request: Request, venue_id: UUID) -> HttpResponse:
        """One venue."""
        venues = Venue.objects.prefetch_related("sources")
        venue = get_object_or_404(venues, pk=venue_id)
        document = VenueDetailSerializer(venue).data
        return public_json(request, document, max_age=MINUTES)


class PerformerListView(PublicListView):
    serializer_class = PerformerEntrySerializer
    query_serializer_class = SearchParams

    @extend_schema(responses=PerformerEntrySerializer(many=True))
    def get(self, request: Request) -> HttpResponse:
        """Find performers by name."""
        return self.list(request)

    def get_queryset(self) -> QuerySet[Performer]:
        return Performer.objects.search(self.query.get("q", ""))


class CategoryListView(PublicView):
    @extend_schema(responses=CategoryListSerializer)
    def get(self, request: Request) -> HttpResponse:
        """The kinds of events; there are few, so all at once."""
        rows = Category.objects.order_by("name", "pk")
        results = CategoryEntrySerializer(rows, many=True).data
        return public_json(request, all_of(results), max_age=MINUTES)


class PlaceListView(PublicView):
    query_serializer_class = PlaceSearchParams

    @extend_schema(responses=PlaceListSerializer)
    def get(self, request: Request) -> HttpResponse:
        """Find a city to look around in, instead of sharing a position.

        Only cities with a venue; at most ten, the best match first.
        """
        found = [asdict(place) for place in places.find_places(self.query["q"])]
        return public_json(request, all_of(found), max_age=MINUTES)


class StaffVenueListView(StrictQueryMixin, APIView):
    @extend_schema(responses=StaffVenueListSerializer)
    def get(self, request: Request) -> Response:
        """Where you work, and as what.

        Empty for everybody who is not staff. Operators may act anywhere; only
        the venues that they are members of are listed.
        """
        own = Membership.objects.filter(user=request.user, user__is_staff=True)
        results = [
            {
                "id": member.venue.pk,
                "name": member.venue.name,
                "city": member.venue.city,
                "time_zone": member.venue.time_zone,
                "role": member.role,
            }
            for member in own.select_related("venue").order_by("venue__name", "pk")
        ]
        return Response(all_of(results))
