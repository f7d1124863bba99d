"""The sandbox's webhooks and the fields of its objects are as Stripe's."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from payments.gateways.sandbox import post
from payments.gateways.sandbox.switches import switched
from payments.models import SandboxEvent
from tests.paying import DISPUTED, ask, at_provider, token
from tests.sandbox import LATER, customer, event_types, paid

pytestmark = pytest.mark.django_db
FIELDS = Path(__file__).parent.parent / "data" / "stripe_fields.json"
TYPES = [
    "payment_intent",
    "setup_intent",
    "charge",
    "refund",
    "payment_method",
    "customer",
    "dispute",
    "balance_transaction",
]


# Webhooks


def test_steps_that_are_subscribed_to_are_told_in_order_and_delivered():
    done = paid()
    ask("POST", "/v1/refunds", {"payment_intent": done["id"]})
    sent = []

    def send(body, signature):
        sent.append(json.loads(body)["type"])
        return 200

    taken = post.deliver_webhooks(now=timezone.now(), limit=10, send=send)

    assert event_types() == sent
    assert (taken, sent[:2]) == (
        len(sent),
        ["payment_intent.succeeded", "charge.refunded"],
    )
    assert "refund.created" not in sent


def test_a_webhook_that_is_not_taken_comes_again_later():
    paid()
    now, answers = timezone.now(), iter([500, 0, 200])

    def send(body, signature):
        return next(answers)

    counts = [
        post.deliver_webhooks(now=now + timedelta(seconds=wait), limit=9, send=send)
        for wait in (0, 1, 6, 7, 17, 60)
    ]

    assert counts == [0, 0, 0, 0, 1, 0]


def test_webhooks_can_come_twice_backwards_or_not_at_all():
    paid()
    paid()
    sent = []

    def send(body, signature):
        sent.append(json.loads(body)["data"]["object"]["id"])
        return 500

    now = timezone.now()
    with switched(withhold_webhooks=True):
        assert not post.deliver_webhooks(now=now, limit=9, send=send)
    with switched(duplicate_webhooks=True, reverse_webhooks=True):
        post.deliver_webhooks(now=now, limit=9, send=send)

    first, second = [found["id"] for found in at_provider("payment_intent")]
    assert sent == [second, second, first, first]


# Shapes


def test_objects_have_the_fields_of_stripes_own():
    """The names are those of the fixtures that Stripe publishes with its API."""
    known = json.loads(FIELDS.read_text())
    params = {"customer": customer(), "payment_method": token(), "confirm": "true"}
    ask("POST", "/v1/setup_intents", params)
    done = paid(DISPUTED)
    ask("POST", "/v1/refunds", {"payment_intent": done["id"], "amount": 1})
    post.let_mature(now=timezone.now() + LATER, limit=10)

    made = {name: at_provider(name)[0] for name in TYPES}
    made["event"] = SandboxEvent.objects.first().payload
    made["balance"] = ask("GET", "/v1/balance")[1]
    for name, fields in known.items():
        first, *steps = name.split(".")
        document = made[first]
        for step in steps:
            document = document[step]
        assert sorted(document) == fields, name
