"""Many who ask the provider for the same thing at once, under one key or several."""

from collections import Counter
from functools import partial

import pytest
from django.db import transaction
from django.utils import timezone

from payments.gateways.sandbox import post, rows
from payments.models import SandboxEvent, SandboxObject
from tests.concurrency.racing import ROUNDS, Rival, breaks_within, race
from tests.paying import ask, at_provider, token

pytestmark = pytest.mark.django_db(transaction=True)
TEN_POUNDS = {"amount": 1000, "currency": "gbp"}


def confirm(intent: str, card: str, key: str = ""):
    params = {"payment_method": card}
    return ask("POST", f"/v1/payment_intents/{intent}/confirm", params, key=key)


def opened() -> str:
    return ask("POST", "/v1/payment_intents", TEN_POUNDS)[1]["id"]


def many_open_one_intent() -> None:
    SandboxObject.objects.all().delete()
    answers = race(
        [partial(ask, "POST", "/v1/payment_intents", TEN_POUNDS, key="k")] * 8
    )

    assert {status for status, _, _ in answers} <= {200, 409}
    told = {body["id"] for status, body, _ in answers if status == 200}
    assert told == set(SandboxObject.objects.values_list("pk", flat=True))
    assert len(told) == 1


def many_pay_one_intent() -> None:
    SandboxObject.objects.all().delete()
    intent, cards = opened(), [token() for _ in range(8)]

    answers = race(partial(confirm, intent, card, key=card) for card in cards)

    assert sorted(status for status, _, _ in answers) == [200] + [400] * 7
    assert len(at_provider("charge")) == len(at_provider("balance_transaction")) == 1


def one_card_pays_once_without_a_customer() -> None:
    SandboxObject.objects.all().delete()
    card, intents = token(), [opened() for _ in range(8)]

    answers = race(partial(confirm, intent, card) for intent in intents)

    assert sorted(status for status, _, _ in answers) == [200] + [400] * 7
    assert len(at_provider("charge")) == 1


def test_many_calls_under_one_key_open_one_intent():
    many_open_one_intent()


def test_without_the_key_each_call_would_open_its_own(monkeypatch):
    written = rows.write
    monkeypatch.setattr(
        rows, "write", lambda made, news, _, **so: written(made, news, None, **so)
    )

    assert breaks_within(ROUNDS, many_open_one_intent)


def test_an_intent_that_many_pay_is_charged_once():
    many_pay_one_intent()


def test_a_card_that_many_use_at_once_is_used_up_by_one():
    one_card_pays_once_without_a_customer()


@pytest.mark.parametrize(
    "one_round", [many_pay_one_intent, one_card_pays_once_without_a_customer]
)
def test_unless_what_was_read_must_still_be_so_it_would_be_charged_twice(
    one_round, monkeypatch
):
    written = rows.write
    monkeypatch.setattr(
        rows, "write", lambda *what, **so: written(*what, **so | {"seen": ()})
    )

    assert breaks_within(ROUNDS, one_round)


def test_who_began_without_locks_waits_for_who_has_them_and_sees_what_they_did():
    intent, card = opened(), token()

    with transaction.atomic():
        [seen] = rows.read(intent, intent, locked=True)
        rival = Rival(partial(confirm, intent, card))
        rival.start_and_run_as_far_as_it_can()
        seen.data["status"] = "canceled"
        rows.write([seen], [], None, now=timezone.now())

    status, body, _ = rival.outcome()
    assert (status, body["error"]["payment_intent"]["status"]) == (400, "canceled")
    assert not at_provider("charge")


def many_post_what_is_due() -> None:
    SandboxEvent.objects.all().delete()
    now, sent = timezone.now(), []
    SandboxEvent.objects.bulk_create(
        SandboxEvent(id=n, type="x", payload=n, created_at=now, next_attempt_at=now)
        for n in range(40)
    )

    def send(body: bytes, signature: str) -> int:
        sent.append(body)  # Which is safe in threads.
        return 200

    taken = race([partial(post.deliver_webhooks, now=now, limit=10, send=send)] * 8)

    assert [each for each in taken if isinstance(each, Exception)] == []
    assert sum(taken) == 40, taken
    assert set(Counter(sent).values()) == {1}


def test_each_webhook_is_sent_by_one_of_many():
    many_post_what_is_due()


def test_unless_they_are_locked_several_would_send_the_same(monkeypatch):
    unlocked = post.TAKE_DUE.replace("FOR UPDATE SKIP LOCKED", "")
    monkeypatch.setattr(post, "TAKE_DUE", unlocked)

    assert breaks_within(ROUNDS, many_post_what_is_due)
