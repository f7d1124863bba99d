"""Case 5. A double tap, two devices, a reply that was lost.

The same key gives the same answer; two devices that pay for one hold charge once,
and the slower one is told so in plain words; a declined card never leaves a
second intent that could take money.

The guards: the lease on the hold (`inventory.start_paying`), without which the
slower device meets a bug instead of an answer; and the one open payment of an
order (the constraint `payments_payment_is_one_live_per_order`), which refuses a
second one whoever asks.
"""

from datetime import timedelta
from functools import partial

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from rest_framework.test import APIClient

from inventory import services as inventory
from inventory.models import Hold, HoldStatus
from payments import services
from payments.models import Order, OrderStatus, Payment
from tests import factories as make
from tests.concurrency.racing import ROUNDS, breaks_within, race
from tests.crash.dying import assert_provider_and_books_agree
from tests.factories import NOON
from tests.paying import (
    DECLINED,
    assert_books_are_right,
    at_provider,
    challenged,
    held,
    order,
    token,
)

pytestmark = pytest.mark.django_db(transaction=True)


def charges() -> list[dict]:
    return [c for c in at_provider("charge") if c["status"] == "succeeded"]


def two_devices_pay_for_one_hold() -> None:
    hold = held()
    pay = [partial(order, hold, payment_method=token()) for _ in range(2)]
    before = len(charges())

    outcomes = race(pay)

    paid = [found for found in outcomes if isinstance(found, Order)]
    refused = [found for found in outcomes if not isinstance(found, Order)]
    assert paid
    assert all(isinstance(r, services.PaymentInProgress) for r in refused), refused
    assert len(charges()) == before + 1
    assert Order.objects.get(hold=hold).status == OrderStatus.PAID
    assert_provider_and_books_agree()
    assert_books_are_right()


def test_case_05_two_devices_charge_once():
    for _ in range(5):
        two_devices_pay_for_one_hold()


def test_case_05_without_the_lease_the_slower_device_meets_a_bug(monkeypatch):
    def take_without_asking(*, hold, now, lease):
        Hold.objects.filter(pk=hold.pk, status=HoldStatus.ACTIVE).update(
            status=HoldStatus.PAYING, lease_until=now + lease
        )
        hold.refresh_from_db()
        return hold

    monkeypatch.setattr(inventory, "start_paying", take_without_asking)

    assert breaks_within(ROUNDS, two_devices_pay_for_one_hold)


def test_case_05_two_devices_with_other_cards_after_a_decline_charge_once():
    hold = held()
    with pytest.raises(services.CardDeclined):
        order(hold, DECLINED)
    placed = Order.objects.get()

    outcomes = race(
        partial(services.pay_order, order=placed, payment_method=token(), now=NOON)
        for _ in range(4)
    )

    refused = [found for found in outcomes if not isinstance(found, Order)]
    assert all(isinstance(r, services.PaymentInProgress) for r in refused), refused
    assert len(charges()) == 1
    assert_books_are_right()


def test_case_05_giving_a_challenge_up_on_two_devices_charges_once():
    placed = challenged(held())

    outcomes = race(
        partial(services.pay_order, order=placed, payment_method=token(), now=NOON)
        for _ in range(3)
    )

    kinds = (Order, services.PaymentInProgress)
    assert all(isinstance(found, kinds) for found in outcomes), outcomes
    assert len(charges()) == 1
    open_intents = {intent["status"] for intent in at_provider("payment_intent")}
    assert open_intents == {"canceled", "succeeded"}
    assert_books_are_right()


def test_case_05_a_second_payment_that_could_take_money_is_refused():
    with pytest.raises(services.CardDeclined):
        order(held(), DECLINED)
    placed = Order.objects.get()

    with pytest.raises(IntegrityError), transaction.atomic():
        Payment.objects.create(order=placed, amount=5000, currency="GBP")

    assert placed.payments.count() == 1


def test_case_05_fifty_replays_of_one_request_make_one_charge():
    now = timezone.now()
    tonight = make.event(starts_at=now + timedelta(hours=5), sales_close_at=None)
    hold = held(now=now, event=tonight)
    body = {"hold": str(hold.pk), "payment_method": token()}

    def send():
        client = APIClient()
        client.force_authenticate(hold.user)
        return client.post(
            "/api/v1/orders", body, headers={"Idempotency-Key": "one tap"}
        )

    answers = [answer for _ in range(5) for answer in race([send] * 10)]

    told = {answer.status_code for answer in answers}
    assert told <= {201, 409}
    assert answers[-1].status_code == 201
    replayed = {a.json()["id"] for a in answers if a.status_code == 201}
    assert replayed == {str(Order.objects.get().pk)}
    assert {a.json()["code"] for a in answers if a.status_code == 409} <= {
        "request_in_progress"
    }
    assert len(charges()) == 1


def test_case_05_the_same_key_of_two_accounts_is_two_keys():
    now = timezone.now()
    tonight = make.event(starts_at=now + timedelta(hours=5), sales_close_at=None)
    statuses = []

    for hold in [held(now=now, event=tonight) for _ in range(2)]:
        client = APIClient()
        client.force_authenticate(hold.user)
        body = {"hold": str(hold.pk), "payment_method": token()}
        answer = client.post(
            "/api/v1/orders", body, headers={"Idempotency-Key": "the same"}
        )
        statuses.append(answer.status_code)

    assert statuses == [201, 201]
    assert len(charges()) == 2
