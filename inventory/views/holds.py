"""Holding tickets, and letting them go. One's own holds only."""

from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from inventory import services
from inventory.documents import hold_document
from inventory.loading import find_type
from inventory.models import Hold, TicketType
from inventory.owners import orders_of
from inventory.serializers.holds import (
    HoldPageSerializer,
    HoldRequestSerializer,
    HoldSerializer,
)
from ticketapp.api import KeysetPagination, StrictQueryMixin
from ticketapp.idempotency import idempotent


class HoldListView(StrictQueryMixin, generics.GenericAPIView):
    """The buyer's holds: list them, or take a new one."""

    pagination_class = KeysetPagination
    ordering = ("-created_at", "id")
    problems = [
        services.SoldOut,
        services.AllHeld,
        services.TooFewLeft,
        services.NotOnSale,
        services.OverLimit,
        services.HoldExists,
    ]

    def get_queryset(self):
        return Hold.objects.filter(user=self.request.user).with_terms()

    @extend_schema(responses=HoldPageSerializer)
    def get(self, request: Request) -> Response:
        """Your holds, the newest first."""
        holds = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(documents(holds))

    @extend_schema(request=HoldRequestSerializer, responses={201: HoldSerializer})
    @idempotent
    def post(self, request: Request) -> Response:
        """Hold tickets for some minutes, at the price of this moment.

        All or none. Asking again for what you already hold gives that hold. The
        `action` of `sold_out` is `join_waitlist` where you may wait for a ticket to
        come back, else `choose_other_tickets`.
        """
        wanted = HoldRequestSerializer.read(request)
        now = timezone.now()
        hold = services.hold_tickets(
            user=request.user,
            ticket_type=type_or_400(wanted["ticket_type"]),
            quantity=wanted["quantity"],
            now=now,
        )
        document = (
            documents([hold])[0]
            if hold.created_at != now
            else (hold_document(hold, now=now))
        )
        return Response(document, status=status.HTTP_201_CREATED)


class HoldView(StrictQueryMixin, generics.GenericAPIView):
    """One of the buyer's holds."""

    lookup_url_kwarg = "hold_id"
    problems = [services.HoldBeingPaid, services.HoldAlreadySold]

    def get_queryset(self):
        return Hold.objects.filter(user=self.request.user).with_terms()

    @extend_schema(responses=HoldSerializer)
    def get(self, request: Request, hold_id: UUID) -> Response:
        """One of your holds, with the time that is left."""
        return Response(documents([self.get_object()])[0])

    @extend_schema(responses={204: None})
    def delete(self, request: Request, hold_id: UUID) -> Response:
        """Let the tickets go, for somebody else to have them."""
        services.release_hold(hold=self.get_object(), now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


def type_or_400(type_id: UUID) -> TicketType:
    if found := find_type(type_id):
        return found
    message = "There is no such ticket type."
    raise serializers.ValidationError({"ticket_type": [message]})


def documents(holds: list[Hold]) -> list[dict]:
    now, orders = timezone.now(), orders_of([hold.pk for hold in holds])
    return [hold_document(hold, now=now, order=orders.get(hold.pk)) for hold in holds]
