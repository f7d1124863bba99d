from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import services
from accounts.serializers import MeChangeSerializer, MeSerializer
from ticketapp.api import StrictQueryMixin


class MeView(StrictQueryMixin, APIView):
    """The signed-in person."""

    @extend_schema(responses=MeSerializer)
    def get(self, request: Request) -> Response:
        """Who you are signed in as."""
        return Response(MeSerializer(request.user).data)

    @extend_schema(request=MeChangeSerializer, responses=MeSerializer)
    def patch(self, request: Request) -> Response:
        """Change your name, or whether you are told how many are looking."""
        wanted = MeChangeSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        user = services.change_me(user=request.user, **wanted.validated_data)
        return Response(MeSerializer(user).data)
