"""Getting due messages out, each at most once per channel and device.

A sender leases a few due rows, asks whether each is still true, writes a delivery
row for every place it goes to, and only then sends. Whoever wrote the row sends;
so neither a second sender nor one that comes after a crash sends a thing twice.
"""

import logging
from collections import Counter
from datetime import datetime, timedelta
from hashlib import sha256

from django.db import connection, transaction
from django.db.models import F, Q
from fcm_django.models import FCMDevice

from notifications.channels import Outcome, send_email, send_pushes
from notifications.kinds import Kind, kind_named
from notifications.models import (
    Channel,
    DeliveryStatus,
    Notification,
    NotificationStatus,
)
from notifications.services.preferences import channels_for
from ticketapp.models import InvalidTransition

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=1)

Place = tuple[str, str]  # A channel, and the target there.

OPEN_DELIVERIES = """
INSERT INTO notifications_delivery AS known
       (notification_id, channel, target, status, error)
SELECT %s, wanted.channel, wanted.target, 'sending', ''
  FROM unnest(%s, %s) AS wanted (channel, target)
ON CONFLICT (notification_id, channel, target) DO UPDATE
   SET status = 'sending', error = ''
 WHERE known.status = 'later'
RETURNING channel, target
"""


def send_due(*, now: datetime, limit: int) -> Counter[str]:
    """Send up to `limit` messages that are due; count what became of them.

    Safe to overlap: senders skip each other's rows. A sender that died is
    succeeded after its lease of two minutes.
    """
    results: Counter[str] = Counter()
    for notification in _lease(now=now, limit=limit):
        try:
            _handle(notification, now)
        except InvalidTransition:  # The lease ran out and another sender went on.
            continue
        except Exception:  # One broken message must not keep the others back.
            logger.exception("Notification %s waits for its lease.", notification.pk)
        results[notification.status] += 1
    return results


@transaction.atomic(durable=True)
def _lease(*, now: datetime, limit: int) -> list[Notification]:
    due = Notification.objects.filter(
        Q(status=NotificationStatus.QUEUED, send_after__lte=now)
        | Q(status=NotificationStatus.SENDING, lease_until__lte=now)
    )
    taken = list(
        due.select_related("user")
        .order_by("send_after")
        .select_for_update(skip_locked=True, of=("self",), no_key=True)[:limit]
    )
    changes = {"status": NotificationStatus.SENDING, "lease_until": now + LEASE}
    for notification in taken:
        notification.attempts += 1
        for field, value in changes.items():
            setattr(notification, field, value)
    Notification.objects.filter(pk__in=[n.pk for n in taken]).update(
        attempts=F("attempts") + 1, **changes
    )
    return taken


def _handle(notification: Notification, now: datetime) -> None:
    """Send one leased message and settle its row."""
    if notification.expires_at <= now:
        return _settle(notification, unseen=NotificationStatus.EXPIRED)
    kind = kind_named(notification.kind)
    if not _is_still_true(notification, kind):
        return _settle(notification, unseen=NotificationStatus.SUPPRESSED)
    if notification.sent_at is None:
        notification.sent_at = now
        Notification.objects.filter(pk=notification.pk).update(sent_at=now)
    outcomes = _deliver(notification, kind, now)
    if any(outcome.status == DeliveryStatus.LATER for outcome in outcomes):
        return _put_off(notification, outcomes, now)
    return _settle(notification, unseen=NotificationStatus.SENT)


def _is_still_true(notification: Notification, kind: Kind) -> bool:
    if not notification.user.is_active:
        return False
    return kind.still_true is None or kind.still_true(notification)


def _deliver(notification: Notification, kind: Kind, now: datetime) -> list[Outcome]:
    """Send to every place that is ours to send to, and note what became of it."""
    devices = _devices_by_target(notification, kind)
    mine = _open_deliveries(notification, kind, devices)
    outcomes: dict[Place, Outcome] = {}
    if (Channel.EMAIL, "") in mine:
        outcomes[Channel.EMAIL, ""] = send_email(notification, kind)
    targets = [target for channel, target in mine if channel == Channel.PUSH]
    if targets:
        pushed = send_pushes(notification, [devices[t] for t in targets], now=now)
        for target, outcome in zip(targets, pushed, strict=True):
            outcomes[Channel.PUSH, target] = outcome
    _note(notification, outcomes, now)
    return list(outcomes.values())


def _devices_by_target(notification: Notification, kind: Kind) -> dict[str, FCMDevice]:
    if Channel.PUSH not in kind.channels:
        return {}
    devices = FCMDevice.objects.filter(user=notification.user, active=True)
    return {sha256(d.registration_id.encode()).hexdigest(): d for d in devices}


def _open_deliveries(
    notification: Notification, kind: Kind, devices: dict[str, FCMDevice]
) -> list[Place]:
    """Claim the places this message may go to; those that nobody claimed before."""
    allowed = channels_for(notification, kind)
    places = [(Channel.EMAIL, "")] if Channel.EMAIL in allowed else []
    if Channel.PUSH in allowed:
        places += [(Channel.PUSH, target) for target in devices]
    if not places:
        return []
    channels, targets = zip(*places, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(
            OPEN_DELIVERIES, [notification.pk, [str(c) for c in channels], [*targets]]
        )
        return [(Channel(channel), target) for channel, target in cursor.fetchall()]


def _note(
    notification: Notification, outcomes: dict[Place, Outcome], now: datetime
) -> None:
    for (channel, target), outcome in outcomes.items():
        delivered = outcome.status == DeliveryStatus.DELIVERED
        notification.deliveries.filter(channel=channel, target=target).update(
            status=outcome.status,
            error=outcome.error,
            delivered_at=now if delivered else None,
        )


def _put_off(
    notification: Notification, outcomes: list[Outcome], now: datetime
) -> None:
    """Try what failed for now again: after the wait asked for, or twice the last."""
    asked = max(outcome.retry_after for outcome in outcomes)
    doubled = FIRST_WAIT * 2 ** min(notification.attempts - 1, 10)
    notification.move_to(
        NotificationStatus.QUEUED,
        send_after=now + max(asked, min(doubled, LONGEST_WAIT)),
        lease_until=None,
    )


def _settle(notification: Notification, *, unseen: str) -> None:
    """End the work on this message, as `unseen` if it never got into the inbox."""
    status = unseen
    if notification.sent_at is not None:
        known = set(notification.deliveries.values_list("status", flat=True))
        in_vain = known and known <= {DeliveryStatus.FAILED, DeliveryStatus.LATER}
        status = NotificationStatus.FAILED if in_vain else NotificationStatus.SENT
    notification.move_to(status, lease_until=None)
