from uuid import uuid4

import pytest

from payments.gateways.sandbox.cards import CARDS
from payments.services import CardDeclined, CardNotKept, declines
from ticketapp.errors import Action

TELLS_WHAT_TO_DO = ("Use another card", "use another", "Try again", "Pay again")
SAID_BY_THE_CARDS = {
    code[1] or code[0] for card in CARDS if (code := card.decline) is not None
}


def declined(code: str) -> CardDeclined:
    return CardDeclined(order=uuid4(), decline_code=code)


@pytest.mark.parametrize("code", sorted({*declines.REASONS, *SAID_BY_THE_CARDS}))
def test_every_decline_says_why_whether_money_moved_and_what_to_do(code):
    refusal = declined(code)

    assert any(words in str(refusal) for words in TELLS_WHAT_TO_DO)
    assert str(refusal).endswith("You have not been charged.")
    assert refusal.details["charged"] is False
    assert refusal.action in Action


@pytest.mark.parametrize(
    ("code", "action"),
    [
        ("insufficient_funds", "use_another_card"),
        ("processing_error", "retry"),
        ("try_again_later", "retry"),
        ("authentication_required", "authenticate_payment"),
        ("payment_intent_authentication_failure", "authenticate_payment"),
        ("never_heard_of", "use_another_card"),
    ],
)
def test_what_to_do_follows_from_why(code, action):
    assert declined(code).action == action
    assert CardNotKept(code).action == action


@pytest.mark.parametrize("code", ["lost_card", "stolen_card", "pickup_card"])
def test_what_only_the_bank_may_say_is_not_told(code):
    refusal = declined(code)

    assert refusal.details["decline_code"] == "generic_decline"
    assert not {"lost", "stolen"} & set(str(refusal).lower().split())
