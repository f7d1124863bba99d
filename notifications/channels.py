"""The ways out of the house: one mail, or pushes to some devices.

Whatever a provider does is an outcome here and not an exception.
"""

import smtplib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils.module_loading import import_string
from fcm_django.models import FCMDevice

from notifications.kinds import Kind
from notifications.models import Channel, DeliveryStatus, Notification
from notifications.push import Push, PushBackend, PushResult, Verdict

ERROR_LENGTH = 200


@dataclass(frozen=True)
class Outcome:
    """What became of one delivery."""

    status: str
    error: str = ""
    retry_after: timedelta = timedelta(0)


def send_email(notification: Notification, kind: Kind) -> Outcome:
    """Mail the message to its reader's address."""
    try:
        _mail(notification, kind).send()
    except smtplib.SMTPRecipientsRefused as error:
        codes = {code for code, _ in error.recipients.values()}
        return _failed_mail(error, for_good=min(codes) >= 500)
    except smtplib.SMTPResponseException as error:
        return _failed_mail(error, for_good=error.smtp_code >= 500)
    except (smtplib.SMTPException, OSError) as error:
        return _failed_mail(error, for_good=False)
    return Outcome(DeliveryStatus.DELIVERED)


def _mail(notification: Notification, kind: Kind) -> EmailMessage:
    body = render_to_string(
        "notifications/email.txt",
        {
            "body": notification.body,
            "url": notification.link and settings.SITE_URL + notification.link,
            "settings_url": f"{settings.SITE_URL}/you",
            "optional": Channel.EMAIL not in kind.required,
        },
    )
    host = urlsplit(settings.SITE_URL).hostname or "localhost"
    headers = {
        # The same for every copy, so that mail programs show one.
        "Message-ID": f"<{notification.pk}@{host}>",
        "Auto-Submitted": "auto-generated",
    }
    return EmailMessage(
        notification.title, body, to=[notification.user.email], headers=headers
    )


def _failed_mail(error: Exception, *, for_good: bool) -> Outcome:
    status = DeliveryStatus.FAILED if for_good else DeliveryStatus.LATER
    return Outcome(status, str(error)[:ERROR_LENGTH])


def send_pushes(
    notification: Notification, devices: Sequence[FCMDevice], *, now: datetime
) -> list[Outcome]:
    """Push the message to `devices`, and forget those that are no more."""
    results = push_backend().send([_push(notification, d, now) for d in devices])
    dead = [
        device.pk
        for device, result in zip(devices, results, strict=True)
        if result.verdict == Verdict.DEAD
    ]
    if dead:
        FCMDevice.objects.filter(pk__in=dead).delete()
    return [_outcome(result) for result in results]


def push_backend() -> PushBackend:
    return _backend(settings.PUSH_BACKEND)


@cache
def _backend(path: str) -> PushBackend:
    return import_string(path)()


def _push(notification: Notification, device: FCMDevice, now: datetime) -> Push:
    return Push(
        token=device.registration_id,
        tag=str(notification.pk),
        title=notification.title,
        body=notification.body,
        link=notification.link,
        ttl=notification.expires_at - now,
        expires_at=notification.expires_at,
    )


def _outcome(result: PushResult) -> Outcome:
    if result.verdict == Verdict.DELIVERED:
        return Outcome(DeliveryStatus.DELIVERED)
    later = result.verdict == Verdict.LATER
    status = DeliveryStatus.LATER if later else DeliveryStatus.FAILED
    return Outcome(status, result.reason[:ERROR_LENGTH], result.retry_after)
