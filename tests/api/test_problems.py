"""Every refusal, by whomever, is a problem document that a person can read."""

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import connection
from django.test import Client, override_settings
from django.urls import include, path
from django_redis import get_redis_connection
from rest_framework import generics, serializers
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from tests import factories as make
from ticketapp.api import KeysetPagination, QueryParams, StrictQueryMixin
from ticketapp.errors import Action
from ticketapp.problems import bad_request, not_found, server_error

pytestmark = pytest.mark.urls(__name__)


class Wanted(QueryParams):
    lat = serializers.FloatField(required=False)
    near = serializers.BooleanField(required=False)


class UserSerializer(serializers.ModelSerializer):
    class Meta:
        model = User
        fields = ["email"]


class PeopleView(StrictQueryMixin, generics.ListCreateAPIView):
    queryset = User.objects.all()
    serializer_class = UserSerializer
    query_serializer_class = Wanted
    pagination_class = KeysetPagination
    ordering = "-date_joined"


def slow():
    with connection.cursor() as cursor:
        cursor.execute("set local statement_timeout = 1")
        cursor.execute("select pg_sleep(10)")


def lose_the_database():
    with connection.cursor() as cursor:
        cursor.execute("select pg_terminate_backend(pg_backend_pid())")


def be_suspicious():
    raise SuspiciousOperation("The body is too large.")


def forbid():
    raise PermissionDenied


DOINGS = {
    "slow": slow,
    "lost": lose_the_database,
    "suspicious": be_suspicious,
    "forbidden": forbid,
}


class DoView(APIView):
    def get(self, request, what):
        DOINGS[what]()
        return Response()


class OpenView(StrictQueryMixin, APIView):
    permission_classes = [AllowAny]

    def get(self, request):
        return Response(self.query)


urlpatterns = [
    path("_allauth/lost", lambda request: lose_the_database()),
    path("lost", lambda request: lose_the_database()),
    path("api/v1/people", PeopleView.as_view()),
    path("api/v1/do/<str:what>", DoView.as_view()),
    path("api/v1/open", OpenView.as_view()),
    path("", include("ticketapp.urls")),
]
handler404 = not_found
handler500 = server_error
ADDRESS = "/api/v1/people"
EXTRA = {"errors", "action", "retry_after", "meta"}


def assert_problem(response, status, code):
    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == status
    assert body["code"] == code
    assert body["type"] == f"/api/v1/docs#problem-{code}"
    assert body["title"].endswith(".")
    assert body["detail"].endswith((".", "!"))
    assert body["action"] in set(Action)
    assert set(body) <= {"type", "title", "status", "detail", "code", *EXTRA}
    if "retry_after" in body:
        assert response["Retry-After"] == str(body["retry_after"])
    return body


@pytest.mark.parametrize("method", ["get", "post", "put", "delete"])
@pytest.mark.parametrize(
    "address", ["/api/", "/api/v1/", "/api/v2/events", "/api/v1/nowhere/at/all"]
)
@pytest.mark.parametrize("debug", [False, True])
def test_an_unknown_address_is_a_problem_document(method, address, debug):
    with override_settings(DEBUG=debug):
        answer = getattr(Client(enforce_csrf_checks=True), method)(address)

    assert_problem(answer, 404, "not_found")


def test_an_unknown_page_is_plain_text(client):
    answer = client.get("/no-such-page/at/all")

    assert answer.status_code == 404
    assert answer["Content-Type"].startswith("text/plain")


@pytest.mark.parametrize("body", ["{", "", "\x00", '{"email": "a', "nope"])
def test_a_malformed_body_is_refused_and_nothing_is_made(api, body):
    answer = api.generic("POST", ADDRESS, body, content_type="application/json")

    code = "parse_error" if body else "invalid"
    assert_problem(answer, 400, code)
    assert User.objects.count() == 1


@pytest.mark.parametrize("body", [[], "text", 3, None, [{"email": "a@b.example"}]])
def test_a_body_of_another_shape_is_refused(api, body):
    answer = api.post(ADDRESS, body, format="json")

    assert_problem(answer, 400, "invalid")
    assert User.objects.count() == 1


def test_bad_fields_are_named(api):
    body = assert_problem(api.post(ADDRESS, {"email": "x"}), 400, "invalid")

    assert body["errors"] == [
        {
            "field": "email",
            "code": "invalid",
            "message": "Enter a valid email address.",
        }
    ]
    assert "email" in body["detail"]
    assert User.objects.count() == 1


