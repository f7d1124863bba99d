"""Text compared as people read it: without case, accents and punctuation."""

import re
import unicodedata
from typing import ClassVar

from django.db import models

# Letters that Unicode does not decompose but readers take for these.
LOOK_ALIKES = str.maketrans(
    {
        "ß": "ss",
        "æ": "ae",
        "Æ": "AE",
        "ø": "o",
        "Ø": "O",
        "œ": "oe",
        "Œ": "OE",
        "ł": "l",
        "Ł": "L",
        "đ": "d",
        "Đ": "D",
        "ð": "d",
        "þ": "th",
        "\N{LATIN SMALL LETTER DOTLESS I}": "i",
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
        "\N{LEFT SINGLE QUOTATION MARK}": "'",
    }
)
ONE_WORD = {
    "theatre": "theater",
    "centre": "center",
    "saint": "st",
    "mount": "mt",
    "fort": "ft",
}


def fold(text: str) -> str:
    """`text` without case and accents, its spaces single: for search."""
    parts = unicodedata.normalize("NFKD", text.translate(LOOK_ALIKES))
    bare = "".join(c for c in parts if not unicodedata.combining(c))
    return " ".join(bare.casefold().split())


def fold_name(text: str) -> str:
    """`text` for comparing names: also without punctuation and a leading "the"."""
    plain = fold(text).replace("&", " and ").replace("'", "").replace(".", "")
    words = re.sub(r"[^\w]+", " ", plain).split()
    if len(words) > 1 and words[0] == "the":
        words = words[1:]
    return " ".join(ONE_WORD.get(word, word) for word in words)


class Fold(models.Func):
    """The same in the database: `lower(unaccent(text))`, made immutable.

    `events_fold` is created by the first migration; PostgreSQL does not let a
    generated column call `unaccent` itself, because its dictionary may change.
    """

    function = "events_fold"
    output_field: ClassVar[models.Field] = models.TextField()
