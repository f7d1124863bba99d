"""The tickets one has bought."""

from uuid import UUID

from django.db.models import F
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response

from inventory import services
from inventory.documents import OF_A_TICKET, ticket_document
from inventory.models import OWNED_TICKET, Ticket, TicketStatus
from inventory.owners import orders_of
from inventory.serializers.holds import TicketPageSerializer, TicketSerializer
from ticketapp.api import KeysetPagination, StrictQueryMixin

SHOWN = (*OWNED_TICKET, TicketStatus.RETURNED)


class OwnTicketsView(StrictQueryMixin, generics.GenericAPIView):
    def get_queryset(self):
        mine = Ticket.objects.filter(hold__user=self.request.user, status__in=SHOWN)
        return mine.select_related(*OF_A_TICKET).annotate(held_at=F("hold__created_at"))


class TicketListView(OwnTicketsView):
    """The buyer's tickets."""

    pagination_class = KeysetPagination
    ordering = ("-held_at", "id")

    @extend_schema(responses=TicketPageSerializer)
    def get(self, request: Request) -> Response:
        """Your tickets, the last bought first. Keep them: they work offline."""
        tickets = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(documents(tickets))


class TicketView(OwnTicketsView):
    """One of the buyer's tickets."""

    lookup_url_kwarg = "ticket_id"

    @extend_schema(responses=TicketSerializer)
    def get(self, request: Request, ticket_id: UUID) -> Response:
        """One of your tickets, with the code that is scanned at the door."""
        return Response(documents([self.get_object()])[0])


def documents(tickets: list[Ticket]) -> list[dict]:
    orders = orders_of({ticket.hold_id for ticket in tickets})
    turned_away = services.not_admitted(tickets)
    return [
        ticket_document(
            ticket,
            order=orders.get(ticket.hold_id),
            not_admitted=turned_away.get(ticket.pk),
        )
        for ticket in tickets
    ]
