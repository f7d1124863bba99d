"""The sandbox answers as Stripe does, where our money rules lean on it."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from payments.gateways.sandbox import api, calls, cards, post, rows
from payments.gateways.sandbox.switches import switched
from payments.models import SandboxEvent, SandboxKey, SandboxObject
from tests.paying import (
    ALWAYS_ASKS,
    ASKS_UNLESS_SAVED,
    DECLINED,
    DISPUTED,
    NO_FUNDS,
    PUBLISHABLE,
    REFUND_FAILS,
    REFUND_PENDS,
    VISA,
    answer_challenge,
    ask,
    at_provider,
    token,
    typed,
)

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
LATER = timedelta(minutes=1)


def intent(**params) -> dict:
    params = {"amount": 5000, "currency": "gbp"} | params
    status, body, _ = ask("POST", "/v1/payment_intents", params)
    assert status == 200, body
    return body


def confirm(id_: str, number: str = VISA, *, key: str = "", **params):
    params = {"payment_method": token(number)} | params
    return ask("POST", f"/v1/payment_intents/{id_}/confirm", params, key=key)


def paid(number: str = VISA, **params) -> dict:
    status, body, _ = confirm(intent(**params)["id"], number)
    assert (status, body["status"]) == (200, "succeeded")
    return body


def customer() -> str:
    return ask("POST", "/v1/customers", {"email": "a@example.com"})[1]["id"]


def event_types() -> list[str]:
    found = SandboxEvent.objects.order_by("created_at")
    return list(found.values_list("type", flat=True))


# Cards


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


# Intents


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


# Idempotency


def test_the_same_key_gives_the_same_answer_also_of_a_decline():
    opened, card = intent(), token(DECLINED)

    first = confirm(opened["id"], payment_method=card, key="k")
    again = confirm(opened["id"], payment_method=card, key="k")

    assert first[:2] == again[:2]
    assert again[2]["Idempotent-Replayed"] == "true"
    assert len(at_provider("charge")) == 1


def test_a_key_with_another_body_or_address_is_refused():
    ask("POST", "/v1/customers", {"email": "a@example.com"}, key="k")

    other_body = ask("POST", "/v1/customers", {"email": "b@example.com"}, key="k")
    other_path = ask("POST", "/v1/refunds", {"email": "a@example.com"}, key="k")

    for status, body, _ in [other_body, other_path]:
        assert (status, body["error"]["type"]) == (400, "idempotency_error")
    assert len(at_provider("customer")) == 1


def test_opening_an_intent_is_one_statement(django_assert_num_queries):
    params = {"amount": 5000, "currency": "gbp", "customer": customer()}

    with django_assert_num_queries(1):
        ask("POST", "/v1/payment_intents", params, key="k")


def test_paying_with_a_card_is_two_statements(django_assert_num_queries):
    path, card = f"/v1/payment_intents/{intent()['id']}/confirm", token()

    with django_assert_num_queries(2):
        _, body, _ = ask("POST", path, {"payment_method": card}, key="k")

    assert body["status"] == "succeeded"


def test_an_intent_of_a_customer_that_is_not_there_is_refused_for_good():
    params = {"amount": 5000, "currency": "gbp", "customer": "cus_nope"}

    first, again = [ask("POST", "/v1/payment_intents", params, key="k") for _ in "12"]

    assert (first[0], first[1]["error"]["code"]) == (400, "resource_missing")
    assert again[2]["Idempotent-Replayed"] == "true"
    assert not SandboxObject.objects.exists()


def test_a_key_tells_its_answer_before_what_is_wrong_by_now():
    opened = intent()
    body = {"payment_method": token(DECLINED)}
    first = confirm(opened["id"], key="k", **body)
    SandboxObject.objects.filter(pk=body["payment_method"]).update(used_up=True)

    again = confirm(opened["id"], key="k", **body)

    assert first[:2] == again[:2]


def test_nothing_is_written_under_a_key_that_has_an_answer():
    ask("POST", "/v1/customers", {"email": "a@example.com"}, key="k")
    made = rows.Record("cus_2", "customer", {})
    again = rows.Answered("k", "", 200, "other")

    assert not rows.write([made], [], again, now=timezone.now())

    assert not SandboxObject.objects.filter(pk="cus_2").exists()
    assert SandboxKey.objects.get().body != "other"


def test_a_key_is_forgotten_after_a_day():
    def create(now):
        headers = {"Authorization": "Bearer sk_test", "Idempotency-Key": "k"}
        return api.answer("POST", "/v1/customers", "", headers, now=now)[0]

    now = timezone.now()
    first, within, after = [
        create(now + timedelta(hours=hours)) for hours in (0, 23, 25)
    ]

    assert first == within != after


def test_what_was_refused_before_it_began_is_not_remembered():
    assert ask("POST", "/v1/payment_intents", {"amount": 0}, key="k")[0] == 400

    right = {"amount": 5000, "currency": "gbp"}

    assert ask("POST", "/v1/payment_intents", right, key="k")[0] == 200


# Refunds


def test_refunds_never_exceed_the_charge():
    done = paid()

    def refund(**params):
        return ask("POST", "/v1/refunds", {"payment_intent": done["id"], **params})

    part, above, rest, more = (
        refund(amount=2000),
        refund(amount=3001),
        refund(),
        refund(),
    )

    assert (part[0], rest[0]) == (200, 200)
    assert rest[1]["amount"] == 3000
    assert (above[0], above[1]["error"]["code"]) == (400, "amount_too_large")
    assert (more[0], more[1]["error"]["code"]) == (400, "charge_already_refunded")
    assert at_provider("charge")[0]["refunded"] is True


def test_an_unpaid_intent_is_not_refundable():
    assert ask("POST", "/v1/refunds", {"payment_intent": intent()["id"]})[0] == 400


def test_a_refund_can_fail_later():
    done = paid(REFUND_FAILS)
    ask("POST", "/v1/refunds", {"payment_intent": done["id"]})

    post.let_mature(now=timezone.now() + LATER, limit=10)

    [refund] = at_provider("refund")
    assert (refund["status"], at_provider("charge")[0]["amount_refunded"]) == (
        "failed",
        0,
    )
    # Both of the same moment, so in no order.
    assert sorted(event_types()[-2:]) == ["refund.failed", "refund.updated"]


def test_a_refund_can_take_its_time():
    done = paid(REFUND_PENDS)
    status = ask("POST", "/v1/refunds", {"payment_intent": done["id"]})[1]["status"]

    post.let_mature(now=timezone.now() + LATER, limit=10)

    assert (status, at_provider("refund")[0]["status"]) == ("pending", "succeeded")


def test_a_short_balance_refuses_refunds():
    done = paid()

    with switched(balance_is_short=True):
        status, body, _ = ask("POST", "/v1/refunds", {"payment_intent": done["id"]})

    assert (status, body["error"]["code"]) == (400, "balance_insufficient")
    assert not at_provider("refund")


# Disputes


@pytest.mark.parametrize(("word", "balance"), [("winning", 5000), ("losing", 0)])
def test_a_dispute_takes_the_money_until_it_is_won(word, balance):
    done = paid(DISPUTED)
    post.let_mature(now=timezone.now() + LATER, limit=10)
    [dispute] = at_provider("dispute")
    refund = ask("POST", "/v1/refunds", {"payment_intent": done["id"]})
    evidence = {"evidence[uncategorized_text]": f"{word}_evidence"}

    status, body, _ = ask("POST", f"/v1/disputes/{dispute['id']}", evidence)

    assert dispute["status"] == "needs_response"
    assert refund[1]["error"]["code"] == "charge_disputed"
    assert (status, body["status"]) == (200, "won" if balance else "lost")
    [available] = ask("GET", "/v1/balance")[1]["available"]
    assert available["amount"] == balance


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


def test_an_answer_that_came_first_is_not_overwritten():
    params = {"amount": 500, "currency": "gbp"}
    first = ask("POST", "/v1/payment_intents", params, key="k")[1]
    late = calls.Call(method="POST", path="/v1/refunds", params={}, now=timezone.now())

    written = late.write(rows.Answered("k", "", 200, ""))

    again = ask("POST", "/v1/payment_intents", params, key="k")[1]
    assert (written, again["id"]) == (False, first["id"])


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
