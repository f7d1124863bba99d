"""The promises of Idempotency-Key, on two small views of this file's own."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http import HTTPStatus
from threading import Barrier, Event

import pytest
from django.contrib.sessions.models import Session
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.db import OperationalError, connection
from django.http import Http404
from django.urls import path
from django.utils import timezone
from rest_framework import serializers
from rest_framework.exceptions import Throttled
from rest_framework.response import Response
from rest_framework.test import APIClient
from rest_framework.views import APIView

from accounts.models import User
from tests import factories as make
from ticketapp.errors import Action, DomainError
from ticketapp.idempotency import (
    LEASE,
    LIFETIME,
    Attempt,
    idempotent,
    idempotent_flow,
)
from ticketapp.models import IdempotencyKey
from ticketapp.tasks import forget_old

pytestmark = pytest.mark.urls(__name__)


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


work_has_begun, work_goes_on = Event(), Event()


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


@BOTH
def test_the_same_request_is_answered_again_and_done_once(api, address):
    first = post(api, address)
    again = post(api, address)

    assert (again.status_code, again.content) == (201, first.content)
    assert again["Content-Type"] == first["Content-Type"]
    assert again["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first
    assert made() == 1


@BOTH
def test_the_order_of_the_members_does_not_make_another_body(api, address):
    raw = ['{"name": "Ada", "then": "-"}', '{"then":"-","name":"Ada"}']
    answers = [
        api.post(address, body, headers=KEY, content_type="application/json")
        for body in raw
    ]

    assert answers[0].content == answers[1].content
    assert made() == 1


@BOTH
def test_the_same_key_with_another_body_is_refused(api, address):
    post(api, address)
    other = post(api, address, then="-")

    assert other.status_code == 422
    assert other.json()["code"] == "idempotency_key_reused"
    assert made() == 1


@BOTH
def test_without_a_key_nothing_is_looked_up_or_stored(
    api, address, django_assert_num_queries
):
    with django_assert_num_queries(1):
        api.post(address, {"name": "Ada"})

    assert not IdempotencyKey.objects.exists()


def test_a_key_costs_two_statements_beside_the_transaction(
    api, django_assert_num_queries
):
    with django_assert_num_queries(5):  # savepoint, turn, effect, answer, release
        post(api, "/local")
    with django_assert_num_queries(3):  # savepoint, answer, release
        post(api, "/local")


def test_a_leased_key_costs_two_statements(api, django_assert_num_queries):
    with django_assert_num_queries(3):  # lease, effect, answer
        post(api, "/flow")


@BOTH
def test_a_key_belongs_to_one_account(api, address):
    other = APIClient()
    other.force_authenticate(make.buyer())
    post(api, address)
    post(other, address)

    assert made() == 2


def test_a_key_belongs_to_one_path_and_one_method(api):
    post(api, "/flow")
    post(api, "/flow/other")
    post(api, "/local")
    api.delete("/local", {"name": "Ada"}, headers=KEY)

    assert made() == 4


def test_an_answer_without_a_body_is_stored_too(api):
    answers = [api.delete("/local", {"name": "Ada"}, headers=KEY) for _ in range(2)]

    assert [(a.status_code, a.content) for a in answers] == [(204, b"")] * 2
    assert made() == 1


def test_a_refusal_undoes_its_effect_and_is_answered_again(api):
    first = post(api, "/local", then="refused")
    again = post(api, "/local", then="refused")

    assert first.status_code == again.status_code == 409
    assert again.content == first.content
    assert again["Content-Type"] == "application/problem+json"
    assert again["Idempotent-Replayed"] == "true"
    assert made() == 0


def test_a_declined_card_is_not_tried_twice_under_one_key(api):
    first = post(api, "/flow", then="declined")
    again = post(api, "/flow", then="declined")

    assert first.status_code == again.status_code == 402
    assert again["Idempotent-Replayed"] == "true"
    assert made() == 1  # a flow commits as it goes; it was run once


@BOTH
@pytest.mark.parametrize(
    ("then", "status"),
    [("away", 503), ("throttled", 429), ("under way", 409), ("not yet", 409)],
)
def test_an_answer_that_may_differ_next_time_is_not_stored(api, address, then, status):
    post(api, address, then=then)
    again = post(api, address, then=then)

    assert again.status_code == status
    assert "Idempotent-Replayed" not in again


@BOTH
@pytest.mark.parametrize("then", ["under way", "not yet"])
def test_who_is_sent_to_wait_may_ask_again_with_the_same_key(api, address, then):
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(FAILURES, "waits", FAILURES[then])
        refused = post(api, address, then="waits")
    later = post(api, address, then="waits")

    assert (refused.status_code, later.status_code) == (409, 201)


@BOTH
@pytest.mark.parametrize("then", ["bug", "stuck"])
def test_a_request_that_broke_may_be_sent_again_at_once(api, address, then):
    api.raise_request_exception = False
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(FAILURES, "broken", FAILURES[then])
        broken = post(api, address, then="broken")
    mended = post(api, address, then="broken")

    assert broken.status_code >= 500
    assert mended.status_code == 201


def test_a_local_request_that_broke_leaves_nothing(api):
    api.raise_request_exception = False
    post(api, "/local", then="bug")

    assert made() == 0
    assert not IdempotencyKey.objects.exists()


@BOTH
def test_bad_input_does_not_use_the_key_up(api, address):
    bad = post(api, address, name="")
    good = post(api, address)

    assert (bad.status_code, good.status_code) == (400, 201)


@BOTH
@pytest.mark.parametrize("then", ["missing", "forbidden"])
def test_what_was_turned_down_does_not_use_the_key_up(api, address, then):
    turned_down = post(api, address, then=then)
    good = post(api, address)

    assert turned_down.status_code in {403, 404}
    assert good.status_code == 201


@BOTH
@pytest.mark.parametrize("key", ["", "x" * 201, "caf\u00e9"])
def test_a_key_that_is_no_key_is_named(api, address, key):
    answer = post(api, address, key=key.encode().decode("latin-1"))

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "Idempotency-Key"
    assert made() == 0


@BOTH
def test_a_key_counts_for_a_day(api, address):
    post(api, address)
    IdempotencyKey.objects.update(created_at=timezone.now() - LIFETIME)
    post(api, address, then="-")

    assert made() == 2


def test_a_flow_that_still_runs_is_not_run_twice(api):
    post(api, "/flow")
    IdempotencyKey.objects.update(
        response_status=None, lease_until=timezone.now() + LEASE
    )
    again = post(api, "/flow")

    assert again.status_code == 409
    assert again.json()["code"] == "request_in_progress"
    assert again.json()["action"] == "wait"
    assert again["Retry-After"] == "1"
    assert made() == 1


def test_a_flow_whose_process_died_may_be_taken_up_after_its_lease(api):
    post(api, "/flow")
    IdempotencyKey.objects.update(response_status=None, lease_until=timezone.now())
    again = post(api, "/flow")

    assert again.status_code == 201
    assert made() == 2


def test_a_dead_flow_is_not_taken_up_by_another_body(api):
    post(api, "/flow")
    IdempotencyKey.objects.update(response_status=None, lease_until=timezone.now())
    other = post(api, "/flow", then="-")

    assert other.status_code == 422
    assert made() == 1


@pytest.mark.django_db(transaction=True)
@BOTH
def test_a_copy_of_a_request_that_is_at_work_is_told_to_wait(buyer, address):
    first, second = APIClient(), APIClient()
    first.force_authenticate(buyer)
    second.force_authenticate(buyer)
    work_has_begun.clear()
    work_goes_on.clear()

    def send_and_hang_up():
        try:
            return post(first, address, then="linger")
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(send_and_hang_up)
        assert work_has_begun.wait(timeout=10)
        copy = post(second, address, then="linger")
        work_goes_on.set()

    assert (answer.result().status_code, copy.status_code) == (201, 409)
    assert copy.json()["code"] == "request_in_progress"
    assert made() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("then", ["overtaken", "overtaken, refused"])
def test_of_two_copies_that_pass_the_lock_the_later_repeats_the_first(api, then):
    """The second guard: a copy that committed after our look, before our lock."""
    answer = post(api, "/local", then=then)

    assert (answer.status_code, answer.json()) == (201, {"made": "by the other"})
    assert answer["Idempotent-Replayed"] == "true"
    assert made() == 0


@pytest.mark.django_db(transaction=True)
@BOTH
def test_twelve_copies_at_once_have_one_effect_and_no_other_answer(buyer, address):
    start = Barrier(12)

    def send(_):
        client = APIClient()
        client.force_authenticate(buyer)
        start.wait()
        answer = post(client, address)
        connection.close()
        return answer

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(send, range(12)))

    created = {a.content for a in answers if a.status_code == 201}
    refused = {a.json()["code"] for a in answers if a.status_code != 201}
    assert made() == 1
    assert len(created) == 1
    assert refused <= {"request_in_progress"}


@pytest.mark.django_db
def test_keys_past_their_day_are_purged(capsys):
    now = timezone.now()
    for name, age in [("old", LIFETIME), ("fresh", timedelta(hours=23))]:
        IdempotencyKey.objects.create(
            account="a", method="POST", path="/", key=name, created_at=now - age
        )
    call_command("purge_idempotency_keys")

    assert capsys.readouterr().out == "Forgot 1 idempotency keys.\n"
    assert IdempotencyKey.objects.get().key == "fresh"


@pytest.mark.django_db
def test_the_clock_forgets_keys_and_sessions_that_are_past_their_time():
    now = timezone.now()
    IdempotencyKey.objects.create(
        account="a", method="POST", path="/", key="old", created_at=now - LIFETIME
    )
    Session.objects.create(session_key="old", expire_date=now - LIFETIME)
    Session.objects.create(session_key="fresh", expire_date=now + LIFETIME)
    forget_old()

    assert not IdempotencyKey.objects.exists()
    assert Session.objects.get().pk == "fresh"
