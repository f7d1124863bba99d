"""A card is kept once, however often it is typed, and forgotten altogether."""

from datetime import timedelta

import pytest
from django.utils import timezone

from payments import services
from payments.gateways.sandbox.switches import outage, refusing
from payments.models import Incident, SavedCard, StripeEvent
from tests.factories import NOON
from tests.keeping import MASTERCARD, detach, hear
from tests.ordering import CARDS
from tests.paying import ALWAYS_ASKS, VISA, answer_challenge, at_provider, token

pytestmark = pytest.mark.django_db


def keep(api, number: str = VISA) -> None:
    assert api.post(f"{CARDS}/setup", {"payment_method": token(number)}).status_code


def kept(api) -> list[dict]:
    return api.get(CARDS).json()["results"]


def test_keeping_the_same_card_again_names_the_one_that_is_listed(api):
    setups = [
        api.post(f"{CARDS}/setup", {"payment_method": token()}).json() for _ in range(2)
    ]

    [card] = kept(api)
    assert [setup["card"] for setup in setups] == [card["id"]] * 2


def test_a_setup_does_not_name_a_card_that_was_removed(api):
    setup = api.post(f"{CARDS}/setup", {"payment_method": token()}).json()
    api.delete(f"{CARDS}/{setup['card']}")

    assert api.get(f"{CARDS}/setup/{setup['id']}").json()["card"] is None


def test_a_card_that_the_bank_refuses_when_asked_says_why(api):
    setup = api.post(f"{CARDS}/setup", {"payment_method": token(ALWAYS_ASKS)}).json()
    assert setup["decline"] is None
    answer_challenge(setup["next_action"]["url"], passed=False)
    hear()

    setup = api.get(f"{CARDS}/setup/{setup['id']}").json()

    assert (setup["status"], setup["card"]) == ("failed", None)
    assert "could not confirm that it is you" in setup["decline"].pop("message")
    assert setup["decline"] == {
        "code": "setup_intent_authentication_failure",
        "action": "authenticate_payment",
        "charged": False,
    }


def known_to_the_provider() -> list[str]:
    methods = at_provider("payment_method")
    return [m["card"]["last4"] for m in methods if m["customer"]]


def test_the_same_card_typed_again_is_kept_once(api):
    keep(api)
    keep(api)
    keep(api, MASTERCARD)

    assert sorted(card["last4"] for card in kept(api)) == ["4242", "4444"]


def test_the_same_card_of_two_buyers_is_two_cards(api, django_user_model):
    keep(api)
    api.force_authenticate(django_user_model.objects.create_user("b@example.com"))
    keep(api)

    assert len(kept(api)) == 1
    assert SavedCard.objects.count() == 2


def test_a_removed_card_is_forgotten_here_and_at_the_provider(api):
    keep(api)
    [card] = kept(api)

    assert api.delete(f"{CARDS}/{card['id']}").status_code == 204

    assert kept(api) == []
    assert api.delete(f"{CARDS}/{card['id']}").status_code == 404
    assert known_to_the_provider() == []


def test_forgetting_a_card_forgets_it_each_time_it_was_typed_and_no_other(api):
    keep(api)
    keep(api)
    keep(api, MASTERCARD)
    [visa] = [card for card in kept(api) if card["last4"] == "4242"]

    api.delete(f"{CARDS}/{visa['id']}")

    assert known_to_the_provider() == ["4444"]


def test_a_card_removed_while_the_provider_is_silent_is_forgotten_later(api):
    keep(api)
    [card] = kept(api)
    with outage("before"):
        assert api.delete(f"{CARDS}/{card['id']}").status_code == 204
    assert (kept(api), known_to_the_provider()) == ([], ["4242"])
    later = timezone.now() + timedelta(minutes=1)

    assert services.forget_removed_cards(now=later, limit=10) == 1

    assert known_to_the_provider() == []
    assert services.forget_removed_cards(now=later, limit=10) == 0


def refused_forgetting(user, number: int) -> None:
    """Cards that were removed, and that the provider will not forget."""
    for each in range(number):
        SavedCard.objects.create(
            user=user,
            provider_id=f"pm_refused_{each}",
            brand="visa",
            last4="0000",
            exp_month=1,
            exp_year=2030,
            consented_at=NOON,
            removed_at=NOON,
        )


