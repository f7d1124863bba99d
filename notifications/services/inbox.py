"""The messages a person has been sent, in the app."""

from datetime import datetime

from notifications.models import Notification


def mark_read(*, notification: Notification, now: datetime) -> Notification:
    """Note when it was opened first; opening it again changes nothing."""
    unread = Notification.objects.filter(pk=notification.pk, read_at=None)
    unread.update(read_at=now)
    notification.refresh_from_db(fields=["read_at"])
    return notification
