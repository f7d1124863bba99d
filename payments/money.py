"""Amounts as people read them."""

from inventory.pricing import exponent

SYMBOLS = {"GBP": "£", "EUR": "€", "USD": "$"}


def in_words(amount: int, currency: str) -> str:
    """`amount` minor units as people write them: "£12.50", "-JPY 1,200"."""
    digits = exponent(currency)
    sign, figure = "-" if amount < 0 else "", f"{abs(amount) / 10**digits:,.{digits}f}"
    symbol = SYMBOLS.get(currency, f"{currency} ")
    return f"{sign}{symbol}{figure}"
