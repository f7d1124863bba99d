"""The published test cards and what each does. No other number is accepted.

A card's behaviour is kept beside its payment method; its number is not.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from payments.gateways.sandbox.errors import CardRefused, InvalidRequest

Authentication = Literal["never", "on_session", "unless_set_up", "always"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """`decline` is (code, decline code); `authenticated` says what follows then.

    `unless_set_up` means: always on session, and off session unless the card
    was set up before. `later` is what comes after a success.
    """

    number: str
    label: str
    brand: str = "visa"
    funding: str = "credit"
    country: str = "US"
    decline: tuple[str, str] | None = None
    authentication: Authentication = "never"
    set_up_before: bool = False
    attaches_though_declined: bool = False
    later: Literal["", "dispute", "inquiry", "refund_fails", "refund_pends"] = ""

    @property
    def behaviour(self) -> str:
        """A name that is not the number: the brand and what is printed last."""
        return f"{self.brand}_{self.number[-4:]}_{self.label.lower().replace(' ', '_')}"

    @property
    def last4(self) -> str:
        return self.number[-4:]


GENERIC = ("card_declined", "generic_decline")
CARDS = [
    Card(number="4242424242424242", label="Succeeds"),
    Card(number="4000056655665556", label="Succeeds", funding="debit"),
    Card(number="5555555555554444", label="Succeeds", brand="mastercard"),
    Card(number="2223003122003222", label="Succeeds", brand="mastercard"),
    Card(
        number="5200828282828210", label="Succeeds", brand="mastercard", funding="debit"
    ),
    Card(number="378282246310005", label="Succeeds", brand="amex"),
    Card(number="371449635398431", label="Succeeds", brand="amex"),
    Card(number="6011111111111117", label="Succeeds", brand="discover"),
    Card(number="3056930009020004", label="Succeeds", brand="diners"),
    Card(number="3566002020360505", label="Succeeds", brand="jcb"),
    Card(number="4000008260000000", label="Succeeds", country="GB"),
    Card(number="4000000000000002", label="Declined", decline=GENERIC),
    Card(
        number="4000000000009995",
        label="Insufficient funds",
        decline=("card_declined", "insufficient_funds"),
    ),
    Card(
        number="4000000000009987",
        label="Lost card",
        decline=("card_declined", "lost_card"),
    ),
    Card(
        number="4000000000009979",
        label="Stolen card",
        decline=("card_declined", "stolen_card"),
    ),
    Card(
        number="4000000000006975",
        label="Over its limit",
        decline=("card_declined", "card_velocity_exceeded"),
    ),
    Card(
        number="4100000000000019",
        label="Blocked as fraud",
        decline=("card_declined", "fraudulent"),
    ),
    Card(number="4000000000000069", label="Expired card", decline=("expired_card", "")),
    Card(number="4000000000000127", label="Wrong CVC", decline=("incorrect_cvc", "")),
    Card(
        number="4000000000000119",
        label="Processing error",
        decline=("processing_error", ""),
    ),
    Card(
        number="4000000000000341",
        label="Declined after saving",
        decline=GENERIC,
        attaches_though_declined=True,
    ),
    Card(
        number="4000002500003155",
        label="Authentication unless saved",
        authentication="unless_set_up",
    ),
    Card(
        number="4000002760003184",
        label="Authentication always",
        authentication="always",
    ),
    Card(
        number="4000003800000446",
        label="Authentication saved before",
        authentication="unless_set_up",
        set_up_before=True,
    ),
    Card(
        number="4000000000003220",
        label="Authentication required",
        authentication="always",
    ),
    Card(
        number="4000008400001629",
        label="Declined after authentication",
        authentication="always",
        decline=GENERIC,
    ),
    Card(
        number="4000008260003178",
        label="Insufficient funds after authentication",
        authentication="always",
        decline=("card_declined", "insufficient_funds"),
    ),
    Card(number="4000000000003055", label="Authentication optional"),
    Card(number="4000000000000259", label="Disputed as fraud later", later="dispute"),
    Card(number="4000000000001976", label="Inquiry later", later="inquiry"),
    Card(number="4000000000005126", label="Refund fails later", later="refund_fails"),
    Card(number="4000000000007726", label="Refund takes time", later="refund_pends"),
]
BY_NUMBER = {card.number: card for card in CARDS}
BY_BEHAVIOUR = {card.behaviour: card for card in CARDS}
# What the card form offers for trying out.
OFFERED = [
    "4242424242424242",
    "4000000000000002",
    "4000000000009995",
    "4000000000000069",
    "4000000000000127",
    "4000000000000119",
    "4000000000003220",
    "4000000000000259",
]
# What Stripe's own test payment methods are called; handy in tests and benches.
TOKENS = {
    "pm_card_visa": "4242424242424242",
    "pm_card_mastercard": "5555555555554444",
    "pm_card_visa_chargeDeclined": "4000000000000002",
    "pm_card_visa_chargeDeclinedInsufficientFunds": "4000000000009995",
    "pm_card_chargeDeclinedExpiredCard": "4000000000000069",
    "pm_card_chargeDeclinedIncorrectCvc": "4000000000000127",
    "pm_card_chargeDeclinedProcessingError": "4000000000000119",
    "pm_card_authenticationRequired": "4000002760003184",
    "pm_card_createDispute": "4000000000000259",
}


def read_card(card: dict[str, Any], *, now: datetime) -> tuple[Card, int, int]:
    """The test card behind what was typed into the form, with its expiry.

    Refuses as Stripe does: 402 naming the field, and 400 for what no person
    types. The number goes no further than this function.
    """
    number = str(card.get("number", "")).replace(" ", "").replace("-", "")
    if not number:
        raise InvalidRequest(
            "A card needs a number.", code="parameter_missing", param="card[number]"
        )
    if not number.isdigit() or not passes_luhn(number):
        raise CardRefused(
            "Your card number is incorrect.", code="incorrect_number", param="number"
        )
    month, year = read_expiry(card, now)
    found = BY_NUMBER.get(number)
    if found is None:
        # What Stripe's test mode says to a real card.
        raise CardRefused(
            "Your card was declined: only published test cards work here.",
            code="card_declined",
            decline_code="test_mode_live_card",
        )
    digits = 4 if found.brand == "amex" else 3
    cvc = str(card.get("cvc", ""))
    if cvc and not (cvc.isdigit() and len(cvc) == digits):
        raise CardRefused(
            "Your card's security code is invalid.", code="invalid_cvc", param="cvc"
        )
    return found, month, year


def passes_luhn(number: str) -> bool:
    """The check digit of card numbers."""
    digits = [int(digit) for digit in reversed(number)]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return 12 <= len(number) <= 19 and (sum(digits[::2]) + sum(doubled)) % 10 == 0


def read_expiry(card: dict[str, Any], now: datetime) -> tuple[int, int]:
    """Until when a card is good, as it was typed: month and year, not in the past."""
    month, year = str(card.get("exp_month", "")), str(card.get("exp_year", ""))
    if not month.isdigit() or not 1 <= int(month) <= 12:
        raise CardRefused(
            "Your card's expiration month is invalid.",
            code="invalid_expiry_month",
            param="exp_month",
        )
    full = int(year) + (2000 if len(year) == 2 else 0) if year.isdigit() else 0
    in_the_past = (full, int(month)) < (now.year, now.month)
    if in_the_past or full > now.year + 50:
        raise CardRefused(
            "Your card's expiration year is invalid.",
            code="invalid_expiry_year",
            param="exp_year",
        )
    return int(month), full
