"""NAMES IN CAPITALS made readable, as far as a rule can know."""

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Letters that stand for words. Those without a vowel are found by rule.
ACRONYMS = _words(
    """
    ABC ACU BBVA BMO BOK CBU CFE CHI CSU CU FAU GCU GEODIS GSU HPER IMG ISM IUPUI JQH
    KSU LSU NATO NIU NOLA NSU PGA RCA SAP SECU SEFCU SIU SMU TCU TDECU TIAA UAB UB UBS
    UC UCCU UCF UCLA UIC UMBC UNF UNI UNLV UNT UPMC USA USAFA USC USF USTA UTEP UTRGV
    UW VCU WVU XL
    """
)
# Without a vowel, and still words.
NOT_ACRONYMS = _words(
    "BLVD CTR CT DR FT GYM HWY JR LN LYNN LYNCH MR MRS MS MT PKWY PL PT RD SHRS SR "
    "ST STE STS STR TWP VLG"
)
# Makers and places that have a capital inside.
SPELT = {
    name.upper(): name
    for name in _words("""
    AutoZone BankUnited CenturyLink CoolToday CordeValle DakotaDome DeKalb
    DeLand DePaul DeVos EagleBank FedEx FirstEnergy InfoCision KeyBank LaPorte
    LaSalle LaVell LoanDepot MetLife OceanFirst RingCentral SoFi SunTrust
    WeatherTech
    """)
}
SMALL = _words(
    "a an and at by con da das de del der des di do dos du el en et for from in "
    "la las le les los of on or the to und vs y"
)
# "Paseo de la Reforma", but "Road and El Colegio" and "Lake Las Vegas": these are
# small only behind a word that asks for them.
ARTICLES = frozenset({"el", "la", "las", "le", "les", "los"})
BEFORE_ARTICLES = frozenset({"a", "con", "de", "en", "et", "sous", "sur", "y"})
COMPASS = frozenset({"N", "E", "S", "W", "NE", "NW", "SE", "SW"})
ROMAN = re.compile(r"(?:X{0,2})(?:IX|IV|V?I{0,3})")
ORDINAL = re.compile(r"\d+(?:ST|ND|RD|TH)")
PARTS = re.compile(r"([\s/\-\u2013(),\"\[\]]+)")
MAC = re.compile(r"MC[A-Z]{3,}")


def is_shouted(text: str) -> bool:
    """True when `text` has letters and none of them is small."""
    return any(c.isupper() for c in text) and not any(c.islower() for c in text)


def readable(text: str) -> str:
    """`text` in title case if it is shouted: capitals where a reader expects them.

    Acronyms, initials, roman numerals, "McKale", "O'Connell" and "Levi's" come
    out right; a small word is small unless it begins or ends the name.
    """
    if not is_shouted(text):
        return text
    pieces = PARTS.split(text)
    words = [i for i, piece in enumerate(pieces) if i % 2 == 0 and piece]
    for place, index in enumerate(words):
        before = pieces[words[place - 1]].casefold() if place else ""
        after = pieces[words[place + 1]] if place + 1 < len(words) else ""
        at_edge = place in (0, len(words) - 1) or _opens(pieces[index - 1])
        pieces[index] = _word(pieces[index], before, after, at_edge=at_edge)
    return "".join(pieces)


def _opens(gap: str) -> bool:
    """A name begins anew behind a bracket, a quote or a slash, not a space."""
    return any(mark in gap for mark in '(["/')


def _word(word: str, before: str, after: str, *, at_edge: bool) -> str:
    bare = word.strip(".,:;!?'\u2019*#")
    small = bare.casefold()
    asked_for = small not in ARTICLES or before in BEFORE_ARTICLES
    if small in SMALL and asked_for and not at_edge and bare == word:
        return small
    if ORDINAL.fullmatch(bare):
        return word.lower()
    if bare in SPELT:
        return word.replace(bare, SPELT[bare])
    if _stays(word, bare, after):
        return word.upper()
    return _capitalised(word)


def _stays(word: str, bare: str, after: str) -> bool:
    """Is this a sign made of letters, rather than a word?"""
    if any(c.isdigit() for c in bare):
        return True
    if bare in ACRONYMS or bare in COMPASS or "&" in bare:
        return True
    if len(bare) > 1 and ROMAN.fullmatch(bare):
        return True
    if re.fullmatch(r"(?:[A-Z]\.)+[A-Z]?", word.strip('"')):  # C.M. and U.S
        return True
    if len(bare) == 2 and after.isdigit():  # A road: OH 118.
        return True
    return (
        len(bare) > 1
        and bare.isascii()
        and bare.isalpha()
        and not re.search("[AEIOUY]", bare)
        and bare not in NOT_ACRONYMS
    )


def _capitalised(word: str) -> str:
    """O'Connell and McKale, but Levi's and O'rena."""
    head, mark, tail = _at_apostrophe(word)
    if mark and len(head) == 1 and len(tail) > 4:
        return head.upper() + mark + _capitalised(tail)
    if mark:
        return (
            _capitalised(head) + mark + tail.lower()
            if head
            else mark + _capitalised(tail)
        )
    if MAC.match(word):
        return "Mc" + word[2:].capitalize()
    first = next((i for i, c in enumerate(word) if c.isalpha()), 0)
    return word[:first] + word[first : first + 1].upper() + word[first + 1 :].lower()


def _at_apostrophe(word: str) -> tuple[str, str, str]:
    for mark in ("'", "\u2019"):
        if mark in word:
            return word.partition(mark)
    return word, "", ""