def test_a_body_that_is_not_json_is_refused(api):
    answer = api.generic("POST", ADDRESS, "email=a", content_type="text/plain")

    assert (
        "text/plain" in assert_problem(answer, 415, "unsupported_media_type")["detail"]
    )


def test_a_wrong_method_is_told_which_ones_are_right(api):
    answer = api.delete(ADDRESS)

    assert_problem(answer, 405, "method_not_allowed")
    assert "GET" in answer["Allow"]
    assert "DELETE" not in answer["Allow"]


def test_without_a_token_it_is_401_and_says_how_to_sign_in(anonymous):
    answer = anonymous.get(ADDRESS)

    body = assert_problem(answer, 401, "not_authenticated")
    assert body["action"] == "sign_in"
    assert answer["WWW-Authenticate"] == "X-Session-Token"


@pytest.mark.parametrize("token", ["wrong", "x" * 32, "x" * 5000, "caf\u00e9", "'"])
@pytest.mark.parametrize("address", [ADDRESS, "/api/v1/open"])
def test_with_a_bad_token_it_is_401_everywhere(anonymous, token, address):
    answer = anonymous.get(address, headers={"x-session-token": token})

    assert_problem(answer, 401, "not_authenticated")
    assert answer["WWW-Authenticate"] == "X-Session-Token"


def test_what_an_account_may_not_do_is_403(api):
    assert_problem(api.get("/api/v1/do/forbidden"), 403, "permission_denied")


def test_a_suspicious_request_is_400(api):
    assert_problem(api.get("/api/v1/do/suspicious"), 400, "bad_request")


def test_a_statement_that_ran_out_of_time_is_503(api):
    answer = api.get("/api/v1/do/slow")

    body = assert_problem(answer, 503, "busy")
    assert body["action"] == "retry"
    assert answer["Retry-After"] == "2"


@pytest.mark.django_db(transaction=True)
def test_a_database_that_went_away_is_503(api):
    answer = api.get("/api/v1/do/lost")
    connection.close()

    assert_problem(answer, 503, "unavailable")
    assert answer["Retry-After"] == "5"


def test_a_bug_is_said_in_a_problem_document(rf):
    body = assert_problem(_json(server_error(rf.get("/api/v1/x"))), 500, "server_error")

    assert body["action"] == "contact_support"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("address", ["/_allauth/lost", "/lost"])
def test_a_database_that_went_away_is_503_outside_the_api_too(client, address):
    client.raise_request_exception = False
    answer = client.get(address)
    connection.close()

    assert answer.status_code == 503
    assert answer["Retry-After"] == "5"
    if address.startswith("/_allauth"):
        assert_problem(answer, 503, "unavailable")
    else:
        assert answer["Content-Type"].startswith("text/plain")


def test_answers_are_kept_by_nobody_unless_they_say_so(api, anonymous):
    for answer in [api.get(ADDRESS), anonymous.get(ADDRESS), api.delete(ADDRESS)]:
        assert answer["Cache-Control"] == "private, no-store"


def test_a_request_that_django_turns_down_is_a_problem_document(rf):
    answer = bad_request(rf.get("/api/v1/x"), SuspiciousOperation())

    assert_problem(_json(answer), 400, "bad_request")


def _json(response):
    response.json = lambda: __import__("json").loads(response.content)
    return response


def test_an_unknown_query_parameter_is_named_and_the_known_are_listed(api):
    body = assert_problem(api.get(ADDRESS, {"lon": "1", "lat": "1"}), 400, "invalid")

    [error] = body["errors"]
    assert error["field"] == "lon"
    assert "cursor, lat, near, page_size" in error["message"]


def test_a_write_takes_no_query_parameters(api):
    answer = api.post(f"{ADDRESS}?near=1", {"email": "new@example.com"})

    assert_problem(answer, 400, "invalid")
    assert User.objects.count() == 1


def test_a_query_parameter_given_twice_is_refused(api):
    body = assert_problem(api.get(f"{ADDRESS}?lat=1&lat=2"), 400, "invalid")

    assert body["errors"][0]["field"] == "lat"


@pytest.mark.parametrize("lat", ["north", "", "1;2"])
def test_a_query_parameter_of_the_wrong_kind_is_refused(api, lat):
    assert_problem(api.get(ADDRESS, {"lat": lat}), 400, "invalid")


