"""A card is kept once, however often it is typed, and forgotten altogether."""

from datetime import timedelta

import pytest
from django.utils import timezone

from payments import services
from payments.gateways.sandbox.switches import outage
from payments.models import SavedCard
from tests.paying import VISA, at_provider, token

pytestmark = pytest.mark.django_db
CARDS = "/api/v1/payment-methods"
MASTERCARD = "5555555555554444"


def keep(api, number: str = VISA) -> None:
    assert api.post(f"{CARDS}/setup", {"payment_method": token(number)}).status_code


def kept(api) -> list[dict]:
    return api.get(CARDS).json()["results"]


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