def test_cards_that_the_provider_will_not_forget_do_not_keep_others_waiting(
    api, buyer, caplog
):
    """The guard is that a card goes to the end of the line before it is tried: without
    it the same ten are tried in each run."""
    keep(api)
    with outage("before"):
        api.delete(f"{CARDS}/{kept(api)[0]['id']}")
    refused_forgetting(buyer, 10)
    now = timezone.now() + timedelta(minutes=1)

    with refusing("pm_refused", 400, code="refused"):
        first = services.forget_removed_cards(now=now, limit=10)
        second = services.forget_removed_cards(now=now, limit=10)

    assert (first, second, "worked on" in caplog.text) == (0, 1, False)
    assert known_to_the_provider() == []
    assert Incident.objects.get().kind == "provider_refuses"
    assert services.forget_removed_cards(now=now, limit=100) == 0
    later = now + timedelta(minutes=10)
    assert services.forget_removed_cards(now=later, limit=100) == 10


def test_cards_that_were_tried_come_again_behind_those_that_were_not(api, buyer):
    refused_forgetting(buyer, 2)
    keep(api)
    now = timezone.now()
    with refusing("pm_refused", 400, code="refused"):
        services.forget_removed_cards(now=now, limit=10)
        with outage("before"):
            api.delete(f"{CARDS}/{kept(api)[0]['id']}")

        done = services.forget_removed_cards(now=now + timedelta(minutes=10), limit=1)

    assert (done, known_to_the_provider()) == (1, [])


def test_a_provider_that_does_not_answer_is_not_asked_card_by_card(api, buyer):
    refused_forgetting(buyer, 3)

    with outage("before"):
        assert services.forget_removed_cards(now=timezone.now(), limit=10) == 0

    assert SavedCard.objects.filter(forget_after=None).count() == 2


def test_a_card_that_the_provider_refuses_to_forget_is_removed_here_all_the_same(api):
    keep(api)
    with refusing("/detach", 401):
        assert api.delete(f"{CARDS}/{kept(api)[0]['id']}").status_code == 204

    assert kept(api) == []
    assert Incident.objects.get().kind == "not_let_in"
    later = timezone.now() + timedelta(minutes=1)
    assert services.forget_removed_cards(now=later, limit=10) == 1


@pytest.mark.parametrize("call", ["POST /v1/customers", "POST /v1/setup_intents"])
@pytest.mark.parametrize("status", [401, 403])
def test_keys_that_are_refused_while_a_card_is_kept_are_told_to_staff_once(
    api, call, status
):
    for _ in range(2):
        with refusing(call, status):
            answer = api.post(f"{CARDS}/setup", {"payment_method": token()})
        assert (answer.status_code, answer.json()["code"]) == (503, "cards_not_taken")

    assert Incident.objects.get().kind == "not_let_in"
    keep(api)
    assert len(kept(api)) == 1


def test_a_customer_that_is_refused_is_told_to_staff(api):
    with refusing("POST /v1/customers", 400, code="email_invalid"):
        answer = api.post(f"{CARDS}/setup", {"payment_method": token()})

    assert answer.json()["code"] == "payment_refused"
    assert "email_invalid" in Incident.objects.get().detail


def test_a_card_that_has_expired_is_not_made_the_usual_one(api):
    keep(api)
    keep(api, MASTERCARD)
    SavedCard.objects.filter(last4="4444").update(exp_month=5, exp_year=2020)
    [old, usual] = kept(api)

    answer = api.post(f"{CARDS}/{old['id']}/default")

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "saved_card_expired")
    assert problem["action"] == "use_another_card"
    assert "05/2020" in problem["detail"]
    assert kept(api) == [old, usual]
    assert usual["is_default"]


def test_a_detached_card_is_shown_as_not_usable_until_its_owner_removes_it(api):
    keep(api)
    detach(SavedCard.objects.get())

    hear()

    [card] = kept(api)
    assert (card["usable"], card["expired"], card["is_default"]) == (False,) * 3
    chosen = api.post(f"{CARDS}/{card['id']}/default")
    assert (chosen.status_code, chosen.json()["code"]) == (409, "saved_card_gone")
    assert api.delete(f"{CARDS}/{card['id']}").status_code == 204
    assert kept(api) == []


def test_a_detached_card_can_be_kept_again(api):
    keep(api)
    detach(SavedCard.objects.get())
    hear()

    keep(api)

    assert [card["usable"] for card in kept(api)] == [True]


def test_our_own_removal_comes_back_as_news_and_harms_no_other_card(api):
    keep(api)
    keep(api, MASTERCARD)
    [visa] = [card for card in kept(api) if card["last4"] == "4242"]
    api.delete(f"{CARDS}/{visa['id']}")

    hear()

    assert [(card["last4"], card["usable"]) for card in kept(api)] == [("4444", True)]
    news = StripeEvent.objects.get(type="payment_method.detached")
    assert news.payload["data"]["previous_attributes"]["customer"]
