"""A card is kept where its buyer agreed to that, whatever they said of another card.

At the provider it is the intent that has the wish to keep a card, until it is told
otherwise; and one intent is tried with one card after the other.
"""

import pytest

from payments import services
from payments.models import Order, OrderStatus, SavedCard
from tests.factories import NOON
from tests.keeping import hear
from tests.paying import (
    ALWAYS_ASKS,
    DECLINED,
    VISA,
    answer_challenge,
    ask,
    assert_books_are_right,
    at_provider,
    challenge_url,
    held,
    order,
    token,
)

pytestmark = pytest.mark.django_db


def tried(hold, *, save_card: bool):
    """A first card that was declined."""
    with pytest.raises(services.CardDeclined):
        order(hold, DECLINED, save_card=save_card)
    return Order.objects.get(hold=hold)


def pay_with(placed, number: str = VISA, *, save_card: bool):
    return services.pay_order(
        order=placed, payment_method=token(number), save_card=save_card, now=NOON
    )


def attached() -> list[str]:
    """The cards that the provider keeps for some customer."""
    found = at_provider("payment_method")
    return [method["card"]["last4"] for method in found if method["customer"]]


@pytest.mark.parametrize("number", [VISA, ALWAYS_ASKS])
def test_a_card_is_not_kept_because_the_one_before_was_to_be(number):
    """The guard is that the provider is told so: the intent still says to keep it."""
    placed = tried(held(), save_card=True)

    paid = pay_with(placed, number, save_card=False)
    if number == ALWAYS_ASKS:
        answer_challenge(challenge_url(paid))
        hear()
        paid.refresh_from_db()

    assert (paid.status, len(at_provider("payment_intent"))) == (OrderStatus.PAID, 1)
    assert attached() == []
    assert not SavedCard.objects.exists()
    assert_books_are_right()


@pytest.mark.parametrize("before", [False, True])
def test_a_card_is_kept_because_its_own_buyer_agreed(before):
    placed = tried(held(), save_card=before)

    paid = pay_with(placed, save_card=True)

    assert (paid.status, attached()) == (OrderStatus.PAID, ["4242"])
    assert SavedCard.objects.get().last4 == "4242"
    assert_books_are_right()


# The sandbox


def opened() -> str:
    customer = ask("POST", "/v1/customers", {"email": "a@example.com"})[1]["id"]
    params = {"amount": 5000, "currency": "gbp", "customer": customer}
    return ask("POST", "/v1/payment_intents", params)[1]["id"]


def confirm(intent: str, number: str, **params):
    params = {"payment_method": token(number)} | params
    return ask("POST", f"/v1/payment_intents/{intent}/confirm", params)


@pytest.mark.parametrize(
    ("said", "kept"), [({}, ["4242"]), ({"setup_future_usage": ""}, [])]
)
def test_an_intent_keeps_its_wish_until_it_is_told_otherwise(said, kept):
    intent = opened()
    assert confirm(intent, DECLINED, setup_future_usage="off_session")[0] == 402

    assert confirm(intent, VISA, **said)[1]["status"] == "succeeded"

    assert attached() == kept
