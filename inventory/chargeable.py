"""What a card can be charged at once, as the payment provider publishes it.

Source: https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts. The
provider's word is final: an account that is paid out in another currency must reach
the smallest charge of that one too.
"""

# In minor units. A currency that is not here has no published minimum.
SMALLEST_CHARGES = {
    "AED": 200,
    "AUD": 50,
    "BGN": 100,
    "BRL": 50,
    "CAD": 50,
    "CHF": 50,
    "CZK": 1500,
    "DKK": 250,
    "EUR": 50,
    "GBP": 30,
    "HKD": 400,
    "HUF": 17500,
    "INR": 50,
    "JPY": 50,
    "MXN": 1000,
    "MYR": 200,
    "NOK": 300,
    "NZD": 50,
    "PLN": 200,
    "RON": 200,
    "SEK": 300,
    "SGD": 50,
    "THB": 1000,
    "USD": 50,
}
# Eight digits, except where money has many noughts; of these two the provider counts
# hundredths that ISO 4217 does not know.
LARGEST_CHARGE = 99_999_999
LARGEST_CHARGES = {
    "COP": 9_999_999_999,
    "IDR": 999_999_999_999,
    "INR": 999_999_999,
} | dict.fromkeys(("ISK", "UGX"), LARGEST_CHARGE // 100)


def smallest_charge(currency: str) -> int:
    """The least that a card can be charged, if it is charged at all."""
    return SMALLEST_CHARGES.get(currency.upper(), 1)


def largest_charge(currency: str) -> int:
    """The most that a card can be charged at once."""
    return LARGEST_CHARGES.get(currency.upper(), LARGEST_CHARGE)
