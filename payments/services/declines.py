"""Why a card was refused, in plain words, and what to do about it.

Words say no more than the cardholder may know: that a card is reported lost or
stolen is the bank's to say, not ours.
"""

GENERIC = "generic_decline"
TRY_ANOTHER = "Use another card, or ask your bank."
REASONS = {
    GENERIC: f"Your bank declined the payment without saying why. {TRY_ANOTHER}",
    "insufficient_funds": ("There is not enough money on this card. Use another card."),
    "card_velocity_exceeded": (
        "This card has reached its limit for now. Use another card."
    ),
    "expired_card": "This card has expired. Use another card.",
    "incorrect_cvc": "The security code is not right. Check it, or use another card.",
    "invalid_cvc": "The security code is not right. Check it, or use another card.",
    "incorrect_number": "The card number is not right. Check it, or use another card.",
    "card_not_supported": "This card cannot be used for this. Use another card.",
    "currency_not_supported": (
        "This card does not take this currency. Use another card."
    ),
    "processing_error": (
        "The bank had a technical problem. Try again in a moment, or use another card."
    ),
    "authentication_required": (
        "Your bank wants you to confirm this payment yourself. Pay again and follow "
        "what your bank asks."
    ),
    "payment_intent_authentication_failure": (
        "Your bank could not confirm that it is you. Try again, or use another card."
    ),
    "setup_intent_authentication_failure": (
        "Your bank could not confirm that it is you. Try again, or use another card."
    ),
    "payment_method_refused": (
        "The payment provider does not accept this card's details here. Enter the "
        "card again, or use another one."
    ),
}


def public_code(code: str) -> str:
    """The decline code that leaves the house."""
    return code if code in REASONS else GENERIC


def reason(code: str) -> str:
    """One or two sentences for the person who wanted to pay."""
    return REASONS[public_code(code)]
