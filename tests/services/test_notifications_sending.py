"""Messages leave once, while they are true, by the channels their reader wants."""

import smtplib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from logging import INFO, getLogger
from threading import Barrier

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.core.management import call_command
from django.db import connection, transaction
from fcm_django.models import FCMDevice

from notifications import services
from notifications.channels import push_backend
from notifications.models import Delivery, Notification, NotificationStatus, Preference
from notifications.push import PushResult, Verdict
from notifications.services import sending
from notifications.services.sending import FIRST_WAIT, LEASE
from tests import factories as make
from tests import notices
from tests.factories import NOON

pytestmark = pytest.mark.django_db


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


@pytest.fixture(autouse=True)
def _outside(settings):
    settings.PUSH_BACKEND = f"{__name__}.PlannedPush"
    settings.EMAIL_BACKEND = f"{__name__}.PlannedMail"
    PlannedPush.plan = {}
    PlannedPush.sent = []
    PlannedMail.failures = []
    notices.untrue.clear()


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


def test_a_dead_token_is_forgotten_at_once(buyer):
    device(buyer, "dead")
    device(buyer, "alive")
    PlannedPush.plan = {"dead": PushResult(Verdict.DEAD, "UNREGISTERED")}
    enqueue(buyer)

    assert send() == {"sent": 1}
    assert FCMDevice.objects.get().registration_id == "alive"


def test_what_failed_for_now_is_tried_again_and_nothing_else_is(buyer):
    device(buyer, "phone")
    device(buyer, "busy")
    PlannedPush.plan = {"busy": PushResult(Verdict.LATER, "503")}
    message = enqueue(buyer)

    assert send() == {"queued": 1}
    assert send() == {}
    PlannedPush.plan = {}
    assert send(NOON + FIRST_WAIT) == {"sent": 1}
    assert [p.token for p in PlannedPush.sent].count("busy") == 2
    assert [p.token for p in PlannedPush.sent].count("phone") == 1
    assert len(mail.outbox) == 1
    assert status_of(message) == NotificationStatus.SENT


def test_a_provider_that_names_its_wait_is_obeyed(buyer):
    device(buyer)
    wait = timedelta(minutes=7)
    PlannedPush.plan = {"phone": PushResult(Verdict.LATER, "429", wait)}
    message = enqueue(buyer)
    send()

    status_of(message)
    assert message.send_after == NOON + wait


def test_each_wait_is_twice_the_last(buyer):
    PlannedMail.failures = [OSError("The mail server is away.")] * 3
    message = enqueue(buyer)
    now = NOON
    waits = []
    for _ in range(3):
        send(now)
        status_of(message)
        waits.append(message.send_after - now)
        now = message.send_after

    assert waits == [FIRST_WAIT, FIRST_WAIT * 2, FIRST_WAIT * 4]
    assert send(now) == {"sent": 1}
    assert len(mail.outbox) == 1


def test_what_could_not_be_delivered_in_time_has_failed(buyer):
    PlannedMail.failures = [OSError("The mail server is away.")]
    message = enqueue(buyer, ttl=timedelta(seconds=20))
    send()

    assert send(NOON + FIRST_WAIT) == {"failed": 1}
    assert status_of(message) == NotificationStatus.FAILED
    assert message.deliveries.get().error == "The mail server is away."


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (
            smtplib.SMTPRecipientsRefused({"a@b.example": (550, b"No such user")}),
            "failed",
        ),
        (smtplib.SMTPRecipientsRefused({"a@b.example": (450, b"Busy")}), "queued"),
        (smtplib.SMTPDataError(554, b"Spam"), "failed"),
        (smtplib.SMTPDataError(451, b"Later"), "queued"),
        (smtplib.SMTPServerDisconnected("Gone"), "queued"),
        (TimeoutError("Slow"), "queued"),
    ],
)
def test_a_mail_server_says_whether_to_try_again(buyer, failure, status):
    PlannedMail.failures = [failure]
    message = enqueue(buyer)

    assert send() == {status: 1}
    assert status_of(message) == status
    assert not mail.outbox


def test_a_sender_that_died_before_sending_is_succeeded_after_its_lease(buyer):
    message = enqueue(buyer)
    Notification.objects.update(
        status=NotificationStatus.SENDING, lease_until=NOON + LEASE
    )

    assert send() == {}
    assert send(NOON + LEASE) == {"sent": 1}
    assert status_of(message) == NotificationStatus.SENT
    assert len(mail.outbox) == 1


def test_a_sender_that_died_while_sending_is_not_repeated(buyer):
    message = enqueue(buyer)
    Delivery.objects.create(notification=message, channel="email")
    Notification.objects.update(status=NotificationStatus.SENDING, lease_until=NOON)

    assert send() == {"sent": 1}
    assert not mail.outbox
    assert message.deliveries.get().status == "sending"


def test_one_broken_message_does_not_keep_the_others_back(buyer, caplog):
    broken = enqueue(buyer, dedupe_key="broken")
    Notification.objects.update(kind="no_such_kind")
    enqueue(buyer)

    assert send() == {"sending": 1, "sent": 1}
    assert status_of(broken) == NotificationStatus.SENDING
    assert "no_such_kind" in caplog.text


def test_sending_costs_one_statement_for_each(buyer, django_assert_max_num_queries):
    device(buyer)
    for number in range(5):
        enqueue(buyer, dedupe_key=str(number))

    # For all: the lease 2, devices and preferences 2, noting and settling 1; and the
    # savepoint of a test, which has a transaction open.
    with django_assert_max_num_queries(5 + 2 + 5):
        assert send() == {"sent": 5}


def test_a_sender_that_died_before_it_noted_what_it_sent_is_not_repeated(
    buyer, monkeypatch
):
    message = enqueue(buyer)
    monkeypatch.setattr(sending, "_settle_delivered", lambda *_: 0)
    send()
    monkeypatch.undo()

    assert send(NOON + LEASE) == {"sent": 1}
    assert len(mail.outbox) == 1
    assert status_of(message) == NotificationStatus.SENT


@pytest.mark.django_db(transaction=True)
def test_eight_senders_at_once_send_each_message_once(buyer):
    device(buyer)
    for number in range(30):
        enqueue(buyer, dedupe_key=str(number))
    start = Barrier(8)

    def work(_):
        start.wait()
        while services.send_due(now=NOON, limit=3):
            pass
        connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))

    tags = [push.tag for push in PlannedPush.sent]
    assert len(tags) == len(set(tags)) == len(mail.outbox) == 30
    assert not Notification.objects.exclude(status=NotificationStatus.SENT).exists()


@pytest.mark.django_db(transaction=True)
def test_nothing_is_sent_while_a_transaction_is_open(buyer):
    enqueue(buyer)

    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        send()

    assert not mail.outbox


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
