"""Where the provider tells us what happened: what is taken, and what is refused."""

import json

import pytest
from django.utils import timezone

from payments.gateways.sandbox import post
from payments.models import StripeEvent
from payments.views import webhooks

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/webhooks/stripe"


def tell(client, address=ADDRESS, *, livemode=False, **options):
    event = {
        "id": "evt_1",
        "type": "payment_intent.succeeded",
        "livemode": livemode,
        "data": {"object": {"id": "pi_1", "object": "payment_intent"}},
    }
    body = json.dumps(event)
    headers = {"Stripe-Signature": post.sign(body, now=timezone.now())}
    options = {"content_type": "application/json", "headers": headers} | options
    return client.post(address, body, **options)


def test_an_event_is_taken_and_its_answer_is_kept_by_nobody(client):
    answer = tell(client)

    assert (answer.status_code, answer.json()) == (200, {"received": True})
    assert answer["Content-Type"] == "application/json"
    assert answer["Cache-Control"] == "private, no-store"
    assert StripeEvent.objects.get().object_id == "pi_1"


@pytest.mark.parametrize(
    ("wrong", "status", "code"),
    [
        ({"headers": {"Stripe-Signature": "t=1,v1=00"}}, 400, "invalid_signature"),
        ({"headers": {}}, 400, "invalid_signature"),
        ({"livemode": True}, 400, "webhook_wrong_mode"),
        ({"address": f"{ADDRESS}?a=b"}, 400, "invalid"),
        ({"content_type": "text/plain"}, 415, "unsupported_media_type"),
    ],
)
def test_what_is_not_as_the_provider_sends_it_is_refused_in_words(
    client, wrong, status, code
):
    answer = tell(client, **wrong)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer["Content-Type"] == "application/problem+json"
    assert not StripeEvent.objects.exists()


def test_an_event_is_sent_and_not_asked_for(client):
    answer = client.get(ADDRESS)

    assert (answer.status_code, answer["Allow"]) == (405, "POST, OPTIONS")


def test_an_event_costs_one_statement(client, django_assert_num_queries):
    with django_assert_num_queries(1):
        tell(client)


def test_more_than_a_form_may_hold_is_read_by_the_same_rules(client, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10

    assert tell(client).status_code == 200


def test_what_is_longer_than_any_event_is_not_read(client, monkeypatch, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10
    monkeypatch.setattr(webhooks, "LONGEST", 20)

    answer = tell(client)

    assert (answer.status_code, answer.json()["code"]) == (400, "parse_error")
    assert answer.json()["detail"] == "The body is longer than 20 bytes."
    assert not StripeEvent.objects.exists()
