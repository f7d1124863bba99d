"""Getting due messages out, each at most once per channel and device.

A sender leases a few due rows, asks whether each is still true, writes a delivery
row for every place it goes to, and only then sends. Whoever wrote the row sends;
so neither a second sender nor one that comes after a crash sends a thing twice.

What concerns the sending is done message by message; what is only read before and
noted after it, where all went well, for all leased messages at once.
"""

import logging
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from notifications.channels import Outcome, send_email, send_pushes
from notifications.kinds import Kind, kind_named
from notifications.models import (
    Channel,
    DeliveryStatus,
    Notification,
    NotificationStatus,
)
from notifications.services.places import Place, Places
from ticketapp.models import InvalidTransition
from ticketapp.prepared import execute

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=1)

LEASE_DUE = """
/* lease_messages */
WITH due AS (
    SELECT id FROM notifications_notification
     WHERE (status = 'queued' AND send_after <= %(now)s)
        OR (status = 'sending' AND lease_until <= %(now)s)
     ORDER BY send_after
     LIMIT %(limit)s
       FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE notifications_notification AS message
   SET status = 'sending', lease_until = %(lease_until)s, attempts = attempts + 1
  FROM due WHERE message.id = due.id
RETURNING message.id
"""
OPEN_DELIVERIES = """
/* open_deliveries */
WITH seen AS (
    UPDATE notifications_notification SET sent_at = %(now)s
     WHERE id = %(notification)s AND sent_at IS NULL
)
INSERT INTO notifications_delivery AS known
       (notification_id, channel, target, status, error)
SELECT %(notification)s, wanted.channel, wanted.target, 'sending', ''
  FROM unnest(%(channels)s::text[], %(targets)s::text[]) AS wanted (channel, target)
ON CONFLICT (notification_id, channel, target) DO UPDATE
   SET status = 'sending', error = ''
 WHERE known.status = 'later'
RETURNING channel, target
"""
SETTLE_DELIVERED = """
/* settle_delivered */
WITH done AS (
    SELECT *
      FROM unnest(%(keys)s::uuid[], %(channels)s::text[], %(targets)s::text[])
           AS done (notification_id, channel, target)
), noted AS (
    UPDATE notifications_delivery AS known
       SET status = 'delivered', error = '', delivered_at = %(now)s
      FROM done
     WHERE (known.notification_id, known.channel, known.target)
           = (done.notification_id, done.channel, done.target)
)
UPDATE notifications_notification SET status = 'sent', lease_until = NULL
 WHERE id IN (SELECT notification_id FROM done) AND status = 'sending'
"""


def send_due(*, now: datetime, limit: int) -> Counter[str]:
    """Send up to `limit` messages that are due; count what became of them.

    Safe to overlap: senders skip each other's rows. A sender that died is
    succeeded after its lease of two minutes.
    """
    results: Counter[str] = Counter()
    leased = _lease(now=now, limit=limit)
    places = Places.of(leased)
    delivered: dict[Notification, list[Place]] = {}
    for notification in leased:
        try:
            if got_there := _handle(notification, places, now):
                delivered[notification] = got_there
                continue
        except InvalidTransition:  # The lease ran out and another sender went on.
            continue
        except Exception:  # One broken message must not keep the others back.
            logger.exception("Notification %s waits for its lease.", notification.pk)
        results[notification.status] += 1
    results[NotificationStatus.SENT] += _settle_delivered(delivered, now)
    return +results


def _lease(*, now: datetime, limit: int) -> list[Notification]:
    if connection.in_atomic_block:
        with transaction.atomic(durable=True):
            pass  # This raises: nothing is sent while a transaction is open.
    params = {"now": now, "limit": limit, "lease_until": now + LEASE}
    with connection.cursor() as cursor:
        execute(cursor, LEASE_DUE, params=params)
        taken = [key for (key,) in cursor.fetchall()]
    messages = Notification.objects.select_related("user").filter(pk__in=taken)
    return list(messages.order_by("send_after")) if taken else []


