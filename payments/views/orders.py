"""Ordering what one holds, and paying for it. One's own orders only."""

from typing import cast
from uuid import UUID

from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from inventory import services as inventory
from inventory.models import Hold
from payments import services
from payments.documents import order_document
from payments.gateways import (
    AmountNotPayable,
    GatewayMisconfigured,
    GatewayRefused,
    GatewayUnavailable,
    PaymentMethodRefused,
)
from payments.models import Order
from payments.serializers import (
    OrderPageSerializer,
    OrderRequestSerializer,
    OrderSerializer,
    PayRequestSerializer,
)
from payments.told import told_orders
from ticketapp.api import KeysetPagination, StrictQueryMixin
from ticketapp.compiled import Compiled
from ticketapp.idempotency import idempotent, idempotent_flow

OWN_HOLD = Compiled(
    lambda hold, user: Hold.objects.select_related("order").filter(pk=hold, user=user)
)
PAYING = [
    services.CardDeclined,
    services.PaymentInProgress,
    services.OrderClosed,
    services.EventOff,
    services.SavedCardGone,
    services.CustomerForgotten,
    PaymentMethodRefused,
    inventory.HoldExpired,
    AmountNotPayable,
    GatewayRefused,
    GatewayMisconfigured,
    GatewayUnavailable,
    services.PaymentUnknown,
]


class OwnOrdersView(StrictQueryMixin, generics.GenericAPIView):
    lookup_url_kwarg = "order_id"

    def get_queryset(self):
        return Order.objects.filter(user=self.request.user)

    def document(self, order_id: UUID) -> dict:
        """The order as it is by now; Http404 if it is not the buyer's."""
        documents = self.documents([order_id])
        if not documents:
            raise Http404
        return documents[0]

    def documents(self, order_ids: list[UUID]) -> list[dict]:
        now, absolute = timezone.now(), self.request.build_absolute_uri
        told = told_orders(order_ids, user_id=self.request.user.pk)
        # They have what the question is answered by, under the names that rows have.
        back = services.can_hand_back(cast(list[Order], told), now=now)
        return [
            order_document(
                order, can_hand_back=UUID(order.id) in back, now=now, absolute=absolute
            )
            for order in told
        ]


class OrderListView(OwnOrdersView):
    """The buyer's orders: list them, or order what one holds."""

    pagination_class = KeysetPagination
    ordering = ("-created_at", "id")
    problems = [*PAYING, services.PaymentMethodMissing]

    @extend_schema(responses=OrderPageSerializer)
    def get(self, request: Request) -> Response:
        """Your orders, the newest first."""
        orders = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(self.documents([o.pk for o in orders]))

    @extend_schema(request=OrderRequestSerializer, responses={201: OrderSerializer})
    @idempotent_flow
    def post(self, request: Request) -> Response:
        """Order the tickets of a hold and pay for them.

        Answers with the order paid, or with `payment.next_action`: then the
        buyer's bank asks them; show it, and ask for the order until it is paid.
        A declined card is a 402 and leaves the tickets held: pay again with
        another card. With `processing` the bank's answer is on its way. The `action`
        of `payment_in_progress` is `authenticate_payment` while the bank asks the
        buyer on another device, else `wait`.
        """
        given = OrderRequestSerializer.read(request)
        order = services.place_order(
            user=request.user,
            hold=self.hold(given["hold"]),
            payment_method=given["payment_method"],
            save_card=given["save_card"],
            now=timezone.now(),
        )
        return Response(self.document(order.pk), status=status.HTTP_201_CREATED)

    def hold(self, hold_id: UUID) -> Hold:
        try:
            return OWN_HOLD.get(hold=hold_id, user=self.request.user.pk)
        except Hold.DoesNotExist:
            message = "You hold no such tickets."
            raise serializers.ValidationError({"hold": [message]}) from None


class OrderView(OwnOrdersView):
    """One of the buyer's orders."""

    @extend_schema(responses=OrderSerializer)
    def get(self, request: Request, order_id: UUID) -> Response:
        """One of your orders, as it is now."""
        return Response(self.document(order_id))


class OrderPayView(OwnOrdersView):
    """Another card for a pending order."""

    problems = PAYING

    @extend_schema(request=PayRequestSerializer, responses=OrderSerializer)
    @idempotent_flow
    def post(self, request: Request, order_id: UUID) -> Response:
        """Pay a pending order with another card, while its tickets are held.

        Answers as ordering does. A question of the bank that was left open is
        withdrawn first, so nothing is paid twice.
        """
        given = PayRequestSerializer.read(request)
        order = services.pay_order(order=self.get_object(), now=timezone.now(), **given)
        return Response(self.document(order.pk))


class OrderCancelView(OwnOrdersView):
    """Giving a pending order up."""

    problems = [
        services.OrderPaid,
        services.PaymentInProgress,
        services.PaymentUnknown,
    ]

    @extend_schema(request=None, responses=OrderSerializer)
    @idempotent_flow
    def post(self, request: Request, order_id: UUID) -> Response:
        """Cancel a pending order and let its tickets go.

        While the bank decides about a payment it cannot be: the `action` of
        `payment_in_progress` is `wait` then, and `retry` if a payment was begun on
        another device in that very moment.
        """
        order = services.cancel_order(order=self.get_object(), now=timezone.now())
        return Response(self.document(order.pk))


class OrderRefundView(OwnOrdersView):
    """Handing an order back."""

    problems = [
        services.NotPostponed,
        services.NotRefundable,
        services.PaymentDisputed,
        services.RefundTooLarge,
    ]

    @extend_schema(request=None, responses=OrderSerializer)
    @idempotent
    def post(self, request: Request, order_id: UUID) -> Response:
        """Hand an order back because its event is postponed or has another date.

        While `can_hand_back` is true: until the event begins on its new date. An
        order of after the new date was known cannot be handed back. The tickets that
        were not used stop being good, and what was paid for them goes back to the
        card, or what is left of it.
        """
        order = self.get_object()
        services.refund_postponed(order=order, now=timezone.now())
        return Response(self.document(order.pk))
