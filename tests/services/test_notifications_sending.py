"""Messages leave while they are true, by the channels their reader wants."""

from datetime import timedelta
from logging import INFO, getLogger

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import transaction
from fcm_django.models import FCMDevice

from notifications import services
from notifications.channels import push_backend
from notifications.models import Delivery, Notification, NotificationStatus, Preference
from tests import factories as make
from tests import notices
from tests.delivering import PlannedPush, device, enqueue, send, status_of
from tests.factories import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("planned_channels")]


def test_a_message_goes_to_mail_phones_and_inbox(buyer):
    device(buyer, "phone")
    device(buyer, "tablet")
    message = enqueue(buyer)

    assert send() == {"sent": 1}
    assert [m.to for m in mail.outbox] == [[buyer.email]]
    assert {push.token for push in PlannedPush.sent} == {"phone", "tablet"}
    assert status_of(message) == NotificationStatus.SENT
    assert message.sent_at == NOON
    assert message.lease_until is None
    assert (
        list(message.deliveries.values_list("status", flat=True)) == ["delivered"] * 3
    )


def test_a_mail_says_where_to_look_and_what_can_be_switched_off(buyer, settings):
    settings.SITE_URL = "https://tickets.example"
    receipt = enqueue(buyer, now=NOON - timedelta(seconds=1))
    enqueue(buyer, notices.PRICE_FALL, dedupe_key="fall:1")
    send()

    first, second = mail.outbox
    assert first.subject == "Your tickets"
    assert "https://tickets.example/orders/1" in first.body
    assert "cannot be switched off" in first.body
    assert "You choose which" in second.body
    assert first.extra_headers["Message-ID"] == f"<{receipt.pk}@tickets.example>"


def test_a_title_stays_on_one_line(buyer):
    enqueue(buyer, title="Late\nShow\r\nBcc: all@example.com" + "x" * 300)
    send()

    assert mail.outbox[0].subject.startswith("Late Show Bcc: all@example.comxxx")
    assert len(mail.outbox[0].subject) == 200


def test_a_dedupe_key_is_told_once(buyer):
    enqueue(buyer, title="First")
    enqueue(buyer, title="Second")

    assert send() == {"sent": 1}
    assert send() == {}
    assert [m.subject for m in mail.outbox] == ["First"]


def test_a_message_of_a_transaction_that_failed_is_never_sent(buyer):
    with transaction.atomic():
        enqueue(buyer)
        transaction.set_rollback(True)

    assert send() == {}
    assert not mail.outbox


def test_a_kind_that_nobody_registered_is_a_bug(buyer):
    with pytest.raises(LookupError, match="no_such_kind"):
        services.enqueue(
            user=buyer, kind="no_such_kind", dedupe_key="1", title="", body="", now=NOON
        )

    assert not Notification.objects.exists()


def test_a_message_waits_for_its_time(buyer):
    message = enqueue(buyer, send_after=NOON + timedelta(minutes=5))

    assert send() == {}
    assert send(NOON + timedelta(minutes=5)) == {"sent": 1}
    assert status_of(message) == NotificationStatus.SENT


def test_what_is_not_true_any_more_is_not_said(buyer):
    device(buyer)
    message = enqueue(buyer, notices.PRICE_FALL, payload={"fact": "cheaper"})
    notices.untrue.add("cheaper")

    assert send() == {"suppressed": 1}
    assert not mail.outbox
    assert not PlannedPush.sent
    assert not Delivery.objects.exists()
    assert status_of(message) == NotificationStatus.SUPPRESSED
    assert message.sent_at is None


def test_what_comes_too_late_is_not_said(buyer):
    message = enqueue(buyer, ttl=timedelta(minutes=10))

    assert send(NOON + timedelta(minutes=10)) == {"expired": 1}
    assert not mail.outbox
    assert status_of(message) == NotificationStatus.EXPIRED


def test_an_account_that_is_switched_off_is_told_nothing():
    message = enqueue(make.buyer(is_active=False))

    assert send() == {"suppressed": 1}
    assert not mail.outbox
    assert status_of(message) == NotificationStatus.SUPPRESSED


def test_a_push_says_how_long_it_is_worth_showing(buyer):
    device(buyer)
    message = enqueue(buyer, ttl=timedelta(hours=1))
    send(NOON + timedelta(minutes=20))

    [push] = PlannedPush.sent
    assert push.ttl == timedelta(minutes=40)
    assert push.expires_at == message.expires_at
    assert push.tag == str(message.pk)


def test_a_channel_that_was_switched_off_is_left_alone(buyer):
    device(buyer)
    Preference.objects.create(
        user=buyer, kind=notices.PRICE_FALL, channel="email", enabled=False
    )
    enqueue(buyer, notices.PRICE_FALL)

    assert send() == {"sent": 1}
    assert not mail.outbox
    assert len(PlannedPush.sent) == 1


def test_a_required_channel_is_used_whatever_was_switched_off(buyer):
    Preference.objects.create(
        user=buyer, kind=notices.RECEIPT, channel="email", enabled=False
    )
    enqueue(buyer)
    send()

    assert len(mail.outbox) == 1


def test_a_kind_without_channels_only_gets_into_the_inbox(buyer):
    device(buyer)
    message = enqueue(buyer, notices.INBOX_ONLY)

    assert send() == {"sent": 1}
    assert not mail.outbox
    assert not PlannedPush.sent
    assert status_of(message) == NotificationStatus.SENT
    assert message.sent_at == NOON


def test_the_command_says_what_it_did(buyer, capsys):
    enqueue(buyer, ttl=timedelta(days=3650))
    call_command("send_notifications")
    call_command("send_notifications")

    assert (
        capsys.readouterr().out == "Notifications: 1 sent.\nNotifications: none due.\n"
    )


def test_without_credentials_pushes_are_written_to_the_log(buyer, settings, caplog):
    settings.PUSH_BACKEND = "notifications.push.console.ConsolePush"
    device(buyer)
    enqueue(buyer)
    with caplog.at_level("INFO"):
        send()

    assert "Your tickets · Two tickets for tonight. /orders/1" in caplog.text
    assert type(push_backend()).__name__ == "ConsolePush"


def test_pushes_are_written_to_the_log_of_a_worker_that_tells_warnings_only(caplog):
    caplog.set_level("WARNING")  # What `celery worker --loglevel WARNING` does.

    assert getLogger("notifications.push.console").isEnabledFor(INFO)


def test_a_device_belongs_to_whoever_signed_in_there_last():
    first, second = make.buyer(), make.buyer()
    device(first, "shared")
    device(second, "shared")

    assert FCMDevice.objects.get().user == second


def test_an_account_keeps_its_newest_twenty_devices(buyer):
    for number in range(22):
        device(buyer, f"token{number}")
    device(buyer, "token5")

    kept = set(FCMDevice.objects.values_list("registration_id", flat=True))
    assert len(kept) == 20
    assert {"token5", "token21"} <= kept
    assert not kept & {"token0", "token1"}
