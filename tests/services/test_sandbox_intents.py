"""What may happen to an intent at the sandbox, as at Stripe."""

import pytest

from tests.paying import (
    ALWAYS_ASKS,
    ASKS_UNLESS_SAVED,
    answer_challenge,
    ask,
    at_provider,
    token,
)
from tests.sandbox import confirm, customer, intent, paid

pytestmark = pytest.mark.django_db


def test_an_intent_takes_money_once():
    opened = intent()
    confirm(opened["id"])

    status, body, _ = confirm(opened["id"])

    assert status == 400
    assert body["error"]["code"] == "payment_intent_unexpected_state"
    assert body["error"]["payment_intent"]["status"] == "succeeded"
    assert len(at_provider("charge")) == 1


def test_a_paid_intent_cannot_be_cancelled_nor_a_cancelled_one_paid():
    done, dropped = paid(), intent()
    ask("POST", f"/v1/payment_intents/{dropped['id']}/cancel")

    refused = ask("POST", f"/v1/payment_intents/{done['id']}/cancel")
    confirmed = confirm(dropped["id"])

    for status, body, _ in [refused, confirmed]:
        assert status == 400
        assert body["error"]["code"] == "payment_intent_unexpected_state"


def test_a_challenged_intent_waits_and_cannot_be_confirmed_meanwhile():
    opened = intent()

    status, body, _ = confirm(opened["id"], ALWAYS_ASKS, return_url="https://a.example")
    again = confirm(opened["id"])

    assert (status, body["status"]) == (200, "requires_action")
    assert body["next_action"]["type"] == "redirect_to_url"
    assert again[0] == 400
    answer_challenge(body["next_action"]["redirect_to_url"]["url"])
    assert at_provider("payment_intent")[0]["status"] == "succeeded"
    details = at_provider("charge")[0]["payment_method_details"]["card"]
    assert details["three_d_secure"]["result"] == "authenticated"


def test_a_failed_challenge_is_a_decline():
    body = confirm(intent()["id"], ALWAYS_ASKS)[1]

    answer_challenge(body["next_action"]["redirect_to_url"]["url"], passed=False)

    failed = at_provider("payment_intent")[0]
    assert failed["status"] == "requires_payment_method"
    error = failed["last_payment_error"]
    assert error["code"] == "payment_intent_authentication_failure"


def test_some_cards_decline_after_the_challenge():
    body = confirm(intent()["id"], "4000008260003178")[1]

    answer_challenge(body["next_action"]["redirect_to_url"]["url"])

    error = at_provider("payment_intent")[0]["last_payment_error"]
    assert error["decline_code"] == "insufficient_funds"


def test_off_session_a_card_that_asks_is_declined_unless_it_was_set_up():
    who = customer()
    fresh, kept = token(ASKS_UNLESS_SAVED), token(ASKS_UNLESS_SAVED)
    params = {"customer": who, "payment_method": kept, "confirm": "true"}
    setup = ask("POST", "/v1/setup_intents", params)[1]
    answer_challenge(setup["next_action"]["redirect_to_url"]["url"])
    opened = intent(customer=who)
    off = {"off_session": "true"}

    refused = confirm(opened["id"], payment_method=fresh, **off)
    taken = confirm(opened["id"], payment_method=kept, **off)

    assert refused[0] == 402
    assert refused[1]["error"]["code"] == "authentication_required"
    assert (taken[0], taken[1]["status"]) == (200, "succeeded")


def test_a_card_used_without_a_customer_is_used_up():
    card = token()
    confirm(intent()["id"], payment_method=card)

    status, body, _ = confirm(intent()["id"], payment_method=card)

    assert (status, set(body["error"])) == (400, {"type", "message"})


def test_a_kept_card_pays_only_its_own_customers_intents():
    who, card = customer(), token()
    saving = {"payment_method": card, "setup_future_usage": "off_session"}
    confirm(intent(customer=who)["id"], **saving)

    strange = confirm(intent()["id"], payment_method=card)
    own = confirm(intent(customer=who)["id"], payment_method=card)

    assert (strange[0], own[0]) == (400, 200)


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"amount": 29}, "amount_too_small"),
        ({"amount": 100_000_000}, "amount_too_large"),
        ({"amount": "12.5"}, "parameter_invalid_integer"),
        ({"amount": -5}, "parameter_invalid_integer"),
        ({"amount": ""}, "parameter_missing"),
    ],
)
def test_an_amount_that_cannot_be_charged_is_refused(params, code):
    full = {"amount": 5000, "currency": "gbp"} | params

    status, body, _ = ask("POST", "/v1/payment_intents", full)

    assert (status, body["error"]["code"]) == (400, code)


def test_an_unknown_object_is_404_in_the_address_and_400_in_the_body():
    assert ask("GET", "/v1/payment_intents/pi_nope")[0] == 404
    assert confirm(intent()["id"], payment_method="pm_nope")[0] == 400
    assert ask("GET", "/v1/nonsense")[0] == 404
