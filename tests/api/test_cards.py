"""Cards that are kept, with an order or without, and the form that takes them."""

from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from payments import services
from payments.gateways.sandbox.switches import outage
from payments.models import CardSetup, Order, SavedCard, StripeEvent
from tests import factories as make
from tests.keeping import detach
from tests.ordering import CARDS, ORDERS, hold_for, place
from tests.paying import (
    ALWAYS_ASKS,
    DECLINED,
    VISA,
    answer_challenge,
    deliver,
    token,
    typed,
)

pytestmark = pytest.mark.django_db


# Cards


def test_a_card_is_kept_while_paying_only_when_the_buyer_says_so(api, buyer, tonight):
    place(api, hold_for(buyer, tonight))
    assert api.get(CARDS).json()["results"] == []

    place(api, hold_for(buyer), save_card=True)

    [card] = api.get(CARDS).json()["results"]
    assert (card["brand"], card["last4"], card["is_default"]) == ("visa", "4242", True)
    assert card["expired"] is False


def test_a_kept_card_pays_in_one_tap(api, buyer, tonight):
    place(api, hold_for(buyer, tonight), save_card=True)
    [card] = api.get(CARDS).json()["results"]
    hold = hold_for(buyer)

    answer = api.post(ORDERS, {"hold": str(hold.pk), "payment_method": card["id"]})

    assert (answer.status_code, answer.json()["status"]) == (201, "paid")
    assert SavedCard.objects.count() == 1


@pytest.mark.parametrize("gone", ["removed", "expired", "foreign", "unknown"])
def test_a_card_that_is_gone_does_not_pay(api, buyer, hold, gone):
    card = SavedCard.objects.create(
        user=make.buyer() if gone == "foreign" else buyer,
        provider_id="pm_1",
        brand="visa",
        last4="4242",
        exp_month=1,
        exp_year=2020 if gone == "expired" else 2040,
        consented_at=timezone.now(),
        removed_at=timezone.now() if gone == "removed" else None,
    )
    card_id = str(uuid4() if gone == "unknown" else card.pk)

    answer = api.post(ORDERS, {"hold": str(hold.pk), "payment_method": card_id})

    assert (answer.status_code, answer.json()["code"]) == (409, "saved_card_gone")
    assert not Order.objects.exists()


def test_a_card_that_the_provider_has_detached_is_refused_and_not_offered_again(
    api, hold
):
    api.post(f"{CARDS}/setup", {"payment_method": token()})
    detach(SavedCard.objects.get())
    paying = {"hold": str(hold.pk), "payment_method": str(SavedCard.objects.get().pk)}

    answer = api.post(ORDERS, paying)

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "saved_card_gone")
    assert problem["action"] == "use_another_card"
    assert "You have not been charged" in problem["detail"]
    assert [card["usable"] for card in api.get(CARDS).json()["results"]] == [False]
    again = api.post(ORDERS, paying | {"payment_method": token()})
    assert (again.status_code, again.json()["status"]) == (201, "paid")


def test_a_card_can_be_kept_without_buying(api):
    answer = api.post(f"{CARDS}/setup", {"payment_method": token()})

    assert (answer.status_code, answer.json()["status"]) == (201, "succeeded")
    [card] = api.get(CARDS).json()["results"]
    assert answer.json()["card"] == card["id"]


def test_keeping_a_card_may_need_the_bank(api):
    setup = api.post(f"{CARDS}/setup", {"payment_method": token(ALWAYS_ASKS)}).json()
    assert (setup["status"], setup["card"]) == ("requires_action", None)
    answer_challenge(setup["next_action"]["url"])
    deliver()
    services.process_events(now=timezone.now(), limit=10)

    setup = api.get(f"{CARDS}/setup/{setup['id']}").json()

    [card] = api.get(CARDS).json()["results"]
    assert (setup["status"], setup["card"]) == ("succeeded", card["id"])


def test_a_card_that_was_kept_without_our_hearing_it_is_found_by_the_news(api):
    with outage("after", "POST /v1/setup_intents"):
        lost = api.post(f"{CARDS}/setup", {"payment_method": token()})
    assert lost.status_code == 503
    assert api.get(CARDS).json()["results"] == []
    deliver()

    services.process_events(now=timezone.now(), limit=10)

    [card] = api.get(CARDS).json()["results"]
    assert card["last4"] == "4242"
    assert not StripeEvent.objects.filter(processed_at=None).exists()


def test_a_card_that_the_bank_refuses_is_not_kept(api):
    answer = api.post(f"{CARDS}/setup", {"payment_method": token(DECLINED)})

    assert (answer.status_code, answer.json()["code"]) == (402, "card_not_kept")
    assert api.get(CARDS).json()["results"] == []
    assert CardSetup.objects.get().status == "failed"


def test_one_card_is_the_default_and_can_be_changed(api):
    for number in [VISA, "5555555555554444"]:
        api.post(f"{CARDS}/setup", {"payment_method": token(number)})
    second, first = api.get(CARDS).json()["results"]
    assert (first["is_default"], second["is_default"]) == (True, False)

    answer = api.post(f"{CARDS}/{second['id']}/default")

    assert answer.json()["is_default"] is True
    assert SavedCard.objects.get(is_default=True).last4 == "4444"


# The card form


def test_the_card_form_is_told_where_to_send_the_card(anonymous):
    config = anonymous.get("/api/v1/payments/config").json()

    assert config["provider"] == "sandbox"
    assert config["tokenize_url"] == reverse("sandbox-tokenise")
    assert {"number": VISA, "label": "Succeeds"} in config["test_cards"]


def test_the_form_trades_a_card_for_a_token(client):
    def send(**changes):
        form = typed(VISA) | {"key": "pk_test_sandbox"} | changes
        return client.post(
            "/sandbox/v1/payment_methods",
            urlencode(form),
            content_type="application/x-www-form-urlencoded",
        )

    traded, mistyped = send(), send(**{"card[number]": "4242424242424241"})

    assert traded.status_code == 200
    assert traded.json()["card"]["last4"] == "4242"
    assert mistyped.status_code == 402
    assert mistyped.json()["error"]["code"] == "incorrect_number"
    assert send(key="").status_code == 401


def test_the_challenge_page_needs_the_secret_and_can_stand_in_our_frame(
    api, hold, client
):
    url = place(api, hold, ALWAYS_ASKS).json()["payment"]["next_action"]["url"]

    page = client.get(url)
    stranger = client.get(url.replace("client_secret=", "client_secret=x"))

    assert page.status_code == 200
    assert "£53.00" in page.content.decode()
    assert page["X-Frame-Options"] == "SAMEORIGIN"
    assert stranger.status_code == 404


def test_a_failed_challenge_is_told_as_a_decline(api, hold, client):
    body = place(api, hold, ALWAYS_ASKS).json()
    url = body["payment"]["next_action"]["url"]

    done = client.post(url, {"answer": "fail"})
    deliver()
    services.process_events(now=timezone.now(), limit=10)

    assert "challenge.js" in done.content.decode()
    payment = api.get(f"{ORDERS}/{body['id']}").json()["payment"]
    assert payment["status"] == "cancelled"
    assert "could not confirm that it is you" in payment["decline"].pop("message")
    assert payment["decline"] == {
        "code": "payment_intent_authentication_failure",
        "action": "authenticate_payment",
        "charged": False,
    }
