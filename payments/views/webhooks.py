"""Where the payment provider tells us what happened."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import parsers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from payments import services
from payments.gateways import InvalidSignature
from payments.serializers import WebhookAnswerSerializer
from ticketapp.api import StrictQueryMixin
from ticketapp.jobs import A_MOMENT, look_now


class RawParser(parsers.BaseParser):
    """The body byte by byte: that is what is signed."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None):
        return stream.read()


class StripeWebhookView(StrictQueryMixin, APIView):
    """Events of the payment provider, signed."""

    permission_classes = [AllowAny]
    authentication_classes = []
    throttle_classes = []  # The provider sends in bursts, and the signature counts.
    parser_classes = [RawParser]
    problems = [InvalidSignature, services.WrongMode]

    @extend_schema(
        request={"application/json": {"type": "object"}},
        responses=WebhookAnswerSerializer,
    )
    def post(self, request: Request) -> Response:
        """Keep an event; a worker acts on it. The same event again changes nothing."""
        body = request.data if isinstance(request.data, bytes) else b""
        asks_for_work = services.receive_event(
            body=body,
            signature=request.META.get("HTTP_STRIPE_SIGNATURE", ""),
            now=timezone.now(),
        )
        if asks_for_work:
            # By then our own reply may have done what this tells of.
            look_now("payments.tasks.process_webhooks", gather=A_MOMENT)
        return Response({"received": True})
