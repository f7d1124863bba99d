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
    ]

    @extend_schema(request=CheckInRequestSerializer, responses={201: CheckInSerializer})
    def post(self, request: Request) -> Response:
        """Admit the bearer of a code, once.

        Send a `scan_id` of your own and the same scan may be sent again: it gets
        the same answer.
        """
        seen = CheckInRequestSerializer(data=request.data)
        seen.is_valid(raise_exception=True)
        scan = services.check_in(
            staff=request.user, now=timezone.now(), **seen.validated_data
        )
        return Response(check_in_document(scan), status=status.HTTP_201_CREATED)
