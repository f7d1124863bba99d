"""The API description says what the API does."""

import re
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.urls import path
from drf_spectacular.generators import SchemaGenerator
from rest_framework import generics, serializers
from rest_framework.permissions import AllowAny, BasePermission
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from tests import factories as make
from ticketapp.api import KeysetPagination, QueryParams, StrictQueryMixin
from ticketapp.errors import Action, DomainError
from ticketapp.idempotency import idempotent
from ticketapp.schema import all_refusals
from ticketapp.schema_views import description

METHODS = {"get", "post", "put", "patch", "delete"}


def operations(document=None):
    for address, methods in (document or description())["paths"].items():
        for method in METHODS & set(methods):
            yield address, method, methods[method]


def needs_sign_in(operation):
    security = operation.get("security")
    return bool(security) and {} not in security


class Shy(DomainError):
    code = "shy"
    title = "Not today."
    message = "Not with {people.count:d} people, not before {at:%H:%M}."
    action = Action.WAIT


class Nearby(QueryParams):
    lat = serializers.FloatField(help_text="Degrees north.")


class ThingSerializer(serializers.ModelSerializer):
    class Meta:
        model = User
        fields = ["id", "name"]


class Friends(BasePermission):
    pass


class ThingsView(StrictQueryMixin, generics.ListCreateAPIView):
    """All things.

    More about them.
    """

    queryset = User.objects.all()
    serializer_class = ThingSerializer
    pagination_class = KeysetPagination
    query_serializer_class = Nearby
    problems = [Shy]

    @idempotent
    def create(self, request):
        """Make a thing."""


class ThingView(generics.RetrieveUpdateDestroyAPIView):
    queryset = User.objects.all()
    serializer_class = ThingSerializer
    permission_classes = [Friends]
    http_method_names = ["get", "patch", "delete"]
    problems = {"get": [Shy]}


class ShakeView(generics.GenericAPIView):
    serializer_class = ThingSerializer
    authentication_classes = []
    permission_classes = [AllowAny]
    throttle_classes = []

    def post(self, request, pk):
        return Response()


class PlainView(APIView):
    pass


PATTERNS = [
    path("api/v1/small-things", ThingsView.as_view()),
    path("api/v1/small-things/<uuid:pk>", ThingView.as_view()),
    path("api/v1/small-things/<uuid:pk>/shake", ShakeView.as_view()),
]


@pytest.fixture(scope="module")
def things():
    document = SchemaGenerator(patterns=PATTERNS).get_schema(public=True)
    return {
        operation["operationId"]: operation for *_, operation in operations(document)
    }


def statuses(operation):
    return set(operation["responses"])


def codes(operation, status):
    body = operation["responses"][status]["content"]["application/problem+json"]
    return set(body["examples"])


def test_operations_have_readable_names(things):
    assert set(things) == {
        "small_things_list",
        "small_things_create",
        "small_things_retrieve",
        "small_things_update",
        "small_things_delete",
        "small_things_shake",
    }


def test_an_operation_documents_what_can_be_refused(things):
    assert statuses(things["small_things_list"]) == {"200", "400", "401", "503"}
    made = {"201", "400", "401", "409", "415", "422", "429", "503"}
    assert statuses(things["small_things_create"]) == made
    shown = {"200", "400", "401", "403", "404", "409", "503"}
    assert statuses(things["small_things_retrieve"]) == shown
    shaken = {"200", "400", "404", "415", "503"}
    assert statuses(things["small_things_shake"]) == shaken


def test_the_refusals_of_a_view_stand_beside_those_of_the_house(things):
    assert codes(things["small_things_create"], "409") == {"shy", "request_in_progress"}
    assert codes(things["small_things_create"], "422") == {"idempotency_key_reused"}
    assert codes(things["small_things_retrieve"], "409") == {"shy"}
    refused = things["small_things_create"]["responses"]["409"]
    assert "`shy`: Not today." in refused["description"]
    example = refused["content"]["application/problem+json"]["examples"]["shy"]["value"]
    assert example["detail"] == "Not with … people, not before …."


def test_waiting_times_are_in_the_headers(things):
    for status in ["429", "503"]:
        answer = things["small_things_create"]["responses"][status]
        assert "Retry-After" in answer["headers"]


def test_parameters_come_from_the_view(things):
    named = {p["name"]: p for p in things["small_things_list"]["parameters"]}
    assert set(named) == {"cursor", "lat", "page_size"}
    assert named["lat"]["required"]
    assert named["lat"]["description"] == "Degrees north."

    [key] = things["small_things_create"]["parameters"]
    assert (key["name"], key["in"]) == ("Idempotency-Key", "header")


