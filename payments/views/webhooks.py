"""Where the payment provider tells us what happened."""

from contextlib import suppress
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import parsers
from rest_framework.exceptions import ParseError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from payments import services
from payments.gateways import InvalidSignature, MalformedEvent
from payments.serializers import WebhookAnswerSerializer
from ticketapp.api import StrictQueryMixin
from ticketapp.errors import DomainError
from ticketapp.jobs import A_MOMENT, look_now

# Far more than any event has, and than a form may hold: to refuse one is to lose it.
LONGEST = 8_000_000
TAKEN = b'{"received":true}'
FOR_NOBODY_ELSE = {"Cache-Control": "private, no-store"}


class RawParser(parsers.BaseParser):
    """The body byte by byte: that is what is signed."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None):
        body = stream.read(LONGEST + 1)
        if len(body) > LONGEST:
            raise ParseError(f"The body is longer than {LONGEST:,} bytes.")
        return body


class StripeWebhookView(StrictQueryMixin, APIView):
    """Events of the payment provider, signed.

    One comes with every purchase, so what is as it should be is kept before anything
    is made ready for the answers that people's calls may get. Whatever is not, is
    refused as it is everywhere.
    """

    permission_classes = [AllowAny]
    authentication_classes = []
    throttle_classes = []  # The provider sends in bursts, and the signature counts.
    parser_classes = [RawParser]
    problems = [InvalidSignature, MalformedEvent, services.WrongMode]

    def dispatch(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        if _is_plain(request):
            with suppress(DomainError, RequestDataTooBig):
                _keep(request.body, request)
                return HttpResponse(
                    TAKEN, content_type="application/json", headers=FOR_NOBODY_ELSE
                )
        return super().dispatch(request, *args, **kwargs)

    @extend_schema(
        request={"application/json": {"type": "object"}},
        responses=WebhookAnswerSerializer,
    )
    def post(self, request: Request) -> Response:
        """Keep an event; a worker acts on it. The same event again changes nothing."""
        _keep(request.data if isinstance(request.data, bytes) else b"", request)
        return Response({"received": True})


def _is_plain(request: HttpRequest) -> bool:
    """Whether it is what the provider sends."""
    is_json = request.content_type == "application/json"
    return is_json and request.method == "POST" and not request.META.get("QUERY_STRING")


def _keep(body: bytes, request: HttpRequest | Request) -> None:
    asks_for_work = services.receive_event(
        body=body,
        signature=request.META.get("HTTP_STRIPE_SIGNATURE", ""),
        now=timezone.now(),
    )
    if asks_for_work:
        # By then our own reply may have done what this tells of.
        look_now("payments.tasks.process_webhooks", gather=A_MOMENT)
