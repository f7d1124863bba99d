"""Names and countries as people and machines write them, and what we make of them."""

import pytest

from events import countries
from events.feeds.casing import readable
from events.feeds.text import mended
from events.folding import fold_name
from events.matching import match_key


@pytest.mark.parametrize(
    ("shouted", "quiet"),
    [
        ("MADISON SQUARE GARDEN", "Madison Square Garden"),
        ("AT&T STADIUM", "AT&T Stadium"),
        ("JONES AT&T STADIUM", "Jones AT&T Stadium"),
        ("USTA BILLIE JEAN KING CENTER", "USTA Billie Jean King Center"),
        ("PNC PARK", "PNC Park"),
        ("LEVI'S STADIUM", "Levi's Stadium"),
        ("LEVI\u2019S STADIUM", "Levi\u2019s Stadium"),
        ("DUNKIN' DONUTS CENTER", "Dunkin' Donuts Center"),
        ("STEPHEN C. O'CONNELL CENTER", "Stephen C. O'Connell Center"),
        ("MCKALE MEMORIAL CENTER", "McKale Memorial Center"),
        ("DAVID S. MACK COMPLEX", "David S. Mack Complex"),
        ("U.S. BANK STADIUM", "U.S. Bank Stadium"),
        ('C.M. "TAD" SMITH COLISEUM', 'C.M. "Tad" Smith Coliseum'),
        ("HENRY VIII HALL", "Henry VIII Hall"),
        ("BANK OF AMERICA STADIUM", "Bank of America Stadium"),
        ("THE PAVILION AT OLE MISS", "The Pavilion at Ole Miss"),
        ("MOODY COLISEUM (SMU)", "Moody Coliseum (SMU)"),
        ("BRYANT-DENNY STADIUM", "Bryant-Denny Stadium"),
        ("CIUDAD DEL CARMEN", "Ciudad del Carmen"),
        ("LAS VEGAS", "Las Vegas"),
        ("LAKE LAS VEGAS", "Lake Las Vegas"),
        ("ROYAL MONTRÉAL GOLF CLUB", "Royal Montréal Golf Club"),
        ("EAST 161ST & RIVER AVENUE", "East 161st & River Avenue"),
        ("600 E STADIUM BLVD", "600 E Stadium Blvd"),
        ("SE UNIVERSITY AVENUE", "SE University Avenue"),
        ("13929 OH 118", "13929 OH 118"),
        ("FEDEX FIELD", "FedEx Field"),
        ("The O2", "The O2"),  # Not in capitals: left as it is.
        ("", ""),
    ],
)
def test_capitals_become_a_name_that_one_can_read(shouted, quiet):
    assert readable(shouted) == quiet


@pytest.mark.parametrize(
    ("broken", "right"),
    [
        ("MaracanÃ£", "Maracanã"),
        ("Estadi OlÃ\xadmpic LluÃ\xads Companys", "Estadi Olímpic Lluís Companys"),
        ("PoznaÅ„", "Poznań"),
        ("América\u2019s", "América\u2019s"),
        ("Ângela", "Ângela"),
        ("Señor Ãß", "Señor Ãß"),  # Not broken in every letter: not touched.
    ],
)
def test_misread_utf8_is_mended_only_when_all_of_it_can_be(broken, right):
    assert mended(broken) == right


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The Boot & Saddle", "Boot and Saddle"),
        ("Henry Fonda Theatre", "HENRY FONDA THEATER"),
        ("Saint Vitus", "St. Vitus"),
        ("Café Zoë", "CAFE ZOE"),
        ("Rhein-Neckar-Arena", "Rhein Neckar Arena"),
    ],
)
def test_two_spellings_fold_to_one_name(one, other):
    assert fold_name(one) == fold_name(other)


def test_the_same_name_in_two_cities_is_two_keys():
    assert match_key("Apollo", "Manchester", "GB") != match_key("Apollo", "Leeds", "GB")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("GB", "GB"), ("gb", "GB"), ("USA", "US"), ("United Kingdom", "GB"),
        ("United States Of America", "US"), ("Österreich", "AT"), ("PRI", "PR"),
        ("Norway", "NO"), ("XX", None), ("Narnia", None), ("", None),
    ],
)  # fmt: skip
def test_a_country_is_known_by_code_or_name(text, code):
    assert countries.code_of(text) == code
