"""Money that a card can be charged in, by its ISO 4217 code.

Source: https://docs.stripe.com/currencies#presentment-currencies. How many digits an
amount has after the point follows from the code (`inventory.pricing`), so one that is
misspelt is another amount.
"""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

CODES = {
    "AED", "AFN", "ALL", "AMD", "ANG", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM",
    "BBD", "BDT", "BGN", "BHD", "BIF", "BMD", "BND", "BOB", "BRL", "BSD", "BWP",
    "BYN", "BZD", "CAD", "CDF", "CHF", "CLP", "CNY", "COP", "CRC", "CVE", "CZK",
    "DJF", "DKK", "DOP", "DZD", "EGP", "ETB", "EUR", "FJD", "FKP", "GBP", "GEL",
    "GIP", "GMD", "GNF", "GTQ", "GYD", "HKD", "HNL", "HTG", "HUF", "IDR", "ILS",
    "INR", "ISK", "JMD", "JOD", "JPY", "KES", "KGS", "KHR", "KMF", "KRW", "KWD",
    "KYD", "KZT", "LAK", "LBP", "LKR", "LRD", "LSL", "MAD", "MDL", "MGA", "MKD",
    "MMK", "MNT", "MOP", "MUR", "MVR", "MWK", "MXN", "MYR", "MZN", "NAD", "NGN",
    "NIO", "NOK", "NPR", "NZD", "OMR", "PAB", "PEN", "PGK", "PHP", "PKR", "PLN",
    "PYG", "QAR", "RON", "RSD", "RUB", "RWF", "SAR", "SBD", "SCR", "SEK", "SGD",
    "SHP", "SLE", "SOS", "SRD", "STD", "SZL", "THB", "TJS", "TND", "TOP", "TRY",
    "TTD", "TWD", "TZS", "UAH", "UGX", "USD", "UYU", "UZS", "VND", "VUV", "WST",
    "XAF", "XCD", "XOF", "XPF", "YER", "ZAR", "ZMW",
}  # fmt: skip
# For constraints: what is there, not whether a card takes it.
PATTERN = r"^[A-Z]{3}$"


def chargeable_currency(code: str) -> None:
    """Raises ValidationError unless cards can be charged in it."""
    if code not in CODES:
        raise ValidationError(
            f"No card can be charged in {code!r}: give a code of ISO 4217, such as GBP."
        )


class CurrencyField(models.CharField):
    """A code as people type it, kept in capitals."""

    default_validators = [*models.CharField.default_validators, chargeable_currency]

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        return text.strip().upper() if text else text
