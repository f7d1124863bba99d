"""Why a card was refused, in plain words, and what to do about it.

Words say no more than the cardholder may know: that a card is reported lost or
stolen is the bank's to say, not ours. A code that is not here is a refusal
without a reason.
"""

from ticketapp.errors import Action

GENERIC = "generic_decline"
TRY_ANOTHER = "Use another card, or ask your bank."
SECURITY_CODE = (
    "The security code is not right. Check it, or use another card.",
    Action.USE_ANOTHER_CARD,
)
CARD_NUMBER = (
    "The card number is not right. Check it, or use another card.",
    Action.USE_ANOTHER_CARD,
)
EXPIRY_DATE = (
    "The expiry date is not right. Check it, or use another card.",
    Action.USE_ANOTHER_CARD,
)
POSTCODE = (
    "The postcode is not the one your bank knows. Check it, or use another card.",
    Action.USE_ANOTHER_CARD,
)
LIMIT = (
    "This card has reached its limit for now. Use another card.",
    Action.USE_ANOTHER_CARD,
)
NOT_FOR_THIS = (
    "This card cannot be used for this. Use another card.",
    Action.USE_ANOTHER_CARD,
)
BANK_IN_TROUBLE = (
    "The bank had a technical problem. Try again in a moment, or use another card.",
    Action.RETRY,
)
NOT_CONFIRMED = (
    "Your bank could not confirm that it is you. Try again, or use another card.",
    Action.AUTHENTICATE_PAYMENT,
)
REASONS = {
    GENERIC: (
        f"Your bank declined the payment without saying why. {TRY_ANOTHER}",
        Action.USE_ANOTHER_CARD,
    ),
    "insufficient_funds": (
        "There is not enough money on this card. Use another card.",
        Action.USE_ANOTHER_CARD,
    ),
    "card_velocity_exceeded": LIMIT,
    "withdrawal_count_limit_exceeded": LIMIT,
    "expired_card": (
        "This card has expired. Use another card.",
        Action.USE_ANOTHER_CARD,
    ),
    "incorrect_cvc": SECURITY_CODE,
    "invalid_cvc": SECURITY_CODE,
    "incorrect_number": CARD_NUMBER,
    "invalid_number": CARD_NUMBER,
    "invalid_expiry_month": EXPIRY_DATE,
    "invalid_expiry_year": EXPIRY_DATE,
    "incorrect_zip": POSTCODE,
    "card_not_supported": NOT_FOR_THIS,
    "transaction_not_allowed": NOT_FOR_THIS,
    "service_not_allowed": NOT_FOR_THIS,
    "currency_not_supported": (
        "This card does not take this currency. Use another card.",
        Action.USE_ANOTHER_CARD,
    ),
    "invalid_amount": (
        "Your bank does not allow this amount on this card. Use another card, or ask "
        "your bank.",
        Action.USE_ANOTHER_CARD,
    ),
    "duplicate_transaction": (
        "Your bank took this for a repeat of a payment made a moment ago. Look at "
        "your orders first, then use another card.",
        Action.USE_ANOTHER_CARD,
    ),
    "new_account_information_available": (
        "The details of this card have changed. Enter it as it is printed now, or "
        "use another card.",
        Action.USE_ANOTHER_CARD,
    ),
    "processing_error": BANK_IN_TROUBLE,
    "issuer_not_available": BANK_IN_TROUBLE,
    "try_again_later": BANK_IN_TROUBLE,
    "reenter_transaction": BANK_IN_TROUBLE,
    "approve_with_id": BANK_IN_TROUBLE,
    "authentication_required": (
        "Your bank wants you to confirm this payment yourself. Pay again and follow "
        "what your bank asks.",
        Action.AUTHENTICATE_PAYMENT,
    ),
    "payment_intent_authentication_failure": NOT_CONFIRMED,
    "setup_intent_authentication_failure": NOT_CONFIRMED,
    "payment_method_refused": (
        "The payment provider does not accept this card's details here. Enter the "
        "card again, or use another one.",
        Action.USE_ANOTHER_CARD,
    ),
}


def public_code(code: str) -> str:
    """The decline code that leaves the house."""
    return code if code in REASONS else GENERIC


def reason(code: str) -> str:
    """One or two sentences for the person who wanted to pay."""
    return REASONS[public_code(code)][0]


def action(code: str) -> Action:
    """The one thing they can do now."""
    return REASONS[public_code(code)][1]
