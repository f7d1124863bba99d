"""What a card form needs to know. Public."""

from django.conf import settings
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from payments.documents import provider
from payments.gateways.sandbox.cards import BY_NUMBER, OFFERED
from payments.serializers import PaymentsConfigSerializer
from ticketapp.api import StrictQueryMixin

SANDBOX_KEY = "pk_test_sandbox"


class PaymentsConfigView(StrictQueryMixin, APIView):
    """How cards are taken here."""

    permission_classes = [AllowAny]
    authentication_classes = []

    @extend_schema(responses=PaymentsConfigSerializer)
    def get(self, request: Request) -> Response:
        """Who takes the card, with which key, and in the sandbox which test cards."""
        sandbox = settings.PAYMENT_SANDBOX
        return Response(
            {
                "provider": provider(),
                "publishable_key": settings.STRIPE_PUBLISHABLE_KEY or SANDBOX_KEY
                if sandbox
                else settings.STRIPE_PUBLISHABLE_KEY,
                "tokenize_url": reverse("sandbox-tokenise") if sandbox else None,
                "test_cards": [
                    {"number": number, "label": BY_NUMBER[number].label}
                    for number in OFFERED
                    if sandbox
                ],
            }
        )
