"""Many senders who look at the outbox at once."""

from datetime import timedelta
from functools import partial

import pytest
from django.core import mail

from notifications import services
from notifications.models import Notification, NotificationStatus
from notifications.services import sending
from tests import factories as make
from tests.concurrency.racing import ROUNDS, assert_all_is_well, breaks_within, race
from tests.factories import NOON

pytestmark = pytest.mark.django_db(transaction=True)
MESSAGES = 12


def many_look_at_once() -> None:
    Notification.objects.all().delete()
    mail.outbox.clear()
    buyer = make.buyer()
    for number in range(MESSAGES):
        services.enqueue(
            user=buyer,
            kind="receipt",
            dedupe_key=f"{buyer.pk} {number}",
            title="Your tickets",
            body="See you tonight.",
            now=NOON - timedelta(minutes=1),
        )

    counts = race([partial(services.send_due, now=NOON, limit=MESSAGES)] * 6)

    assert sum(count["sent"] for count in counts) == MESSAGES
    assert set(Notification.objects.values_list("status", "attempts")) == {
        (NotificationStatus.SENT, 1)
    }
    assert len(mail.outbox) == MESSAGES


def test_each_message_is_taken_by_one_sender():
    many_look_at_once()
    assert_all_is_well()


def test_without_the_lock_two_would_take_the_same(monkeypatch):
    unlocked = sending.LEASE_DUE.replace("FOR NO KEY UPDATE SKIP LOCKED", "")
    monkeypatch.setattr(sending, "LEASE_DUE", unlocked)

    assert breaks_within(ROUNDS, many_look_at_once)
