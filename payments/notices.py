"""The messages about money, and which of them may not be switched off."""

from notifications.models import Channel
from notifications.services import register_kind

EMAIL = {Channel.EMAIL}

register_kind("receipt", label="Your tickets and receipts", required=EMAIL)
register_kind("paid_too_late", label="Payments that came too late", required=EMAIL)
register_kind("refund", label="Refunds", required=EMAIL)
register_kind("event_refund", label="Refunds of cancelled events", required=EMAIL)
register_kind(
    "event_called_off", label="Cancelled and postponed events", required=EMAIL
)
