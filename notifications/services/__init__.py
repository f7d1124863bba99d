"""Carrying messages to people.

Locks: due notifications only, skipping those that another sender has. Nothing is
sent while a transaction is open.
"""

from notifications.kinds import register_kind
from notifications.services.devices import forget_device, register_device
from notifications.services.enqueueing import enqueue
from notifications.services.inbox import mark_read
from notifications.services.preferences import (
    NotOptional,
    Wish,
    choices_of,
    set_preferences,
)
from notifications.services.sending import send_due

__all__ = [
    "NotOptional",
    "Wish",
    "choices_of",
    "enqueue",
    "forget_device",
    "mark_read",
    "register_device",
    "register_kind",
    "send_due",
    "set_preferences",
]
