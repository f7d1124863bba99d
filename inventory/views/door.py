"""Letting people in."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.permissions import IsAdminUser, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from inventory import services
from inventory.documents import check_in_document
from inventory.serializers.holds import CheckInRequestSerializer, CheckInSerializer
from ticketapp.api import StrictQueryMixin


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