def _handle(notification: Notification, places: Places, now: datetime) -> list[Place]:
    """Send one leased message and settle its row.

    Unless it got to every place it was sent to: then it gives these, and to settle
    it is left. All else is noted before the next message, which may take long.
    """
    if notification.expires_at <= now:
        return _settle(notification, unseen=NotificationStatus.EXPIRED)
    kind = kind_named(notification.kind)
    if not _is_still_true(notification, kind):
        return _settle(notification, unseen=NotificationStatus.SUPPRESSED)
    outcomes = _deliver(notification, kind, places, now)
    statuses = {outcome.status for outcome in outcomes.values()}
    if statuses == {DeliveryStatus.DELIVERED}:
        return list(outcomes)
    _note(notification, outcomes, now)
    if DeliveryStatus.LATER in statuses:
        return _put_off(notification, list(outcomes.values()), now)
    return _settle(notification, unseen=NotificationStatus.SENT)


def _is_still_true(notification: Notification, kind: Kind) -> bool:
    if not notification.user.is_active:
        return False
    return kind.still_true is None or kind.still_true(notification)


def _deliver(
    notification: Notification, kind: Kind, places: Places, now: datetime
) -> dict[Place, Outcome]:
    """Send to every place that is ours to send to; gives what became of it."""
    devices = places.devices_of(notification, kind)
    mine = _open_deliveries(notification, places.wanted(notification, kind), now)
    outcomes: dict[Place, Outcome] = {}
    if (Channel.EMAIL, "") in mine:
        outcomes[Channel.EMAIL, ""] = send_email(notification, kind)
    targets = [target for channel, target in mine if channel == Channel.PUSH]
    if targets:
        pushed = send_pushes(notification, [devices[t] for t in targets], now=now)
        for target, outcome in zip(targets, pushed, strict=True):
            outcomes[Channel.PUSH, target] = outcome
    return outcomes


def _open_deliveries(
    notification: Notification, wanted: list[Place], now: datetime
) -> list[Place]:
    """Put it into the inbox, and claim the places that nobody claimed before."""
    params: dict[str, Any] = {
        "notification": notification.pk,
        "channels": [str(channel) for channel, _ in wanted],
        "targets": [target for _, target in wanted],
        "now": now,
    }
    with connection.cursor() as cursor:
        execute(cursor, OPEN_DELIVERIES, params=params)
        claimed = cursor.fetchall()
    notification.sent_at = notification.sent_at or now
    return [(Channel(channel), target) for channel, target in claimed]


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
) -> list[Place]:
    """Try what failed for now again: after the wait asked for, or twice the last."""
    asked = max(outcome.retry_after for outcome in outcomes)
    doubled = FIRST_WAIT * 2 ** min(notification.attempts - 1, 10)
    notification.move_to(
        NotificationStatus.QUEUED,
        send_after=now + max(asked, min(doubled, LONGEST_WAIT)),
        lease_until=None,
    )
    return []


def _settle(notification: Notification, *, unseen: str) -> list[Place]:
    """End the work on this message, as `unseen` if it never got into the inbox."""
    status = unseen
    if notification.sent_at is not None:
        known = set(notification.deliveries.values_list("status", flat=True))
        in_vain = known and known <= {DeliveryStatus.FAILED, DeliveryStatus.LATER}
        status = NotificationStatus.FAILED if in_vain else NotificationStatus.SENT
    notification.move_to(status, lease_until=None)
    return []


def _settle_delivered(delivered: dict[Notification, list[Place]], now: datetime) -> int:
    """Note what went well and end the work on it; says how many that were.

    Should we die before: whoever comes next finds every place claimed, sends
    nothing and settles them as sent.
    """
    done = [(n.pk, *place) for n, places in delivered.items() for place in places]
    if not done:
        return 0
    keys, channels, targets = zip(*done, strict=True)
    params: dict[str, Any] = {
        "keys": [*keys],
        "channels": [str(channel) for channel in channels],
        "targets": [*targets],
        "now": now,
    }
    with connection.cursor() as cursor:
        execute(cursor, SETTLE_DELIVERED, params=params)
        return cursor.rowcount
