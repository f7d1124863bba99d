"""Operators see what became of messages, and touch nothing."""

import pytest

from accounts.models import User
from notifications.models import Delivery, Notification
from tests import factories as make
from tests import notices
from tests.factories import NOON

pytestmark = pytest.mark.django_db
LIST = "/admin/notifications/notification/"


@pytest.fixture
def message():
    row = Notification.objects.create(
        user=make.buyer(email="ada@example.com"),
        kind=notices.RECEIPT,
        dedupe_key="order:1",
        title="Your tickets",
        body="Two.",
        expires_at=NOON,
    )
    Delivery.objects.create(notification=row, channel="email", error="550 No such user")
    return row


def test_an_operator_finds_a_message_and_sees_what_became_of_it(client, message):
    client.force_login(User.objects.create_superuser("root@example.com", "x"))

    found = client.get(LIST, {"q": "ada@example.com"})
    assert b"Your tickets" in found.content
    opened = client.get(f"{LIST}{message.pk}/change/")
    assert b"550 No such user" in opened.content
    assert client.post(f"{LIST}{message.pk}/delete/").status_code == 403
    assert client.get(f"{LIST}add/").status_code == 403


def test_the_list_costs_the_same_for_one_and_for_many(
    client, message, django_assert_max_num_queries
):
    client.force_login(User.objects.create_superuser("root@example.com", "x"))
    for number in range(20):
        Notification.objects.create(
            user=make.buyer(),
            kind=notices.RECEIPT,
            dedupe_key=str(number),
            title="T",
            body="B",
            expires_at=NOON,
        )

    with django_assert_max_num_queries(8):
        client.get(LIST)


def test_staff_do_not_read_other_peoples_messages(client, message):
    client.force_login(make.staff(venue=make.venue()))

    assert client.get(LIST).status_code == 403
    assert client.get(f"{LIST}{message.pk}/change/").status_code == 403
