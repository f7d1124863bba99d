"""Cancelling an order: what a refusal says can be done is what then works."""

import pytest
from django.utils import timezone

from payments.gateways.sandbox.switches import switched
from payments.models import Order
from payments.services import asking
from tests.ordering import ORDERS, place
from tests.paying import (
    ALWAYS_ASKS,
    DECLINED,
    assert_books_are_right,
    at_provider,
)

pytestmark = pytest.mark.django_db


def cancel(api, order):
    return api.post(f"{ORDERS}/{order.pk}/cancel")


def test_while_the_bank_decides_there_is_only_waiting(api, hold):
    with switched(processing=True):
        place(api, hold, "4242424242424242")
    order = Order.objects.get()

    answer = cancel(api, order)

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "payment_in_progress")
    assert (problem["action"], problem["retry_after"]) == ("wait", 10)
    assert "bank has not decided" in problem["detail"]
    # Asking again would not help, and what is waited for does come.
    assert cancel(api, order).json()["action"] == "wait"
    [intent] = at_provider("payment_intent")
    assert intent["status"] == "processing"


def test_a_payment_begun_meanwhile_is_cancelled_by_asking_again(api, hold, monkeypatch):
    place(api, hold, DECLINED)
    order, ask = Order.objects.get(), asking.cancel_payment

    def while_another_device_pays(**wish):
        monkeypatch.setattr(asking, "cancel_payment", ask)
        ask(**wish)
        place(api, hold, ALWAYS_ASKS)

    monkeypatch.setattr(asking, "cancel_payment", while_another_device_pays)
    answer = cancel(api, order)

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "payment_in_progress")
    assert (problem["action"], problem["retry_after"]) == ("retry", 1)
    assert "Cancel the order again" in problem["detail"]
    assert cancel(api, order).json()["status"] == "cancelled"
    assert [i["status"] for i in at_provider("payment_intent")] == ["canceled"] * 2
    assert_books_are_right(timezone.now())
