"""Kinds of message that exist in the tests only."""

from notifications import services as notifications
from notifications.models import Channel

RECEIPT = "test_receipt"
PRICE_FALL = "test_price_fall"
INBOX_ONLY = "test_inbox_only"

untrue: set[str] = set()


def _still_true(notification) -> bool:
    return notification.payload.get("fact") not in untrue


notifications.register_kind(RECEIPT, label="Receipts", required={Channel.EMAIL})
notifications.register_kind(PRICE_FALL, label="Price falls", still_true=_still_true)
notifications.register_kind(INBOX_ONLY, label="Hints", channels=set())
