"""Countries: their codes, names, zones and money. Facts of ISO and the tz database."""

import csv
from collections import defaultdict
from functools import cache
from importlib import resources

from events.folding import fold

ALPHA_3 = {
    "ARG": "AR", "AUS": "AU", "AUT": "AT", "BEL": "BE", "BRA": "BR", "CAN": "CA",
    "CHE": "CH", "CHL": "CL", "CHN": "CN", "COL": "CO", "CZE": "CZ", "DEU": "DE",
    "DNK": "DK", "ESP": "ES", "FIN": "FI", "FRA": "FR", "GBR": "GB", "GRC": "GR",
    "HKG": "HK", "HUN": "HU", "IND": "IN", "IRL": "IE", "ISL": "IS", "ITA": "IT",
    "JPN": "JP", "KOR": "KR", "LUX": "LU", "MEX": "MX", "NLD": "NL", "NOR": "NO",
    "NZL": "NZ", "POL": "PL", "PRI": "PR", "PRT": "PT", "SGP": "SG", "SWE": "SE",
    "TUR": "TR", "UKR": "UA", "USA": "US", "ZAF": "ZA",
}  # fmt: skip
OTHER_NAMES = {
    "america": "US", "united states of america": "US", "usa": "US", "u.s.a.": "US",
    "united kingdom": "GB", "great britain": "GB", "england": "GB", "scotland": "GB",
    "wales": "GB", "northern ireland": "GB", "uk": "GB", "deutschland": "DE",
    "espana": "ES", "osterreich": "AT", "suisse": "CH", "schweiz": "CH",
    "nederland": "NL", "the netherlands": "NL", "norge": "NO", "sverige": "SE",
    "danmark": "DK", "suomi": "FI", "italia": "IT", "polska": "PL", "ireland": "IE",
    "eire": "IE", "south korea": "KR", "czechia": "CZ", "turkey": "TR", "turkiye": "TR",
}  # fmt: skip
EURO = {
    "AD", "AT", "BE", "BG", "CY", "DE", "EE", "ES", "FI", "FR", "GR", "HR", "IE", "IT",
    "LT", "LU", "LV", "MC", "ME", "MT", "NL", "PT", "SI", "SK", "SM", "VA", "XK",
}  # fmt: skip
CURRENCIES = {
    "AE": "AED", "AR": "ARS", "AU": "AUD", "BO": "BOB", "BR": "BRL", "CA": "CAD",
    "CH": "CHF", "CL": "CLP", "CN": "CNY", "CO": "COP", "CZ": "CZK", "DK": "DKK",
    "EC": "USD", "GB": "GBP", "HK": "HKD", "HU": "HUF", "ID": "IDR", "IL": "ILS",
    "IN": "INR", "IS": "ISK", "JP": "JPY", "KR": "KRW", "LI": "CHF", "MA": "MAD",
    "MK": "MKD", "MX": "MXN", "MY": "MYR", "NO": "NOK", "NZ": "NZD", "PE": "PEN",
    "PH": "PHP", "PL": "PLN", "PR": "USD", "RO": "RON", "RS": "RSD", "RU": "RUB",
    "SA": "SAR", "SE": "SEK", "SG": "SGD", "TH": "THB", "TR": "TRY", "TW": "TWD",
    "UA": "UAH", "US": "USD", "UY": "UYU", "VE": "VES", "ZA": "ZAR",
}  # fmt: skip


def _table(name: str) -> list[list[str]]:
    text = resources.files("tzdata.zoneinfo").joinpath(name).read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return list(csv.reader(lines, delimiter="\t"))


@cache
def names() -> dict[str, str]:
    """ISO 3166 alpha-2 codes and their names in English."""
    return {code: name for code, name, *_ in _table("iso3166.tab")}


@cache
def _codes_by_name() -> dict[str, str]:
    return {fold(name): code for code, name in names().items()} | OTHER_NAMES


def code_of(text: str) -> str | None:
    """The alpha-2 code meant by a code or a name, or None if there is none."""
    upper = text.strip().upper()
    if upper in names():
        return upper
    return ALPHA_3.get(upper) or _codes_by_name().get(fold(text))


@cache
def _countries_of_zones() -> dict[str, frozenset[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for table in ("zone.tab", "zone1970.tab"):
        for codes, _, zone, *_ in _table(table):
            found[zone] |= set(codes.split(","))
    return {zone: frozenset(codes) for zone, codes in found.items()}


def of_zone(zone: str) -> frozenset[str]:
    """Countries that keep this zone; none for the zones of the open sea."""
    return _countries_of_zones().get(zone, frozenset())


def currency_of(country: str) -> str:
    """What people pay with there; dollars where the table does not know."""
    return "EUR" if country in EURO else CURRENCIES.get(country, "USD")
