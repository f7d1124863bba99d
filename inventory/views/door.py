"""Letting people in."""

from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.permissions import IsAdminUser, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from events.models import Event, Venue
from inventory import services
from inventory.documents import JSON, check_in_document, revocations_document
from inventory.serializers.holds import (
    CheckInRequestSerializer,
    CheckInSerializer,
    RevocationsPageSerializer,
    RevocationsSerializer,
)
from inventory.tonight import tonights
from ticketapp.api import StrictQueryMixin, all_of
from ticketapp.caching import private_json


class CheckInListView(StrictQueryMixin, APIView):
    """Scans at the door, by staff of the venue."""

    permission_classes = [IsAuthenticated, IsAdminUser]
    throttle_classes = []  # A full house comes in through one account.
    problems = [
        services.UnknownTicket,
        services.AlreadyCheckedIn,
        services.TicketNotValid,
        services.ScanIdReused,
        services.ScanTimeOutOfRange,
    ]

    @extend_schema(request=CheckInRequestSerializer, responses={201: CheckInSerializer})
    def post(self, request: Request) -> Response:
        """Admit the bearer of a code, once.

        Send a `scan_id` of your own and the same scan may be sent again: it gets
        the same answer. A scan made offline is sent later with `scanned_at` and
        `sent_at`: of all scans of a ticket the earliest counts, and whoever else
        was let in on it is flagged for staff.
        """
        seen = CheckInRequestSerializer(data=request.data)
        seen.is_valid(raise_exception=True)
        now, scan = timezone.now(), dict(seen.validated_data)
        if "scanned_at" in scan:
            scan["offline_at"] = services.by_our_clock(
                scanned_at=scan.pop("scanned_at"), sent_at=scan.pop("sent_at"), now=now
            )
        scan = services.check_in(staff=request.user, now=now, **scan)
        return Response(check_in_document(scan), status=status.HTTP_201_CREATED)


class RevokedTicketsOfEventView(StrictQueryMixin, APIView):
    """For scanners that lose the network, by staff of the venue."""

    permission_classes = [IsAuthenticated, IsAdminUser]

    def get_queryset(self) -> QuerySet[Event]:
        venues = Venue.objects.staffed_by(self.request.user)
        return Event.objects.filter(venue__in=venues).select_related("venue")

    @extend_schema(responses=RevocationsSerializer)
    def get(self, request: Request, event_id: UUID) -> HttpResponse:
        """Everything a scanner needs to go on without network.

        A code is base32 of: a version byte (1), the ticket's id (16 bytes), the first
        8 bytes of the event's id, and an Ed25519 signature (64 bytes) of the text
        `ticketapp ticket code`, a zero byte and what is before the signature. Let in
        whoever has a code that verifies with `code_key`, is of this event, comes from
        `admits_from` until before `admits_until`, and whose ticket is not `revoked`.

        A ticket that a bank asks the money back for is `revoked` at once, and no more
        when that is decided for the venue, so ask again every minute: with the `ETag`
        as `If-None-Match` nothing is sent while nothing changed. Scans made meanwhile
        are sent to `check-ins` later.
        """
        event = get_object_or_404(self.get_queryset(), pk=event_id)
        return private_json(request, revocations([event])[0])


class RevokedTicketListView(StrictQueryMixin, APIView):
    """The same of all that is on tonight where one works."""

    permission_classes = [IsAuthenticated, IsAdminUser]

    @extend_schema(responses=RevocationsPageSerializer)
    def get(self, request: Request) -> HttpResponse:
        """What a scanner needs for tonight, event by event.

        Of the venues that you are a member of, doors first. See the address of one
        event for what to do with it; this one has an `ETag` too.
        """
        own = Event.objects.filter(venue__memberships__user=request.user)
        found = revocations(tonights(own, now=timezone.now()))
        return private_json(request, all_of(found))


def revocations(events: list[Event]) -> list[JSON]:
    revoked = services.revoked(events)
    return [
        revocations_document(
            event,
            revoked=revoked[event.pk],
            admits_between=services.admits_between(event),
        )
        for event in events
    ]
