"""Text from files: spaces, and UTF-8 that somebody once read as Latin-1."""

import re
import unicodedata

# The first bytes of two- and three-byte UTF-8, as Windows-1252 shows them.
BROKEN = re.compile("[\u00c2-\u00c5\u00ce-\u00d1\u00e2][\u0080-\u00bf\u0152-\u2122]")
MISSING = {"", "NOT AVAILABLE", "NOT APPLICABLE", "UNKNOWN", "N/A", "NONE", "NULL"}


def clean(value: object) -> str:
    """One line of text without odd spaces; empty for the words for "nothing"."""
    if value is None or isinstance(value, dict | list):
        return ""
    # Half a surrogate pair, which JSON can spell, is no letter and no UTF-8.
    text = str(value).encode(errors="ignore").decode()
    text = unicodedata.normalize("NFC", text).replace("\x00", "")
    text = " ".join(text.split())
    return "" if text.upper() in MISSING else text


def mended(text: str) -> str:
    """`text`, or what it was before its UTF-8 was misread, if it was.

    Only when every broken letter can be put right: a guess is worse than an
    accent out of place.
    """
    if not BROKEN.search(text):
        return text
    try:
        return b"".join(_byte(c) for c in text).decode()
    except (UnicodeDecodeError, UnicodeEncodeError):
        return text


def _byte(character: str) -> bytes:
    try:
        return character.encode("cp1252")
    except UnicodeEncodeError:
        return character.encode("latin-1")
