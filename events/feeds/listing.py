"""What the listing formats share: names, links, categories, times in order."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from events.feeds.rows import BadRow
from events.feeds.text import clean, mended

MAX_URL = 500
MAX_NAME = 200
# What feeds call things, and what our filter calls them; empty: no category.
CATEGORIES = {
    "music": "Music",
    "sports": "Sport",
    "arts & theatre": "Theatre",
    "arts & theater": "Theatre",
    "arts, theatre & comedy": "Theatre",
    "comedy": "Comedy",
    "family": "Family",
    "film": "Film",
    "miscellaneous": "",
    "undefined": "",
    "other": "",
}


def objects(value: object) -> list[dict[str, Any]]:
    """The objects in a list, and nothing of whatever else is there."""
    return [x for x in value if isinstance(x, dict)] if isinstance(value, list) else []


def name_of(value: object) -> str:
    name = mended(clean(value))
    if not name:
        raise BadRow("it has no name")
    if len(name) > MAX_NAME:
        raise BadRow(f"its name is longer than {MAX_NAME} letters")
    return name


def category_of(*names: object) -> str:
    """Our category for the most telling of a feed's names for it."""
    for name in names:
        text = clean(name)
        if text:
            return CATEGORIES.get(text.casefold(), text[:80])
    return ""


def link(value: object, name: str, notes: list[str]) -> str:
    """A web address that may be shown, or nothing."""
    text = clean(value)
    if not text:
        return ""
    try:
        parts = urlsplit(text)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.netloc:
        notes.append(f"{name} {text[:60]!r} is not a web address: left out")
        return ""
    if len(text) > MAX_URL:
        notes.append(f"{name} is longer than {MAX_URL} letters: left out")
        return ""
    return text


def picture(images: object, notes: list[str]) -> str:
    """The address of the picture that suits a phone best: wide, and wide enough.

    Pages load pictures over https only, so the address is made that.
    """
    fit = objects([images] if isinstance(images, dict) else images)
    if not fit:
        return ""
    best = min(fit, key=_unsuited)
    address = link(best.get("url"), "image", notes)
    return urlunsplit(urlsplit(address)._replace(scheme="https")) if address else ""


def _unsuited(image: Mapping[str, Any]) -> tuple[bool, bool, bool, int]:
    width = image.get("width")
    width = width if isinstance(width, int) else 0
    return (
        bool(image.get("fallback")),
        image.get("ratio") not in ("16_9", None),
        width < 640,
        abs(width - 1024),
    )


def in_order(
    notes: list[str],
    *,
    starts_at: datetime | None,
    doors_at: datetime | None = None,
    ends_at: datetime | None = None,
    sales_open_at: datetime | None = None,
    sales_close_at: datetime | None = None,
) -> dict[str, datetime | None]:
    """The times of an event, without those that cannot be true together."""
    if starts_at is None:
        doors_at = ends_at = None
    if doors_at and starts_at and doors_at > starts_at:
        notes.append("doors open after the start: left out")
        doors_at = None
    if ends_at and starts_at and ends_at <= starts_at:
        if ends_at < starts_at:
            notes.append("the end is before the start: left out")
        ends_at = None
    if sales_open_at and sales_close_at and sales_open_at >= sales_close_at:
        notes.append("sales close before they open: both left out")
        sales_open_at = sales_close_at = None
    return {
        "starts_at": starts_at,
        "doors_at": doors_at,
        "ends_at": ends_at,
        "sales_open_at": sales_open_at,
        "sales_close_at": sales_close_at,
    }