def test_what_is_written_above_the_handler_is_its_summary(things):
    assert things["small_things_create"]["summary"] == "Make a thing"
    assert things["small_things_list"]["summary"] == "All things"
    assert things["small_things_list"]["description"] == "More about them."


def test_the_description_is_valid_and_free_of_warnings(tmp_path):
    out = tmp_path / "schema.yaml"
    call_command("spectacular", "--validate", "--fail-on-warn", file=str(out))

    assert out.read_text().startswith("openapi: 3.1")


def test_every_operation_has_its_own_name():
    names = [operation["operationId"] for *_, operation in operations()]

    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", name) for name in names)


def test_every_operation_says_what_it_does():
    silent = [name for *_, name in operations() if not name.get("summary")]

    assert not silent


def test_every_operation_documents_bad_input_and_a_busy_database():
    for address, method, operation in operations():
        assert {"400", "503"} <= statuses(operation), (method, address)


def test_every_operation_for_the_signed_in_documents_401():
    for address, method, operation in operations():
        if needs_sign_in(operation):
            assert "401" in statuses(operation), (method, address)


def test_no_code_means_two_things():
    seen: dict[str, type] = {}
    waiting = [DomainError]
    while waiting:
        refusal = waiting.pop(0)
        waiting += refusal.__subclasses__()
        if hasattr(refusal, "code") and not refusal.__module__.startswith("tests."):
            assert issubclass(refusal, seen.setdefault(refusal.code, refusal))


@pytest.mark.parametrize("refusal", all_refusals(), ids=lambda refusal: refusal.code)
def test_every_refusal_says_what_to_do(refusal):
    assert refusal.action in set(Action)


def test_every_refusal_has_a_place_on_the_page(client):
    page = client.get("/api/v1/docs").content.decode()

    for refusal in all_refusals():
        assert f'id="problem-{refusal.code}"' in page


def test_every_operation_is_on_the_page(client):
    page = client.get("/api/v1/docs")

    assert page.status_code == 200
    for *_, operation in operations():
        assert f'id="{operation["operationId"]}"' in page.content.decode()


def test_every_link_on_the_page_leads_somewhere(client):
    page = client.get("/api/v1/docs").content.decode()

    places = set(re.findall(r'id="([^"]+)"', page))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= places


def test_the_page_asks_nobody_outside(client):
    page = client.get("/api/v1/docs").content.decode()

    assert not re.search(r'(src|href)="(https?:)?//', page)
    assert "<script" not in page


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("*/*", "application/vnd.oai.openapi+json"),
        ("application/vnd.oai.openapi+json", "application/vnd.oai.openapi+json"),
        ("application/yaml;q=0.9", "application/vnd.oai.openapi"),
        ("application/vnd.oai.openapi", "application/vnd.oai.openapi"),
    ],
)
def test_the_description_comes_as_json_or_yaml(client, accept, kind):
    answer = client.get("/api/v1/schema", headers={"accept": accept})

    assert answer["Content-Type"] == kind
    assert b"3.1.1" in answer.content[:40]


def test_the_description_is_not_sent_twice(client):
    first = client.get("/api/v1/schema")
    again = client.get("/api/v1/schema", headers={"if-none-match": first["ETag"]})

    assert again.status_code == 304


@pytest.mark.django_db
@pytest.mark.parametrize("method", sorted(METHODS))
def test_no_operation_ignores_a_query_parameter_it_does_not_know(api, method):
    """For a superuser, so that no permission answers first."""
    api.force_authenticate(make.buyer(is_staff=True, is_superuser=True))
    for address, verb, _ in operations():
        if verb != method or "webhooks" in address:
            continue
        filled = re.sub(r"\{[^}]*\}", str(uuid4()), address)
        answer = getattr(api, method)(f"{filled}?no_such_parameter=1")
        assert answer.status_code == 400, (method, address, answer.content)
        fields = [error["field"] for error in answer.json()["errors"]]
        assert "no_such_parameter" in fields, (method, address, fields)


@pytest.mark.django_db
@pytest.mark.parametrize("method", sorted(METHODS))
def test_no_operation_for_the_signed_in_answers_a_stranger(anonymous, method):
    for address, verb, operation in operations():
        if verb == method and needs_sign_in(operation):
            filled = re.sub(r"\{[^}]*\}", str(uuid4()), address)
            answer = getattr(anonymous, method)(filled)
            assert answer.status_code == 401, (method, address)
            assert answer.json()["code"] == "not_authenticated"
