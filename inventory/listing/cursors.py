"""Where a list goes on: the sort key of the last row, and of the pages before.

A keyset cursor can only go forwards, and the nearest-first index too; so a
cursor carries the keys of the pages that led to it, and `previous` is the
cursor before. It is opaque, not secret: what comes back is checked, not trusted.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any
from uuid import UUID

import orjson

# How many pages one can walk back from where one is.
REMEMBERED_PAGES = 20
MAX_LENGTH = 4000
BIGGEST_ID = 2**63

Key = tuple[Any, str]


class InvalidCursor(ValueError):
    """Not a cursor that this list has given out."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """`keys` of the last rows of the pages so far; `forgotten` says that there
    were more of them.
    """

    sort: str
    keys: tuple[Key, ...] = ()
    forgotten: bool = False

    @property
    def after(self) -> Key | None:
        return self.keys[-1] if self.keys else None

    def next(self, key: Key) -> "Cursor":
        keys = (*self.keys, key)
        forgotten = self.forgotten or len(keys) > REMEMBERED_PAGES
        return Cursor(self.sort, keys[-REMEMBERED_PAGES:], forgotten)

    def previous(self) -> "Cursor | None":
        """The page before; None on the first, or when it is forgotten."""
        if not self.keys or (self.forgotten and len(self.keys) == 1):
            return None
        return Cursor(self.sort, self.keys[:-1], self.forgotten)

    def write(self) -> str:
        packed = orjson.dumps([self.sort, self.forgotten, *self.keys])
        return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def read(text: str, *, sort: str) -> Cursor:
    """Read a cursor of a list in this order, or raise InvalidCursor.

    No text at all is the first page.
    """
    if not text:
        return Cursor(sort)
    if not text.isascii() or len(text) > MAX_LENGTH:
        raise InvalidCursor
    try:
        padded = text + "=" * (-len(text) % 4)
        packed = base64.b64decode(padded, altchars=b"-_", validate=True)
        made_for, forgotten, *keys = orjson.loads(packed)
    except (binascii.Error, ValueError, TypeError) as error:
        raise InvalidCursor from error
    if made_for != sort or not isinstance(forgotten, bool):
        raise InvalidCursor
    if len(keys) > REMEMBERED_PAGES:
        raise InvalidCursor
    return Cursor(sort, tuple(_key(value) for value in keys), forgotten)


def _key(value: Sequence[Any]) -> Key:
    if not isinstance(value, list) or len(value) != 2:
        raise InvalidCursor
    place, ident = value
    known = isinstance(place, str) or (
        isinstance(place, int | float)
        and not isinstance(place, bool)
        and isfinite(place)
        and abs(place) < BIGGEST_ID
    )
    if not known or not isinstance(ident, str):
        raise InvalidCursor
    try:
        return place, str(UUID(ident))
    except ValueError as error:
        raise InvalidCursor from error
