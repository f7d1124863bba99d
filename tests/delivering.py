"""How tests have messages sent, and plan what becomes of them on the way."""

from django.core.mail.backends.locmem import EmailBackend

from notifications import services
from notifications.models import Notification
from notifications.push import PushResult, Verdict
from tests import notices
from tests.factories import NOON


class PlannedPush:
    """Answers as a test planned, by token; everything else is delivered."""

    plan: dict[str, PushResult] = {}
    sent: list = []

    def send(self, pushes):
        self.sent.extend(pushes)
        delivered = PushResult(Verdict.DELIVERED)
        return [self.plan.get(push.token, delivered) for push in pushes]


class PlannedMail(EmailBackend):
    """Fails as a test planned, or keeps the mail as the stock test backend does."""

    failures: list[Exception] = []

    def send_messages(self, messages):
        if self.failures:
            raise self.failures.pop(0)
        return super().send_messages(messages)


def enqueue(user, kind=notices.RECEIPT, **fields):
    defaults = {
        "dedupe_key": "order:1",
        "title": "Your tickets",
        "body": "Two tickets for tonight.",
        "link": "/orders/1",
        "now": NOON,
    }
    services.enqueue(user=user, kind=kind, **defaults | fields)
    return Notification.objects.get(dedupe_key=(defaults | fields)["dedupe_key"])


def device(user, token="phone"):
    return services.register_device(user=user, registration_id=token, type="android")


def send(now=NOON):
    return dict(services.send_due(now=now, limit=50))


def status_of(notification):
    notification.refresh_from_db()
    return notification.status
