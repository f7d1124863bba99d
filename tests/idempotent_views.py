"""Two small views that keep the promises of Idempotency-Key, and how tests ask them."""

from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from threading import Event

import pytest
from django.core.exceptions import PermissionDenied
from django.db import OperationalError, connection
from django.http import Http404
from django.urls import path
from rest_framework import serializers
from rest_framework.exceptions import Throttled
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from tests import factories as make
from ticketapp.errors import Action, DomainError
from ticketapp.idempotency import Attempt, idempotent, idempotent_flow


class NoSuchLuck(DomainError):
    code = "no_such_luck"
    message = "You were refused. Nothing was taken."
    action = Action.NONE


class Underway(DomainError):
    code = "under_way"
    message = "Somebody is at it. Ask again in a moment."
    action = Action.WAIT
    retry_after = 3


class NotYet(DomainError):
    code = "not_yet"
    message = "It begins at eight."
    action = Action.WAIT


class CardDeclined(DomainError):
    code = "card_declined"
    status = HTTPStatus.PAYMENT_REQUIRED
    message = "Your bank said no. You were not charged."
    action = Action.USE_ANOTHER_CARD


class GatewayAway(DomainError):
    code = "gateway_away"
    status = HTTPStatus.SERVICE_UNAVAILABLE
    message = "The bank does not answer. You were not charged."
    action = Action.RETRY


FAILURES = {
    "refused": NoSuchLuck,
    "overtaken, refused": NoSuchLuck,
    "declined": CardDeclined,
    "under way": Underway,
    "not yet": NotYet,
    "away": GatewayAway,
    "throttled": Throttled,
    "stuck": OperationalError,
    "bug": ZeroDivisionError,
    "missing": Http404,
    "forbidden": PermissionDenied,
}


work_has_begun = Event()
work_goes_on = Event()


class Wish(serializers.Serializer):
    name = serializers.CharField()
    then = serializers.CharField(required=False)


def store_an_answer_elsewhere(attempt):
    response = Response({"made": "by the other"}, status=HTTPStatus.CREATED)
    attempt.store(response)
    connection.close()


def work(request) -> Response:
    """Make a user as the effect, then do what the request wishes for."""
    wish = Wish(data=request.data)
    wish.is_valid(raise_exception=True)
    made = make.buyer(name=wish.validated_data["name"])
    if wish.validated_data.get("then") == "linger":
        work_has_begun.set()
        assert work_goes_on.wait(timeout=10)
    if wish.validated_data.get("then", "").startswith("overtaken"):
        with ThreadPoolExecutor(1) as pool:
            pool.submit(store_an_answer_elsewhere, Attempt.of(request)).result()
    if failure := FAILURES.get(wish.validated_data.get("then")):
        raise failure
    return Response({"made": made.pk}, status=HTTPStatus.CREATED)


class LocalView(APIView):
    @idempotent
    def post(self, request):
        return work(request)

    @idempotent
    def delete(self, request):
        work(request)
        return Response(status=HTTPStatus.NO_CONTENT)


class FlowView(APIView):
    @idempotent_flow
    def post(self, request):
        return work(request)


urlpatterns = [
    path("local", LocalView.as_view()),
    path("flow", FlowView.as_view()),
    path("flow/other", FlowView.as_view()),
]
BOTH = pytest.mark.parametrize("address", ["/local", "/flow"])
KEY = {"idempotency-key": "first"}


def made() -> int:
    return User.objects.filter(name="Ada").count()


def post(api, address, *, key="first", **body):
    body = {"name": "Ada"} | body
    return api.post(address, body, headers={"idempotency-key": key})
