"""The promises of Idempotency-Key, on the two views of `tests.idempotent_views`."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.utils import timezone
from rest_framework.test import APIClient

from tests import factories as make
from tests.idempotent_views import BOTH, FAILURES, KEY, made, post
from ticketapp.idempotency import LIFETIME
from ticketapp.models import IdempotencyKey
from ticketapp.tasks import forget_old

pytestmark = pytest.mark.urls("tests.idempotent_views")


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
