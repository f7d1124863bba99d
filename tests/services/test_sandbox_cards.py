"""The sandbox's cards: typed into the form, declined, detached."""

import json

import pytest

from payments.gateways.sandbox import cards
from payments.models import SandboxEvent, SandboxObject
from tests.paying import (
    DECLINED,
    NO_FUNDS,
    PUBLISHABLE,
    VISA,
    ask,
    at_provider,
    token,
    typed,
)
from tests.sandbox import confirm, event_types, intent

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("number", ["4242 4242 4242 4242", "5555555555554444"])
def test_a_typed_card_becomes_a_payment_method_without_its_number(number):
    status, body, _ = ask("POST", "/v1/payment_methods", typed(number), **PUBLISHABLE)

    assert status == 200
    assert body["id"].startswith("pm_")
    assert body["card"]["last4"] == number[-4:]
    stored = json.dumps(list(SandboxObject.objects.values()), default=str)
    assert number.replace(" ", "") not in stored


@pytest.mark.parametrize(
    ("card", "code"),
    [
        ({"number": "4242424242424241"}, "incorrect_number"),
        ({"number": "abc"}, "incorrect_number"),
        ({"number": VISA, "exp_month": "13"}, "invalid_expiry_month"),
        ({"number": VISA, "exp_year": "2019"}, "invalid_expiry_year"),
        ({"number": VISA, "cvc": "12"}, "invalid_cvc"),
        ({"number": "4111111111111111"}, "card_declined"),
    ],
)
def test_a_card_that_is_typed_wrong_or_real_is_refused(card, code):
    status, body, _ = ask("POST", "/v1/payment_methods", typed(**card), **PUBLISHABLE)

    assert status == 402
    assert (body["error"]["type"], body["error"]["code"]) == ("card_error", code)
    assert not SandboxObject.objects.exists()


def test_a_page_may_only_make_payment_methods():
    assert ask("POST", "/v1/refunds", {}, **PUBLISHABLE)[0] == 403
    assert ask("GET", "/v1/balance", {}, Authorization="")[0] == 401


def test_every_test_card_has_a_right_check_digit_and_a_name_of_its_own():
    assert all(cards.passes_luhn(card.number) for card in cards.CARDS)
    assert len(cards.BY_BEHAVIOUR) == len(cards.CARDS)


@pytest.mark.parametrize(
    ("number", "code", "decline_code"),
    [
        (DECLINED, "card_declined", "generic_decline"),
        (NO_FUNDS, "card_declined", "insufficient_funds"),
        ("4000000000009987", "card_declined", "lost_card"),
        ("4000000000009979", "card_declined", "stolen_card"),
        ("4000000000000069", "expired_card", None),
        ("4000000000000127", "incorrect_cvc", None),
        ("4000000000000119", "processing_error", None),
    ],
)
def test_a_decline_says_why_and_waits_for_another_card(number, code, decline_code):
    opened = intent()

    status, body, _ = confirm(opened["id"], number)

    error = body["error"]
    assert (status, error["type"], error["code"]) == (402, "card_error", code)
    assert error.get("decline_code") == decline_code
    assert error["payment_intent"]["status"] == "requires_payment_method"
    assert error["payment_intent"]["last_payment_error"]["code"] == code
    assert [charge["status"] for charge in at_provider("charge")] == ["failed"]
    assert event_types()[-1] == "payment_intent.payment_failed"
    assert confirm(opened["id"])[1]["status"] == "succeeded"


def test_a_detached_card_is_told_of_with_the_customer_it_had_and_is_used_up():
    """As Stripe's: the refusal has neither a code nor the name of a parameter."""
    customer = ask("POST", "/v1/customers", {"email": "a@example.com"})[1]["id"]
    method = token()
    ask("POST", f"/v1/payment_methods/{method}/attach", {"customer": customer})

    status, detached, _ = ask("POST", f"/v1/payment_methods/{method}/detach")

    assert (status, detached["customer"]) == (200, None)
    event = SandboxEvent.objects.get(type="payment_method.detached")
    assert event.payload["data"]["object"] == detached
    assert event.payload["data"]["previous_attributes"] == {"customer": customer}
    opened = intent(customer=customer)["id"]
    status, refusal, _ = confirm(opened, payment_method=method)
    assert (status, set(refusal["error"])) == (400, {"type", "message"})
    assert refusal["error"]["type"] == "invalid_request_error"
