"""Pushes through Firebase Cloud Messaging, whose client is imported only here."""

import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

import firebase_admin
from django.conf import settings
from firebase_admin import credentials, exceptions, messaging
from google.auth.exceptions import GoogleAuthError

from notifications.push import Push, PushResult, Verdict

logger = logging.getLogger(__name__)

APP_NAME = "ticketapp"
TIMEOUT_SECONDS = 10
BATCH = 500  # The most that send_each takes.
MAX_TTL = timedelta(weeks=4)
DEAD = (messaging.UnregisteredError, messaging.SenderIdMismatchError)
# Nothing is wrong with the message: FCM is busy, or our credentials are not in order.
NOT_NOW = (
    messaging.QuotaExceededError,
    messaging.ThirdPartyAuthError,
    exceptions.ResourceExhaustedError,
    exceptions.UnavailableError,
    exceptions.InternalError,
    exceptions.DeadlineExceededError,
    exceptions.UnknownError,
    exceptions.UnauthenticatedError,
    exceptions.PermissionDeniedError,
)


class FcmPush:
    """Talks to FCM v1. A 503 keeps it busy for seconds: use it in workers only."""

    def __init__(
        self,
        credential: credentials.Base | None = None,
        project: str | None = None,
    ) -> None:
        self._app = _app(credential, project)

    def send(self, pushes: Sequence[Push]) -> list[PushResult]:
        results: list[PushResult] = []
        for start in range(0, len(pushes), BATCH):
            messages = [_message(push) for push in pushes[start : start + BATCH]]
            results += self._send_batch(messages)
        return results

    def _send_batch(self, messages: list[messaging.Message]) -> list[PushResult]:
        try:
            answers = messaging.send_each(messages, app=self._app).responses
        except (GoogleAuthError, exceptions.FirebaseError) as error:
            # One thread broke and took the answers of the others with it. Those that
            # were sent are sent again, and the tag lets a device show them once.
            logger.exception("FCM could not be used.")
            return [PushResult(Verdict.LATER, str(error)) for _ in messages]
        return [_result(answer.exception) for answer in answers]


def _app(
    credential: credentials.Base | None, project: str | None
) -> firebase_admin.App:
    """One app a process: it keeps the access token and the connections."""
    with suppress(ValueError):  # Not there yet.
        return firebase_admin.get_app(APP_NAME)
    options = {"httpTimeout": TIMEOUT_SECONDS}
    return firebase_admin.initialize_app(
        credential or credentials.Certificate(settings.FCM_CREDENTIALS_FILE),
        options | ({"projectId": project} if project else {}),
        name=APP_NAME,
    )


def _message(push: Push) -> messaging.Message:
    ttl = min(push.ttl, MAX_TTL)
    seconds = str(int(ttl.total_seconds()))
    return messaging.Message(
        token=push.token,
        notification=messaging.Notification(title=push.title, body=push.body),
        data={"link": push.link, "tag": push.tag},
        android=messaging.AndroidConfig(
            priority="high",
            ttl=ttl,
            collapse_key=push.tag,
            notification=messaging.AndroidNotification(tag=push.tag),
        ),
        apns=messaging.APNSConfig(
            headers={
                "apns-collapse-id": push.tag,
                "apns-expiration": str(int(push.expires_at.timestamp())),
            }
        ),
        webpush=messaging.WebpushConfig(
            headers={"TTL": seconds, "Topic": push.tag.replace("-", "")},
            notification=messaging.WebpushNotification(tag=push.tag),
        ),
    )


def _result(error: exceptions.FirebaseError | None) -> PushResult:
    if error is None:
        return PushResult(Verdict.DELIVERED)
    reason = f"{error.code}: {error}"
    if isinstance(error, DEAD) or _is_about_the_token(error):
        return PushResult(Verdict.DEAD, reason)
    if isinstance(error, NOT_NOW):
        return PushResult(Verdict.LATER, reason, _wanted_wait(error))
    return PushResult(Verdict.FAILED, reason)


def _is_about_the_token(error: exceptions.FirebaseError) -> bool:
    """A token that FCM never gave out is said to be an invalid argument."""
    invalid = isinstance(error, exceptions.InvalidArgumentError)
    return invalid and "registration token" in str(error)


def _wanted_wait(error: exceptions.FirebaseError) -> timedelta:
    answer = error.http_response
    asked = answer.headers.get("Retry-After", "") if answer is not None else ""
    return timedelta(seconds=int(asked) if asked.isdigit() else 0)
