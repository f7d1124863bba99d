"""What is on: the list, one event, its ticket types. Public, the same for all."""

from urllib.parse import unquote_plus
from uuid import UUID

from django.http import Http404, HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.views import APIView

from inventory.listing import cards, cursors, rows, search
from inventory.serializers.events import (
    EventDetailSerializer,
    EventPageSerializer,
    EventSearchParams,
    TicketTypePageSerializer,
)
from ticketapp.api import StrictQueryMixin, all_of
from ticketapp.caching import public_json

# Seconds for which a copy may be shown: short, because it says what is left.
MAX_AGE = 2


class PublicView(StrictQueryMixin, APIView):
    authentication_classes = []
    permission_classes = [AllowAny]


class EventListView(PublicView):
    query_serializer_class = EventSearchParams

    @extend_schema(responses=EventPageSerializer)
    def get(self, request: Request) -> HttpResponse:
        """Find events: near, soon, of a kind, by name.

        With `lat` and `lon` nearest first, else by start. The position is rounded
        to 3 decimals and kept nowhere. `distance_m` is null for a venue known
        only by its city. Sorted by time or price, a position without `radius`
        looks 50 km around; sorted by price without a position, 24 hours ahead.
        """
        now, size = timezone.now(), self.query["page_size"]
        wanted: search.Search = self.query["search"]
        try:
            cursor = cursors.read(self.query["cursor"], sort=wanted.sort)
            page = search.find(wanted, cursor=cursor, size=size, now=now)
        except cursors.InvalidCursor:
            message = "Use the address in `next` or `previous` as it is."
            raise ValidationError({"cursor": [message]}) from None
        document = {
            "results": [cards.event_card(row, now) for row in page.rows],
            "next": address_of(request, page.next),
            "previous": address_of(request, page.cursor.previous()),
        }
        return public_json(request, document, max_age=MAX_AGE)


class EventView(PublicView):
    @extend_schema(responses=EventDetailSerializer)
    def get(self, request: Request, event_id: UUID) -> HttpResponse:
        """One event with its ticket types and their whole prices."""
        row, now = row_or_404(event_id), timezone.now()
        return public_json(request, cards.event_detail(row, now), max_age=MAX_AGE)


class TicketTypeListView(PublicView):
    @extend_schema(responses=TicketTypePageSerializer)
    def get(self, request: Request, event_id: UUID) -> HttpResponse:
        """The ticket types of an event; there are few, so all at once."""
        row, now = row_or_404(event_id), timezone.now()
        types = cards.ticket_types_of(row, now)
        return public_json(request, all_of(types), max_age=MAX_AGE)


def row_or_404(event_id: UUID) -> rows.Row:
    if row := rows.row_of(event_id):
        return row
    raise Http404


def address_of(request: Request, cursor: cursors.Cursor | None) -> str | None:
    """This list at `cursor`, with the same wishes."""
    if cursor is None:
        return None
    asked = request.META.get("QUERY_STRING", "").split("&")
    kept = [part for part in asked if part and name_of(part) != "cursor"]
    if cursor.keys:
        kept.append(f"cursor={cursor.write()}")
    query = f"?{'&'.join(kept)}" if kept else ""
    return request.build_absolute_uri(f"{request.path}{query}")


def name_of(part: str) -> str:
    return unquote_plus(part.partition("=")[0])