@pytest.mark.parametrize(
    "size", ["0", "101", "-1", "ten", "", "1e1", "\u0664", "9" * 999]
)
def test_a_page_size_out_of_bounds_is_refused(api, size):
    body = assert_problem(api.get(ADDRESS, {"page_size": size}), 400, "invalid")

    assert body["errors"][0]["field"] == "page_size"


@pytest.mark.parametrize(
    "cursor",
    ["x", "cD1mb28=", "bz05OTk5OTk5OTk5OTk=", "\x00", "", "cD0yMDI2LTAxLTAxJm89eA=="],
)
def test_a_cursor_that_nobody_gave_out_is_refused(api, cursor):
    answer = api.get(ADDRESS, {"cursor": cursor})

    assert answer.status_code in {200, 400}
    if answer.status_code == 400:
        assert_problem(answer, 400, "invalid")


def test_pages_follow_each_other(api):
    for number in range(3):
        make.buyer(email=f"{number}@example.com")

    first = api.get(ADDRESS, {"page_size": 3}).json()
    second = api.get(first["next"]).json()

    assert [len(first["results"]), len(second["results"])] == [3, 1]
    assert first["previous"] is None
    assert second["next"] is None
    assert api.get(second["previous"]).json() == first


def test_writes_beyond_the_limit_are_told_when_to_come_back(api, settings):
    settings.WRITES_PER_MINUTE = 2
    answers = [api.post(ADDRESS, {"email": f"{n}@x.example"}) for n in range(3)]

    assert [a.status_code for a in answers] == [201, 201, 429]
    body = assert_problem(answers[2], 429, "throttled")
    assert 1 <= int(answers[2]["Retry-After"]) <= 60
    assert body["action"] == "wait"
    assert User.objects.count() == 3


def test_what_was_counted_is_forgotten_with_its_minute(api):
    for number in range(2):
        api.post(ADDRESS, {"email": f"{number}@x.example"})

    redis = get_redis_connection()
    kept = [redis.ttl(key) for key in redis.scan_iter("throttle:*")]
    assert kept
    assert all(0 <= seconds <= 60 for seconds in kept)


def test_reads_are_not_counted_and_one_account_does_not_slow_another(api, settings):
    settings.WRITES_PER_MINUTE = 1
    reads = [api.get(ADDRESS).status_code for _ in range(5)]
    api.post(ADDRESS, {"email": "a@x.example"})
    api.force_authenticate(make.buyer())
    other = api.post(ADDRESS, {"email": "b@x.example"})

    assert reads == [200] * 5
    assert other.status_code == 201


def test_limits_can_be_switched_off(api, settings):
    settings.WRITES_PER_MINUTE = 0
    answers = [api.post(ADDRESS, {"email": f"{n}@x.example"}) for n in range(3)]

    assert [a.status_code for a in answers] == [201] * 3


def test_a_browser_that_prefers_html_gets_json(api):
    answer = api.get(ADDRESS, headers={"accept": "text/html"})

    assert answer["Content-Type"] == "application/json"


# Bodies that no app of ours would send


def nested(levels: int, ends_in: str) -> str:
    return f'{{"email": {"[" * levels}{ends_in}{"]" * levels}}}'


@pytest.mark.django_db
@pytest.mark.parametrize("levels", [100, 300, 1010])
@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "deep"}])
def test_a_body_that_is_nested_too_deeply_cannot_be_read(api, levels, headers):
    body = nested(levels, "1")

    answer = api.generic("POST", ADDRESS, body, "application/json", headers=headers)

    problem = assert_problem(answer, 400, "parse_error")
    assert problem["detail"] == "It is nested too deeply."


@pytest.mark.django_db
def test_a_body_may_have_many_parts(api):
    many = f'{{"email": [{"[], " * 500}{{}}]}}'

    assert_problem(
        api.generic("POST", ADDRESS, many, "application/json"), 400, "invalid"
    )


@override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=1000)
@pytest.mark.django_db
def test_a_body_that_is_too_long_is_not_read(api):
    answer = api.generic("POST", ADDRESS, '"' + 1000 * " ", "application/json")

    problem = assert_problem(answer, 400, "parse_error")
    assert problem["detail"] == "The body is longer than 1,000 bytes."
