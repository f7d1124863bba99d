"""One request to buy, sent fifty times at once under one Idempotency-Key.

The guard is the lease on the key: the first copy runs, the others wait for its
answer. Behind it stand the hold, which one payment has at a time, and the intent,
which takes money once.
"""

from collections import Counter
from functools import partial

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from payments.models import LedgerEntry, Order, OrderStatus
from tests import factories as make
from tests.concurrency.racing import race
from tests.crash.dying import assert_provider_and_books_agree
from tests.paying import assert_books_are_right, at_provider, charged, held, token
from ticketapp import idempotency

pytestmark = pytest.mark.django_db(transaction=True)
COPIES = 50


def hold_for_tonight():
    return held(now=timezone.now(), event=make.tonight())


def place(hold, card, *, key="once"):
    client = APIClient()
    client.force_authenticate(hold.user)
    body = {"hold": str(hold.pk), "payment_method": card}
    return client.post("/api/v1/orders", body, headers={"Idempotency-Key": key})


def fifty_copies_buy_once() -> None:
    hold, card = hold_for_tonight(), token()

    answers = race([partial(place, hold, card)] * COPIES)

    told = Counter(
        (answer.status_code, answer.json().get("code", answer.json()["status"]))
        for answer in answers
    )
    assert set(told) <= {(201, "paid"), (409, "request_in_progress")}, told
    assert len({a.content for a in answers if a.status_code == 201}) == 1
    replayed = place(hold, card)
    assert (replayed.status_code, replayed.json()["status"]) == (201, "paid")
    assert replayed["Idempotent-Replayed"] == "true"
    assert charged() == [hold.total_amount]


def test_fifty_copies_at_once_make_one_order_and_one_charge():
    fifty_copies_buy_once()

    assert Order.objects.get().status == OrderStatus.PAID
    assert LedgerEntry.objects.count() == 1
    assert len(at_provider("payment_intent")) == 1
    assert_books_are_right(timezone.now())
    assert_provider_and_books_agree()


def test_without_the_lease_on_the_key_the_copies_run_beside_each_other(monkeypatch):
    """And yet one is charged: the hold and the intent see to that."""
    take_lease = idempotency.Attempt.take_lease
    monkeypatch.setattr(
        idempotency.Attempt,
        "take_lease",
        lambda attempt, until: take_lease(attempt, until) or 0,
    )

    with pytest.raises(AssertionError):
        fifty_copies_buy_once()

    assert len(charged()) == 1
    assert_books_are_right(timezone.now())


def test_a_lost_answer_can_be_asked_for_again_after_everything_has_gone_on():
    hold, card = hold_for_tonight(), token()
    lost = place(hold, card)

    again = [place(hold, card) for _ in range(3)]

    assert {answer.content for answer in again} == {lost.content}
    assert len(charged()) == 1


def test_the_same_key_of_two_buyers_is_two_keys():
    first, second = hold_for_tonight(), hold_for_tonight()

    answers = race([partial(place, hold, token()) for hold in (first, second)])

    assert [answer.status_code for answer in answers] == [201, 201]
    assert len({answer.json()["id"] for answer in answers}) == 2
    assert charged() == [first.total_amount, second.total_amount]
    assert_books_are_right(timezone.now())


def test_the_same_key_for_another_card_is_refused_and_charges_nothing():
    hold = hold_for_tonight()
    paid = place(hold, token())

    other = place(hold, token())

    assert (paid.status_code, other.status_code) == (201, 422)
    assert other.json()["code"] == "idempotency_key_reused"
    assert len(charged()) == 1
