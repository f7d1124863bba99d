"""Inbox, devices and preferences as the app sees them."""

from datetime import timedelta

import pytest
from fcm_django.models import FCMDevice

from notifications import services
from notifications.models import Notification, Preference
from tests import factories as make
from tests import notices
from tests.factories import NOON

INBOX = "/api/v1/notifications"
DEVICES = "/api/v1/devices"
PREFERENCES = "/api/v1/notification-preferences"


def message(user, number=1, *, sent=True, **fields):
    return Notification.objects.create(
        user=user,
        kind=notices.RECEIPT,
        dedupe_key=f"{user.pk}:{number}",
        title=f"Number {number}",
        body="Text.",
        created_at=NOON + timedelta(minutes=number),
        sent_at=NOON if sent else None,
        expires_at=NOON,
        **fields,
    )


def titles(answer):
    return [row["title"] for row in answer.json()["results"]]


def test_the_inbox_has_the_newest_on_top(api, buyer):
    for number in [1, 3, 2]:
        message(buyer, number)
    answer = api.get(INBOX)

    assert titles(answer) == ["Number 3", "Number 2", "Number 1"]
    assert set(answer.json()) == {"results", "next", "previous"}
    assert set(answer.json()["results"][0]) == {
        "id",
        "kind",
        "title",
        "body",
        "link",
        "sent_at",
        "read_at",
    }


def test_the_inbox_shows_only_what_its_reader_was_sent(api, buyer):
    message(make.buyer(), 1)
    message(buyer, 2, sent=False)
    message(buyer, 3)

    assert titles(api.get(INBOX)) == ["Number 3"]


def test_the_inbox_can_show_only_the_unread(api, buyer):
    message(buyer, 1, read_at=NOON)
    message(buyer, 2)

    assert titles(api.get(INBOX, {"unread": "true"})) == ["Number 2"]
    assert titles(api.get(INBOX, {"unread": "false"})) == ["Number 1"]
    assert api.get(INBOX, {"unread": "perhaps"}).status_code == 400


def test_a_page_of_the_inbox_costs_one_query(api, buyer, django_assert_num_queries):
    for number in range(30):
        message(buyer, number)

    with django_assert_num_queries(1):
        assert len(api.get(INBOX).json()["results"]) == 20


def test_pages_of_the_inbox_follow_each_other(api, buyer):
    for number in range(5):
        message(buyer, number)
    first = api.get(INBOX, {"page_size": 3})

    assert titles(first) + titles(api.get(first.json()["next"])) == [
        f"Number {n}" for n in [4, 3, 2, 1, 0]
    ]


def test_a_message_is_read_once(api, buyer):
    row = message(buyer)
    first = api.post(f"{INBOX}/{row.pk}/read")
    again = api.post(f"{INBOX}/{row.pk}/read")

    assert first.status_code == 200
    assert first.json()["read_at"] is not None
    assert again.json() == first.json()


@pytest.mark.parametrize("sent", [True, False])
def test_what_is_not_in_ones_inbox_cannot_be_read(api, buyer, sent):
    row = message(make.buyer() if sent else buyer, sent=sent)
    answer = api.post(f"{INBOX}/{row.pk}/read")

    assert answer.status_code == 404
    row.refresh_from_db()
    assert row.read_at is None


def test_a_device_is_registered_once(api, buyer):
    body = {"registration_id": "abc:DEF_1-2", "type": "android"}
    answers = [api.post(DEVICES, body) for _ in range(2)]

    assert [a.status_code for a in answers] == [201, 201]
    assert answers[0].json() == body
    device = FCMDevice.objects.get()
    assert (device.user, device.registration_id) == (buyer, "abc:DEF_1-2")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"registration_id": "abc"},
        {"registration_id": "abc", "type": "toaster"},
        {"registration_id": "a/b", "type": "web"},
        {"registration_id": "a b", "type": "web"},
        {"registration_id": "\x00", "type": "web"},
        {"registration_id": "x" * 5000, "type": "web"},
    ],
)
def test_a_device_that_cannot_be_is_refused(api, body):
    assert api.post(DEVICES, body).status_code == 400
    assert not FCMDevice.objects.exists()


def test_a_device_is_forgotten(api):
    api.post(DEVICES, {"registration_id": "abc:1", "type": "ios"})
    answers = [api.delete(f"{DEVICES}/abc:1") for _ in range(2)]

    assert [a.status_code for a in answers] == [204, 404]
    assert not FCMDevice.objects.exists()


def test_nobody_forgets_the_device_of_another(api):
    services.register_device(user=make.buyer(), registration_id="abc", type="web")

    assert api.delete(f"{DEVICES}/abc").status_code == 404
    assert FCMDevice.objects.exists()


def switches(answer):
    rows = answer.json()["preferences"]
    return {(r["kind"], r["channel"]): (r["enabled"], r["required"]) for r in rows}


def test_every_switch_is_shown_as_it_stands(api, buyer, django_assert_num_queries):
    Preference.objects.create(
        user=buyer, kind=notices.PRICE_FALL, channel="push", enabled=False
    )
    with django_assert_num_queries(1):
        shown = switches(api.get(PREFERENCES))

    assert shown[notices.PRICE_FALL, "email"] == (True, False)
    assert shown[notices.PRICE_FALL, "push"] == (False, False)
    assert shown[notices.RECEIPT, "email"] == (True, True)
    assert (notices.INBOX_ONLY, "email") not in shown


def wish(kind=notices.PRICE_FALL, channel="email", enabled=False):
    return {"kind": kind, "channel": channel, "enabled": enabled}


def test_switches_are_set_and_the_others_stay(api):
    api.put(PREFERENCES, {"preferences": [wish()]})
    answer = api.put(PREFERENCES, {"preferences": [wish(channel="push")]})
    api.put(PREFERENCES, {"preferences": [wish(enabled=True)]})

    assert switches(answer)[notices.PRICE_FALL, "email"] == (False, False)
    assert switches(answer)[notices.PRICE_FALL, "push"] == (False, False)
    assert switches(api.get(PREFERENCES))[notices.PRICE_FALL, "email"] == (True, False)


def test_a_receipt_by_mail_cannot_be_switched_off(api):
    wishes = [wish(), wish(notices.RECEIPT)]
    answer = api.put(PREFERENCES, {"preferences": wishes})

    assert answer.status_code == 409
    assert answer.json()["code"] == "not_optional"
    assert "Receipts by email" in answer.json()["detail"]
    assert not Preference.objects.exists()


@pytest.mark.parametrize(
    "wishes",
    [
        [wish("no_such_kind")],
        [wish(channel="pigeon")],
        [wish(notices.INBOX_ONLY)],
        [wish(), wish(enabled=True)],
        [wish(enabled="perhaps")],
        "all",
        None,
    ],
)
def test_switches_that_do_not_exist_are_refused(api, wishes):
    answer = api.put(PREFERENCES, {"preferences": wishes})

    assert answer.status_code == 400
    assert not Preference.objects.exists()


@pytest.mark.parametrize("address", [INBOX, DEVICES, PREFERENCES])
def test_messages_are_for_the_signed_in(anonymous, address):
    assert anonymous.get(address).status_code == 401
