"""What failed is tried again in time, by any number of senders, and nothing twice."""

import smtplib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.core import mail
from django.db import connection, transaction
from fcm_django.models import FCMDevice

from notifications import services
from notifications.models import Delivery, Notification, NotificationStatus
from notifications.push import PushResult, Verdict
from notifications.services import sending
from notifications.services.sending import FIRST_WAIT, LEASE
from tests.delivering import PlannedMail, PlannedPush, device, enqueue, send, status_of
from tests.factories import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("planned_channels")]


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
