"""The cards one has asked us to keep."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import generics, status
from rest_framework.request import Request
from rest_framework.response import Response

from payments import services
from payments.documents import card_document, setup_document
from payments.gateways import (
    GatewayMisconfigured,
    GatewayRefused,
    GatewayUnavailable,
    PaymentMethodRefused,
)
from payments.models import CardSetup, SavedCard
from payments.serializers import (
    CardChoiceSerializer,
    CardSetupSerializer,
    SavedCardPageSerializer,
    SavedCardSerializer,
)
from ticketapp.api import KeysetPagination, StrictQueryMixin
from ticketapp.idempotency import idempotent, idempotent_flow

PROVIDER = [GatewayRefused, GatewayMisconfigured, GatewayUnavailable]


class OwnCardsView(StrictQueryMixin, generics.GenericAPIView):
    lookup_url_kwarg = "card_id"

    def get_queryset(self):
        return SavedCard.objects.filter(user=self.request.user, removed_at=None)


class PaymentMethodListView(OwnCardsView):
    """The buyer's kept cards."""

    pagination_class = KeysetPagination
    ordering = ("-created_at", "id")

    @extend_schema(responses=SavedCardPageSerializer)
    def get(self, request: Request) -> Response:
        """The cards you asked us to keep, the newest first."""
        now, cards = timezone.now(), self.paginate_queryset(self.get_queryset())
        documents = [card_document(card, now=now) for card in cards]
        return self.get_paginated_response(documents)


class PaymentMethodView(OwnCardsView):
    """One of the buyer's kept cards."""

    @extend_schema(responses={204: None})
    def delete(self, request: Request, card_id: UUID) -> Response:
        """Forget a card, here and at the payment provider."""
        services.remove_card(card=self.get_object(), now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class PaymentMethodDefaultView(OwnCardsView):
    """The card that is offered first."""

    problems = [services.SavedCardExpired, services.SavedCardGone]

    @extend_schema(request=None, responses=SavedCardSerializer)
    @idempotent
    def post(self, request: Request, card_id: UUID) -> Response:
        """Offer this card first from now on."""
        now = timezone.now()
        card = services.choose_default(card=self.get_object(), now=now)
        return Response(card_document(card, now=now))


class CardSetupListView(StrictQueryMixin, generics.GenericAPIView):
    """Keeping a card without buying."""

    problems = [
        services.CardNotKept,
        services.CustomerForgotten,
        PaymentMethodRefused,
        *PROVIDER,
    ]

    @extend_schema(request=CardChoiceSerializer, responses={201: CardSetupSerializer})
    @idempotent_flow
    def post(self, request: Request) -> Response:
        """Have a card kept for later; sending this is the buyer's consent.

        With `next_action` the buyer's bank asks them first: show it, then ask
        for the setup until it has succeeded or failed. `card` is what was kept.
        """
        given = CardChoiceSerializer.read(request)
        setup = services.set_up_card(user=request.user, now=timezone.now(), **given)
        return Response(_told(setup, request), status=status.HTTP_201_CREATED)


class CardSetupView(StrictQueryMixin, generics.GenericAPIView):
    """One card on its way to being kept."""

    lookup_url_kwarg = "setup_id"

    def get_queryset(self):
        return CardSetup.objects.filter(user=self.request.user)

    @extend_schema(responses=CardSetupSerializer)
    def get(self, request: Request, setup_id: UUID) -> Response:
        """What became of keeping a card."""
        return Response(_told(self.get_object(), request))


def _told(setup: CardSetup, request: Request) -> dict[str, Any]:
    card = services.card_kept_by(setup)
    return setup_document(setup, card=card, absolute=request.build_absolute_uri)
