"""The live numbers of an event's page, with real Redis and PostgreSQL."""

import asyncio
from uuid import uuid4

import pytest
from channels.db import database_sync_to_async
from channels.routing import URLRouter
from django.contrib.auth import login
from django.contrib.sessions.backends.cached_db import SessionStore
from django.db import connections
from django.http import HttpRequest
from django.utils import timezone

from events.models import Event, EventStatus
from inventory import consumers, live
from inventory import services as inventory
from inventory.models import TicketType
from inventory.routing import websocket_urlpatterns
from tests import factories as make
from tests.websocket import A_PHONE, Socket

# The sockets read in a thread of their own, so what they see must be committed.
committed = pytest.mark.django_db(transaction=True)
application = URLRouter(websocket_urlpatterns)


@pytest.fixture(autouse=True)
def quick_looks(monkeypatch):
    monkeypatch.setattr(live, "SECONDS_BETWEEN_LOOKS", 0.05)


@pytest.fixture
def rush():
    return make.ticket_type(event=make.tonight(), stock=12)


class Crowd:
    """The sockets of one test, all closed at its end."""

    def __init__(self) -> None:
        self.sockets: list[Socket] = []

    async def join(self, event_id, *, viewer="", token=None, user_agent=A_PHONE):
        socket = await self.connect(event_id, user_agent)
        await socket.say_json(type="hello", token=token, viewer=viewer or str(uuid4()))
        return socket, await socket.hear()

    async def connect(self, event_id, user_agent=A_PHONE):
        socket = Socket(application, f"/ws/events/{event_id}", user_agent)
        self.sockets.append(socket)
        assert (await socket.connect())[0]
        return socket


@pytest.fixture
async def crowd():
    crowd = Crowd()
    yield crowd
    for socket in crowd.sockets:
        await socket.disconnect()
    await database_sync_to_async(connections.close_all)()


async def told(socket, **wanted) -> dict:
    """The next frame that says so, within seconds."""
    async with asyncio.timeout(5):
        while True:
            frame = await socket.hear()
            if wanted.items() <= frame.items():
                return frame


async def refused(socket) -> tuple[str, int]:
    frame = await socket.hear()
    return frame["code"], await socket.was_closed_with()


def session_of(user) -> str:
    request = HttpRequest()
    request.session = SessionStore()
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    request.session.save()
    return request.session.session_key


# What is told ---------------------------------------------------------------------


@committed
async def test_the_first_frame_says_how_things_stand(crowd, rush):
    _, frame = await crowd.join(rush.event_id)

    assert frame["type"] == "snapshot"
    assert (frame["viewers"], frame["viewers_about"]) == (None, False)
    assert frame["availability"] == "on_sale"
    assert frame["ticket_types"] == [
        {
            "id": str(rush.pk),
            "availability": "on_sale",
            "left": None,
            "price": {"amount": 2500, "currency": "GBP"},
        }
    ]
    assert frame["at"].endswith("Z")


@committed
async def test_what_is_left_is_told_when_it_changes(crowd, rush):
    socket, _ = await crowd.join(rush.event_id)
    hold = database_sync_to_async(inventory.hold_tickets)
    buyer = await database_sync_to_async(make.buyer)()
    kind = await database_sync_to_async(TicketType.objects.with_terms().get)()

    await hold(user=buyer, ticket_type=kind, quantity=3, now=timezone.now())

    async with asyncio.timeout(5):
        while True:
            frame = await socket.hear()
            if frame["ticket_types"][0]["left"] == 9:
                break


@committed
async def test_a_cancelled_event_says_so(crowd, rush):
    socket, _ = await crowd.join(rush.event_id)

    await database_sync_to_async(Event.objects.update)(status=EventStatus.CANCELLED)

    await told(socket, availability="cancelled")


@committed
async def test_nothing_is_said_while_nothing_changes(crowd, rush):
    socket, _ = await crowd.join(rush.event_id)

    assert await socket.hears_nothing()


@committed
async def test_a_beat_is_answered_with_how_things_stand(crowd, rush):
    socket, first = await crowd.join(rush.event_id)

    await socket.say_json(type="beat")

    frame = await socket.hear()
    assert frame["type"] == "snapshot"
    assert frame["at"] >= first["at"]


# Who is counted --------------------------------------------------------------------


@committed
async def test_people_are_counted_without_oneself_from_five_on(crowd, rush):
    first, _ = await crowd.join(rush.event_id)
    for _ in range(4):
        await crowd.join(rush.event_id)
    assert await first.hears_nothing()

    await crowd.join(rush.event_id)

    assert (await told(first, viewers=5))["viewers_about"] is False


@committed
async def test_two_devices_of_one_account_are_one_person(crowd, rush):
    buyer = await database_sync_to_async(make.buyer)()
    token = await database_sync_to_async(session_of)(buyer)
    for _ in range(5):
        await crowd.join(rush.event_id)
    first, _ = await crowd.join(rush.event_id, token=token)
    await told(first, viewers=5)

    second, _ = await crowd.join(rush.event_id, token=token)

    assert await first.hears_nothing()
    assert second


@committed
async def test_two_tabs_of_one_device_are_one_person(crowd, rush):
    device = str(uuid4())
    first, _ = await crowd.join(rush.event_id, viewer=device)
    for _ in range(5):
        await crowd.join(rush.event_id, viewer=device)

    assert await first.hears_nothing()


