from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django_redis import get_redis_connection

from events import robots, viewers
from tests.factories import NOON


def count(event_id, people=(), *, left=(), now=NOON) -> int:
    return viewers.record_and_count(
        event_id=event_id, seen=dict.fromkeys(people, now), left=left, now=now
    )


@pytest.mark.parametrize(
    ("looking", "told"),
    [
        (0, (None, False)),
        (5, (None, False)),
        (6, (5, False)),
        (21, (20, False)),
        (22, (20, True)),
        (30, (20, True)),
        (31, (30, True)),
        (100, (90, True)),
        (130, (120, True)),
        (1300, (1200, True)),
    ],
)
def test_a_count_is_told_without_oneself_and_never_too_high(looking, told):
    shown = viewers.shown(looking, to_one_of_them=True)

    assert (shown.viewers, shown.about) == told


def test_who_is_not_in_the_count_is_told_all_of_it():
    assert viewers.shown(5, to_one_of_them=False).viewers == 5


def test_people_are_counted_once():
    event = uuid4()
    count(event, ["device:a", "device:b"])

    assert count(event, ["device:a"]) == 2


def test_a_minute_without_a_sign_is_gone():
    event = uuid4()
    count(event, ["device:a"])

    assert count(event, ["device:b"], now=NOON + timedelta(seconds=59)) == 2
    assert count(event, now=NOON + timedelta(seconds=61)) == 1


def test_an_old_sign_does_not_undo_a_new_one():
    event = uuid4()
    count(event, ["device:a"])
    viewers.record_and_count(
        event_id=event,
        seen={"device:a": NOON - timedelta(seconds=50)},
        left=(),
        now=NOON,
    )

    assert count(event, now=NOON + timedelta(seconds=30)) == 1


def test_who_leaves_is_gone():
    event = uuid4()
    count(event, ["device:a", "device:b"])

    assert count(event, left=["device:a"]) == 1


def test_at_midnight_nobody_is_counted_twice():
    event = uuid4()
    late = datetime(2026, 6, 1, 23, 59, 59, tzinfo=UTC)
    count(event, ["device:a"], now=late)

    assert count(event, ["device:a"], now=late + timedelta(seconds=2)) == 1


def test_what_is_kept_names_nobody():
    event, redis = uuid4(), get_redis_connection("default")
    count(event, ["account:7", "device:phone"])

    [key] = redis.keys(f"viewers:{event}:*")

    members = b" ".join(redis.zrange(key, 0, -1))
    assert b"phone" not in members
    assert b"account" not in members
    assert 0 < redis.ttl(key) <= 120


def test_an_account_is_one_person_on_every_device():
    user = uuid4()

    assert viewers.person_of(user_id=user, device="a") == viewers.person_of(
        user_id=user, device="b"
    )
    assert viewers.person_of(user_id=None, device=None) is None


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2)",
        "Mozilla/5.0 (compatible; Yahoo! Slurp)",
        "Mozilla/5.0 (compatible; Baiduspider/2.0)",
        "facebookexternalhit/1.1",
        "WhatsApp/2.24 A",
        "Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/140.0.0.0 Safari/537.36",
        "Mozilla/5.0 (Linux; Android 11) Chrome-Lighthouse",
        "Python/3.11 websockets/15.0",
        "python-requests/2.32",
        "curl/8.5.0",
    ],
)
def test_a_robot_is_known_by_its_name(name):
    assert robots.is_robot(name)


@pytest.mark.parametrize(
    "name",
    [
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15",
        "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        "Mozilla/5.0 (Linux; Android 13; CUBOT P80) Chrome/140.0 Mobile Safari/537.36",
        "okhttp/4.12.0",
        "Dart/3.9 (dart:io)",
        "Tickets/1 CFNetwork/1568 Darwin/24.0.0",
    ],
)
def test_browsers_and_apps_are_people(name):
    assert not robots.is_robot(name)
