"""Waiting for tickets: one's own entries only."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from inventory import services as inventory
from inventory.models import TicketType, WaitlistEntry
from inventory.views.holds import type_or_400
from payments import services
from payments.consent import CURRENT, TEXTS
from payments.waitlist_documents import entry_document, with_all_told
from payments.waitlist_serializers import (
    ConsentSerializer,
    WaitlistEntryPageSerializer,
    WaitlistEntrySerializer,
    WaitRequestSerializer,
)
from ticketapp.api import KeysetPagination, StrictQueryMixin
from ticketapp.idempotency import idempotent


class OwnEntriesView(StrictQueryMixin, generics.GenericAPIView):
    lookup_url_kwarg = "entry_id"

    def get_queryset(self):
        own = WaitlistEntry.objects.filter(user=self.request.user)
        return with_all_told(own)


class WaitlistEntryListView(OwnEntriesView):
    """The buyer's places in line: list them, or join another line."""

    pagination_class = KeysetPagination
    ordering = ("-joined_at", "id")
    problems = [
        inventory.TicketsAvailable,
        inventory.AlreadyOnWaitlist,
        inventory.NotOnSale,
        inventory.OverLimit,
        inventory.HoldExists,
        inventory.GroupTooLarge,
        inventory.UntilOutOfRange,
        inventory.MaximumTooLow,
        inventory.WaitlistClosed,
        services.SavedCardGone,
        services.ConsentOutdated,
    ]

    @extend_schema(responses=WaitlistEntryPageSerializer)
    def get(self, request: Request) -> Response:
        """What you wait for, and what became of it, the newest first."""
        now, entries = timezone.now(), self.paginate_queryset(self.get_queryset())
        documents = [entry_document(entry, now=now) for entry in entries]
        return self.get_paginated_response(documents)

    @extend_schema(
        request=WaitRequestSerializer, responses={201: WaitlistEntrySerializer}
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Wait for tickets that are sold out.

        With a kept card and a maximum they are bought as soon as they come free;
        show the `consent` first and send its version. Without, they are held for
        a few minutes and you are told. A group gets all its tickets or none.
        """
        wanted = WaitRequestSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        now, given = timezone.now(), wanted.validated_data
        ticket_type = type_or_400(given["ticket_type"])
        entry = services.wait_for_tickets(
            user=request.user,
            ticket_type=ticket_type,
            quantity=given["quantity"],
            ends_at=given["until"] or end_or_400(ticket_type),
            max_total_amount=maximum_or_400(given["max_total"], ticket_type),
            card=given["payment_method"],
            consent_version=given["consent_version"],
            now=now,
        )
        joined = self.get_queryset().get(pk=entry.pk)
        return Response(entry_document(joined, now=now), status=status.HTTP_201_CREATED)


class WaitlistEntryView(OwnEntriesView):
    """One of the buyer's places in line."""

    problems = {
        "delete": [
            inventory.HoldAlreadySold,
            inventory.HoldBeingPaid,
            services.PaymentInProgress,
            services.PaymentUnknown,
        ]
    }

    @extend_schema(responses=WaitlistEntrySerializer)
    def get(self, request: Request, entry_id: UUID) -> Response:
        """Your place in line, as it is now."""
        return Response(entry_document(self.get_object(), now=timezone.now()))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, entry_id: UUID) -> Response:
        """Leave the line. From here on nothing new is charged.

        Tickets that are set aside for you go to the next. If they are bought
        already, they stay bought, and this is refused.
        """
        services.stop_waiting(entry=self.get_object(), now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class WaitlistConsentView(StrictQueryMixin, APIView):
    """What a buyer agrees to who has us charge them while they are away."""

    @extend_schema(responses=ConsentSerializer)
    def get(self, request: Request) -> Response:
        """The present words and their version, to send when joining."""
        return Response({"version": CURRENT, "text": TEXTS[CURRENT]})


def maximum_or_400(
    maximum: dict[str, Any] | None, ticket_type: TicketType
) -> int | None:
    if maximum is None:
        return None
    if maximum["currency"] != ticket_type.currency:
        message = f"These tickets are sold in {ticket_type.currency}."
        raise serializers.ValidationError({"max_total": {"currency": [message]}})
    return maximum["amount"]


def end_or_400(ticket_type: TicketType) -> datetime:
    if ends_at := inventory.latest_end(ticket_type.event):
        return ends_at
    message = "Nobody knows when this event begins: say until when to wait."
    raise serializers.ValidationError({"until": [message]})
