"""The sandbox answers once under a key, as Stripe does, and in few statements."""

from datetime import timedelta

import pytest
from django.utils import timezone

from payments.gateways.sandbox import api, calls, rows
from payments.models import SandboxKey, SandboxObject
from tests.paying import DECLINED, ask, at_provider, token
from tests.sandbox import confirm, customer, intent

pytestmark = pytest.mark.django_db


def test_the_same_key_gives_the_same_answer_also_of_a_decline():
    opened, card = intent(), token(DECLINED)

    first = confirm(opened["id"], payment_method=card, key="k")
    again = confirm(opened["id"], payment_method=card, key="k")

    assert first[:2] == again[:2]
    assert again[2]["Idempotent-Replayed"] == "true"
    assert len(at_provider("charge")) == 1


def test_a_key_with_another_body_or_address_is_refused():
    ask("POST", "/v1/customers", {"email": "a@example.com"}, key="k")

    other_body = ask("POST", "/v1/customers", {"email": "b@example.com"}, key="k")
    other_path = ask("POST", "/v1/refunds", {"email": "a@example.com"}, key="k")

    for status, body, _ in [other_body, other_path]:
        assert (status, body["error"]["type"]) == (400, "idempotency_error")
    assert len(at_provider("customer")) == 1


def test_opening_an_intent_is_one_statement(django_assert_num_queries):
    params = {"amount": 5000, "currency": "gbp", "customer": customer()}

    with django_assert_num_queries(1):
        ask("POST", "/v1/payment_intents", params, key="k")


def test_paying_with_a_card_is_two_statements(django_assert_num_queries):
    path, card = f"/v1/payment_intents/{intent()['id']}/confirm", token()

    with django_assert_num_queries(2):
        _, body, _ = ask("POST", path, {"payment_method": card}, key="k")

    assert body["status"] == "succeeded"


def test_an_intent_of_a_customer_that_is_not_there_is_refused_for_good():
    params = {"amount": 5000, "currency": "gbp", "customer": "cus_nope"}

    first, again = [ask("POST", "/v1/payment_intents", params, key="k") for _ in "12"]

    assert (first[0], first[1]["error"]["code"]) == (400, "resource_missing")
    assert again[2]["Idempotent-Replayed"] == "true"
    assert not SandboxObject.objects.exists()


def test_a_key_tells_its_answer_before_what_is_wrong_by_now():
    opened = intent()
    body = {"payment_method": token(DECLINED)}
    first = confirm(opened["id"], key="k", **body)
    SandboxObject.objects.filter(pk=body["payment_method"]).update(used_up=True)

    again = confirm(opened["id"], key="k", **body)

    assert first[:2] == again[:2]


def test_nothing_is_written_under_a_key_that_has_an_answer():
    ask("POST", "/v1/customers", {"email": "a@example.com"}, key="k")
    made = rows.Record("cus_2", "customer", {})
    again = rows.Answered("k", "", 200, "other")

    assert not rows.write([made], [], again, now=timezone.now())

    assert not SandboxObject.objects.filter(pk="cus_2").exists()
    assert SandboxKey.objects.get().body != "other"


def test_a_key_is_forgotten_after_a_day():
    def create(now):
        headers = {"Authorization": "Bearer sk_test", "Idempotency-Key": "k"}
        return api.answer("POST", "/v1/customers", "", headers, now=now)[0]

    now = timezone.now()
    first, within, after = [
        create(now + timedelta(hours=hours)) for hours in (0, 23, 25)
    ]

    assert first == within != after


def test_what_was_refused_before_it_began_is_not_remembered():
    assert ask("POST", "/v1/payment_intents", {"amount": 0}, key="k")[0] == 400

    right = {"amount": 5000, "currency": "gbp"}

    assert ask("POST", "/v1/payment_intents", right, key="k")[0] == 200


def test_an_answer_that_came_first_is_not_overwritten():
    params = {"amount": 500, "currency": "gbp"}
    first = ask("POST", "/v1/payment_intents", params, key="k")[1]
    late = calls.Call(method="POST", path="/v1/refunds", params={}, now=timezone.now())

    written = late.write(rows.Answered("k", "", 200, ""))

    again = ask("POST", "/v1/payment_intents", params, key="k")[1]
    assert (written, again["id"]) == (False, first["id"])