@committed
async def test_staff_are_told_but_not_counted(crowd, rush):
    place = (await Event.objects.select_related("venue").aget()).venue
    steward = await database_sync_to_async(make.staff)(venue=place)
    token = await database_sync_to_async(session_of)(steward)
    for _ in range(5):
        await crowd.join(rush.event_id)

    socket, frame = await crowd.join(rush.event_id, token=token)
    if frame["viewers"] != 5:
        await told(socket, viewers=5)

    other = crowd.sockets[0]
    await other.say_json(type="beat")
    assert (await other.hear())["viewers"] is None


@committed
async def test_who_gives_no_device_is_neither_counted_nor_told(crowd, rush):
    for _ in range(6):
        await crowd.join(rush.event_id)

    socket = await crowd.connect(rush.event_id)
    await socket.say_json(type="hello")

    frame = await socket.hear()
    assert frame["viewers"] is None
    assert await socket.hears_nothing()


@committed
@pytest.mark.parametrize("name", ["Googlebot/2.1", "HeadlessChrome/140.0.0.0", ""])
async def test_robots_are_neither_counted_nor_told(crowd, rush, name):
    for _ in range(5):
        await crowd.join(rush.event_id)

    robot, frame = await crowd.join(rush.event_id, user_agent=name)

    assert frame["viewers"] is None
    assert await robot.hears_nothing()
    await crowd.sockets[0].say_json(type="beat")
    assert (await crowd.sockets[0].hear())["viewers"] is None


@committed
async def test_who_switched_the_numbers_off_is_counted_but_not_told(crowd, rush):
    buyer = await database_sync_to_async(make.buyer)(show_viewer_counts=False)
    token = await database_sync_to_async(session_of)(buyer)
    first, _ = await crowd.join(rush.event_id)
    for _ in range(4):
        await crowd.join(rush.event_id)

    quiet, frame = await crowd.join(rush.event_id, token=token)

    await told(first, viewers=5)
    assert frame["viewers"] is None
    assert await quiet.hears_nothing()


@committed
async def test_who_leaves_is_not_counted_any_more(crowd, rush):
    first, _ = await crowd.join(rush.event_id)
    for _ in range(6):
        await crowd.join(rush.event_id)
    await told(first, viewers=6)

    await crowd.sockets.pop().disconnect()

    await told(first, viewers=5)


@committed
@pytest.mark.parametrize("switch", ["global", "event", "sold out"])
async def test_nobody_is_told_of_viewers_when_that_is_off(
    crowd, rush, settings, switch
):
    first, _ = await crowd.join(rush.event_id)
    for _ in range(6):
        await crowd.join(rush.event_id)
    await told(first, viewers=6)

    if switch == "global":
        settings.VIEWER_COUNTS_ENABLED = False
    elif switch == "event":
        await Event.objects.aupdate(viewer_counts=False)
    else:
        await database_sync_to_async(inventory.set_capacity)(
            ticket_type=rush, capacity=0, now=timezone.now()
        )

    await told(first, viewers=None)


# Refusals ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "junk",
    [
        "hello",
        "[]",
        "{}",
        "null",
        '{"type": "beat"}',
        '{"type": "hello", "viewer": 7}',
        '{"type": "hello", "viewer": "short"}',
        '{"type": "hello", "viewer": "with spaces in it"}',
        '{"type": "hello", "token": 7}',
        '{"type": "shout"}',
        '{"type": ["hello"]}',
        '{"type": "hello", "viewer": "%s"}' % ("x" * 2000),
    ],
)
async def test_junk_is_refused_and_the_socket_closed(crowd, junk):
    socket = await crowd.connect(uuid4())

    await socket.say(text=junk)

    assert await refused(socket) == ("bad_frame", 4400)


async def test_bytes_are_refused(crowd):
    socket = await crowd.connect(uuid4())

    await socket.say(data=b"hello")

    assert await refused(socket) == ("bad_frame", 4400)


@committed
async def test_a_second_hello_is_refused(crowd, rush):
    socket, _ = await crowd.join(rush.event_id)

    await socket.say_json(type="hello")

    assert await refused(socket) == ("bad_frame", 4400)


@committed
async def test_a_token_of_nobodys_is_refused(crowd, rush):
    socket = await crowd.connect(rush.event_id)

    await socket.say_json(type="hello", token="x" * 32)

    assert await refused(socket) == ("not_authenticated", 4401)


@committed
@pytest.mark.parametrize("event_id", [uuid4(), "seven", "7"])
async def test_an_unknown_event_is_refused(crowd, event_id):
    socket = await crowd.connect(event_id)

    await socket.say_json(type="hello")

    assert await refused(socket) == ("not_found", 4404)


@committed
async def test_a_draft_cannot_be_watched(crowd, rush):
    await Event.objects.aupdate(status=EventStatus.DRAFT)
    socket = await crowd.connect(rush.event_id)

    await socket.say_json(type="hello")

    assert await refused(socket) == ("not_found", 4404)


async def test_who_says_nothing_is_let_go(crowd, monkeypatch):
    monkeypatch.setattr(consumers, "SECONDS_TO_GREET", 0.05)

    socket = await crowd.connect(uuid4())

    assert await refused(socket) == ("no_hello", 4408)


async def test_any_other_address_is_refused_quietly():
    socket = Socket(application, "/ws/elsewhere")

    connected, code = await socket.connect()

    assert (connected, code) == (False, 4404)
    await socket.disconnect()
