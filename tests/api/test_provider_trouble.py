"""What a buyer is told when the payment provider says no, or nothing."""

import pytest
from django.utils import timezone

from inventory.models import HoldStatus
from payments.gateways.sandbox.switches import refusing
from payments.models import Order
from tests.ordering import ORDERS, hold_for
from tests.paying import assert_books_are_right, at_provider, token

pytestmark = pytest.mark.django_db
CREATE = "POST /v1/payment_intents"


@pytest.fixture
def place(api):
    """Order a hold, each time with the same card and under the same key."""
    card = token()

    def send(hold):
        body = {"hold": str(hold.pk), "payment_method": card}
        return api.post(ORDERS, body, headers={"Idempotency-Key": "once"})

    return send


def told(answer):
    problem = answer.json()
    return (
        answer.status_code,
        problem["code"],
        problem["action"],
        answer.get("Retry-After"),
    )


def assert_nothing_was_charged(hold):
    hold.refresh_from_db()
    assert hold.status == HoldStatus.ACTIVE
    assert not at_provider("charge")
    assert_books_are_right(timezone.now())


def test_an_amount_no_card_is_charged_is_a_409_that_says_so(place, buyer):
    hold = hold_for(buyer, quantity=1, unit_amount=20)

    answer = place(hold)

    assert told(answer) == (409, "amount_not_payable", "contact_support", None)
    assert answer.json()["meta"] == {"reason": "amount_too_small"}
    assert "so small or so large an amount" in answer.json()["detail"]
    assert_nothing_was_charged(hold)


def test_any_other_refusal_is_a_409_for_support(place, hold):
    with refusing(CREATE, 400, code="currency_not_supported"):
        answer = place(hold)

    assert told(answer) == (409, "payment_refused", "contact_support", None)
    assert_nothing_was_charged(hold)


@pytest.mark.parametrize("call", [CREATE, "/confirm"])
@pytest.mark.parametrize("status", [401, 403])
def test_a_shop_that_may_not_take_cards_says_so_and_a_repeat_is_a_new_try(
    place, hold, call, status
):
    with refusing(call, status):
        answer = place(hold)

    assert told(answer) == (503, "cards_not_taken", "contact_support", "300")
    assert "You have not been charged" in answer.json()["detail"]
    hold.refresh_from_db()
    assert hold.status == HoldStatus.ACTIVE
    assert not at_provider("charge")
    assert place(hold).status_code == 201


@pytest.mark.parametrize("status", [500, 503, 409, 429])
def test_trouble_before_the_card_is_asked_is_a_503_that_may_be_repeated(
    place, hold, status
):
    with refusing(CREATE, status, code="lock_timeout"):
        answer = place(hold)

    assert told(answer) == (503, "payment_unavailable", "retry", "5")
    assert_nothing_was_charged(hold)
    assert place(hold).json()["status"] == "paid"


@pytest.mark.parametrize("status", [500, 503, 409, 429])
def test_trouble_while_the_card_is_asked_is_told_as_processing(place, hold, status):
    with refusing("/confirm", status, code="lock_timeout"):
        answer = place(hold)

    body = answer.json()
    assert (answer.status_code, body["status"]) == (201, "pending")
    assert body["payment"]["status"] == "processing"
    hold.refresh_from_db()
    assert hold.status == HoldStatus.PAYING


def test_what_cannot_be_asked_about_is_not_cancelled(api, place, hold):
    with refusing("/confirm", 500):
        order_id = place(hold).json()["id"]

    with refusing("/cancel", 404, code="resource_missing"):
        answer = api.post(f"/api/v1/orders/{order_id}/cancel")

    assert told(answer) == (503, "payment_unknown", "contact_support", "300")
    assert Order.objects.get().status == "pending"


def test_keeping_a_card_meets_the_same_refusals(api):
    with refusing("/v1/customers", 401):
        closed = api.post("/api/v1/payment-methods/setup", {"payment_method": token()})
    with refusing("/v1/setup_intents", 404, code="resource_missing"):
        gone = api.post("/api/v1/payment-methods/setup", {"payment_method": token()})

    assert told(closed) == (503, "cards_not_taken", "contact_support", "300")
    assert told(gone) == (409, "payment_refused", "contact_support", None)
