"""The messages about money, and which of them may not be switched off."""

from notifications.models import Channel, Notification
from notifications.services import register_kind
from payments.models import Payment, PaymentStatus

EMAIL = {Channel.EMAIL}


def waits_for_the_buyer(notification: Notification) -> bool:
    """Nobody is called to confirm what is paid, cancelled or out of time."""
    asks = Payment.objects.filter(status=PaymentStatus.REQUIRES_ACTION)
    return asks.filter(order=notification.payload["order"]).exists()


register_kind("receipt", label="Your tickets and receipts", required=EMAIL)
register_kind("paid_too_late", label="Payments that came too late", required=EMAIL)
register_kind("refund", label="Refunds", required=EMAIL)
register_kind("event_refund", label="Refunds of cancelled events", required=EMAIL)
register_kind(
    "event_called_off", label="Cancelled and postponed events", required=EMAIL
)
register_kind("waitlist_declined", label="Waitlist purchases your bank declined")
register_kind(
    "waitlist_authenticate",
    label="Waitlist purchases your bank wants you to confirm",
    required=EMAIL,
    still_true=waits_for_the_buyer,
)
