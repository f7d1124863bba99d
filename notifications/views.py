from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import generics, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from notifications import services
from notifications.models import Notification
from notifications.serializers import (
    DeviceRequestSerializer,
    DeviceSerializer,
    InboxParams,
    NotificationSerializer,
    PreferencesSerializer,
    WishesSerializer,
)
from ticketapp.api import KeysetPagination, StrictQueryMixin


class InboxMixin:
    """What the reader has been sent; nobody else's, nothing that was held back."""

    serializer_class = NotificationSerializer
    queryset = Notification.objects.none()

    def get_queryset(self) -> QuerySet[Notification]:
        return Notification.objects.filter(
            user=self.request.user, sent_at__isnull=False
        )


class InboxView(StrictQueryMixin, InboxMixin, generics.ListAPIView):
    """Your messages, the newest first."""

    pagination_class = KeysetPagination
    query_serializer_class = InboxParams
    ordering = ("-created_at", "-id")

    def get_queryset(self) -> QuerySet[Notification]:
        inbox = super().get_queryset()
        if (unread := self.query.get("unread")) is not None:
            inbox = inbox.filter(read_at__isnull=unread)
        return inbox


class ReadView(StrictQueryMixin, InboxMixin, generics.GenericAPIView):
    """Note that you have opened a message. Again is fine."""

    @extend_schema(request=None, responses=NotificationSerializer)
    def post(self, request: Request, **kwargs: object) -> Response:
        read = services.mark_read(notification=self.get_object(), now=timezone.now())
        return Response(self.get_serializer(read).data)


class DevicesView(StrictQueryMixin, APIView):
    """The devices that get your pushes."""

    @extend_schema(
        request=DeviceRequestSerializer,
        responses={status.HTTP_201_CREATED: DeviceSerializer},
    )
    def post(self, request: Request) -> Response:
        """Send my pushes to this device.

        Say it at every start of the app: a token may change, and the account that
        says it last gets the pushes.
        """
        wanted = DeviceRequestSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        device = services.register_device(user=request.user, **wanted.validated_data)
        return Response(DeviceSerializer(device).data, status=status.HTTP_201_CREATED)


class DeviceView(StrictQueryMixin, APIView):
    """Send no more pushes to this device, as before signing out."""

    @extend_schema(request=None, responses={status.HTTP_204_NO_CONTENT: None})
    def delete(self, request: Request, registration_id: str) -> Response:
        known = services.forget_device(
            user=request.user, registration_id=registration_id
        )
        if not known:
            raise Http404
        return Response(status=status.HTTP_204_NO_CONTENT)


class PreferencesView(StrictQueryMixin, APIView):
    """What you are told, and where."""

    problems = [services.NotOptional]

    @extend_schema(responses=PreferencesSerializer)
    def get(self, request: Request) -> Response:
        """Every switch there is, as it stands."""
        return self._answer(request)

    @extend_schema(request=WishesSerializer, responses=PreferencesSerializer)
    def put(self, request: Request) -> Response:
        """Set the named switches, all or none; the others stay as they are."""
        wanted = WishesSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        wishes = [services.Wish(**w) for w in wanted.validated_data["preferences"]]
        services.set_preferences(user=request.user, wishes=wishes)
        return self._answer(request)

    def _answer(self, request: Request) -> Response:
        choices = services.choices_of(user=request.user)
        return Response(PreferencesSerializer({"preferences": choices}).data)
