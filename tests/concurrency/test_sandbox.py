"""Many who ask the provider for the same thing at once, under one key."""

from functools import partial

import pytest

from payments.gateways.sandbox import rows
from payments.models import SandboxObject
from tests.concurrency.racing import ROUNDS, breaks_within, race
from tests.paying import ask

pytestmark = pytest.mark.django_db(transaction=True)
TEN_POUNDS = {"amount": 1000, "currency": "gbp"}


def many_open_one_intent() -> None:
    SandboxObject.objects.all().delete()
    answers = race(
        [partial(ask, "POST", "/v1/payment_intents", TEN_POUNDS, key="k")] * 8
    )

    assert {status for status, _, _ in answers} <= {200, 409}
    told = {body["id"] for status, body, _ in answers if status == 200}
    assert told == set(SandboxObject.objects.values_list("pk", flat=True))
    assert len(told) == 1


def test_many_calls_under_one_key_open_one_intent():
    many_open_one_intent()


def test_without_the_key_each_call_would_open_its_own(monkeypatch):
    written = rows.write
    monkeypatch.setattr(
        rows, "write", lambda made, news, _, now: written(made, news, None, now=now)
    )

    assert breaks_within(ROUNDS, many_open_one_intent)
