"""News of the provider that may not be believed: forged, old, of the other mode, or
of nothing we know. The rest of what may not be asked for is in `test_bad_input`.
"""

import json
from datetime import timedelta
from uuid import uuid4

import pytest
import stripe
from django.utils import timezone
from rest_framework.test import APIClient

from payments import services
from payments.gateways.sandbox import post
from payments.models import StripeEvent
from tests.paying import assert_books_are_right, paid
from tests.refusals import everything, refused

pytestmark = pytest.mark.django_db
API = "/api/v1"


@pytest.fixture
def sold():
    """Something that wrong news could spoil."""
    return paid()


EVENT = {
    "id": "evt_1",
    "object": "event",
    "type": "payment_intent.succeeded",
    "livemode": False,
    "data": {"object": {"id": "pi_1", "object": "payment_intent"}},
}


def tell(body, *, signature=None, age=0, **headers):
    """What the provider sends, `age` seconds ago by its signature."""
    text = body if isinstance(body, str) else json.dumps(body)
    signed = timezone.now() - timedelta(seconds=age)
    if signature is None:
        signature = post.sign(text, now=signed)
    return APIClient().post(
        f"{API}/webhooks/stripe",
        text,
        content_type="application/json",
        headers={"Stripe-Signature": signature},
    )


def forged(body, *, secret):
    """A signature over `body` by somebody who does not know our secret."""
    return stripe.WebhookSignature.generate_signature_header(
        json.dumps(body), secret, timestamp=int(timezone.now().timestamp())
    )


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "t=1,v1=0",
        "v1=abc",
        "t=now,v1=abc",
        "nonsense",
        "t=9999999999",
        "t=1,v1=\xe9",
    ],
)
def test_a_signature_that_is_none_is_refused(signature):
    refused(lambda: tell(EVENT, signature=signature), 400, "invalid_signature")


def test_a_signature_of_somebody_else_is_refused():
    signature = forged(EVENT, secret="whsec_guessed")

    refused(lambda: tell(EVENT, signature=signature), 400, "invalid_signature")


def test_a_signature_over_other_words_is_refused():
    ours = post.sign(json.dumps(EVENT), now=timezone.now())
    other = EVENT | {"id": "evt_2"}

    refused(lambda: tell(other, signature=ours), 400, "invalid_signature")


@pytest.mark.parametrize("age", [301, 86_400])
def test_an_old_signature_is_refused(age):
    refused(lambda: tell(EVENT, age=age), 400, "invalid_signature")


def test_a_signature_is_good_for_five_minutes():
    assert tell(EVENT, age=290).status_code == 200


def without(*names):
    return {name: value for name, value in EVENT.items() if name not in names}


def about(subject):
    return EVENT | {"data": {"object": subject}}


@pytest.mark.parametrize(
    "body",
    [
        "not json",
        "",
        "1e999999",
        {"a": 1},
        [],
        "[" * 2000,
        '"x"',
        "null",
        *(without(name) for name in ("id", "type", "livemode", "data")),
        *(EVENT | {"data": data} for data in (None, [], "x", {}, {"object": None})),
        *(about(subject) for subject in ("x", [], {"id": 5}, {"id": None})),
        about({"object": "payment_intent"}),
        about({"id": "pi_1", "object": "payment_intent", "description": "\0"}),
        about({"id": "pi_\0", "object": "payment_intent"}),
        about({"id": "ch_1", "object": "charge", "payment_intent": {"id": "pi_1"}}),
        about({"id": "x" * 256}),
        *(EVENT | {"id": id_} for id_ in ("", None, 5, "evt_\0", "x" * 256)),
        *(EVENT | {"type": kind} for kind in (None, 5, "x\0")),
        EVENT | {"livemode": "false"},
    ],
)
def test_what_is_signed_and_no_event_is_refused(sold, body):
    refused(lambda: tell(body), 400, "webhook_malformed")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("number", ["1e-20000", "0e-99999999999", "0." + "1" * 20_000])
def test_a_number_that_postgresql_has_no_place_for_is_refused(number):
    body = json.dumps(about({"id": "pi_1", "amount": 5})).replace("5", number)

    refused(lambda: tell(body), 400, "webhook_malformed")


def test_what_only_looks_like_a_nul_is_kept():
    assert tell(about({"id": "ch_1", "description": "\\u0000"})).status_code == 200


@pytest.mark.parametrize(("key", "live"), [("sk_live_1", False), ("", True)])
def test_news_of_the_other_mode_is_refused(settings, key, live):
    settings.STRIPE_SECRET_KEY = key

    refused(lambda: tell(EVENT | {"livemode": live}), 400, "webhook_wrong_mode")


def test_news_of_our_own_live_mode_is_kept(settings):
    settings.STRIPE_SECRET_KEY = "sk_live_1"

    assert tell(EVENT | {"livemode": True}).status_code == 200


@pytest.mark.parametrize(
    "kind", ["invoice.paid", "x.y", "payment_intent.new", "?" * 99]
)
def test_news_of_a_kind_nobody_knows_is_kept_and_changes_nothing(sold, kind):
    before = everything() | {"StripeEvent": []}

    assert tell(EVENT | {"type": kind}).status_code == 200
    services.process_events(now=timezone.now(), limit=10)

    assert StripeEvent.objects.count() == 1
    assert everything() | {"StripeEvent": []} == before
    assert_books_are_right(timezone.now())


@pytest.mark.parametrize(
    "subject",
    [
        {"id": "pi_unknown", "object": "payment_intent"},
        {"id": "ch_1", "object": "charge", "payment_intent": "pi_unknown"},
        {"id": "pi_2", "object": "payment_intent", "metadata": {"payment": "x"}},
        {"id": "pi_3", "metadata": {"payment": str(uuid4())}, "object": "x"},
        {"id": "pi_4", "metadata": {"payment": 5}, "object": "payment_intent"},
        {"id": "pi_5", "metadata": ["x"], "object": "payment_intent"},
        {},
    ],
)
@pytest.mark.parametrize("kind", ["payment_intent.succeeded", "charge.refunded"])
def test_news_of_what_nobody_knows_waits_and_changes_nothing(sold, kind, subject):
    before = everything() | {"StripeEvent": []}

    tell(EVENT | {"type": kind, "data": {"object": subject}})
    run = services.process_events(now=timezone.now(), limit=10)

    assert (run.done, run.kept, run.problems) == (0, 1, [])
    assert everything() | {"StripeEvent": []} == before
    assert_books_are_right(timezone.now())
