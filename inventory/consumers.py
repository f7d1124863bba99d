"""The live numbers of an event's page, over a socket.

The first frame says who is there: {"type": "hello", "token": …, "viewer": …},
both optional; after that {"type": "beat"} every 20 seconds.
"""

import asyncio
import logging
import re
from contextlib import suppress
from typing import Any
from uuid import UUID

import orjson
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.db import Error as DatabaseError
from django.utils import timezone

from accounts.authentication import user_of_token
from accounts.models import User
from events import robots, viewers
from inventory import live

logger = logging.getLogger(__name__)

BIGGEST_FRAME = 1024
SECONDS_TO_GREET = 15.0
DEVICE_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")

# Close codes: 4000 and the status that HTTP would give.
BAD_FRAME = ("bad_frame", 4400)
NOT_AUTHENTICATED = ("not_authenticated", 4401)
UNKNOWN = ("not_found", 4404)
TOO_SILENT = ("no_hello", 4408)
TRY_AGAIN_LATER = 1013


class EventConsumer(AsyncWebsocketConsumer):
    """Somebody looks at an event's page."""

    room: live.Room | None = None
    me: live.Socket | None = None
    greeting: asyncio.Task[None] | None = None
    is_closing = False

    async def connect(self) -> None:
        await self.accept()
        self.greeting = asyncio.create_task(self._wait_for_a_greeting())

    async def disconnect(self, code: int) -> None:
        if self.greeting:
            self.greeting.cancel()
        if self.room and self.me:
            await live.leave(self.room, self.me)

    async def receive(
        self, text_data: str | None = None, bytes_data: bytes | None = None
    ) -> None:
        if self.is_closing:
            return
        frame = read_frame(text_data)
        match frame.get("type"):
            case "hello" if self.greeting:
                self.greeting.cancel()
                self.greeting = None
                await self._greet(frame)
            case "beat" if self.room and self.me:
                self.room.see(self.me, timezone.now())
                await self.room.tell(self.me)
            case _:
                await self._refuse(BAD_FRAME)

    async def _greet(self, hello: dict[str, Any]) -> None:
        token, device = hello.get("token"), hello.get("viewer")
        if not _is_text_or_nothing(token) or not _is_device_or_nothing(device):
            await self._refuse(BAD_FRAME)
            return
        user = await database_sync_to_async(user_of_token)(token) if token else None
        if token and user is None:
            await self._refuse(NOT_AUTHENTICATED)
            return
        self.me = self._socket_of(user, device)
        try:
            event_id = UUID(self.scope["url_route"]["kwargs"]["event_id"])
            self.room = await live.enter(event_id, self.me)
        except (ValueError, live.NoSuchEvent):
            await self._refuse(UNKNOWN)
        except DatabaseError:
            logger.warning("Nobody can watch an event now.", exc_info=True)
            await self.close(TRY_AGAIN_LATER)

    def _socket_of(self, user: User | None, device: str | None) -> live.Socket:
        """Staff are not counted; robots and those without a device nor told either.

        Who has switched the numbers off is not told, and is still somebody looking.
        """
        if robots.is_robot(self._user_agent()):
            device = None
        person = None
        if device and not (user and user.is_staff):
            person = viewers.person_of(user_id=user and user.pk, device=device)
        audience = live.Audience(
            is_counted=person is not None,
            sees_viewers=device is not None and wants_viewers(user),
        )
        return live.Socket(self._say, person, audience)

    def _user_agent(self) -> str:
        headers = dict(self.scope["headers"])
        return headers.get(b"user-agent", b"").decode("latin-1")

    async def _say(self, text: str) -> None:
        await self.send(text_data=text)

    async def _refuse(self, reason: tuple[str, int]) -> None:
        code, close_code = reason
        self.is_closing = True
        await self._say(orjson.dumps({"type": "error", "code": code}).decode())
        await self.close(close_code)

    async def _wait_for_a_greeting(self) -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(SECONDS_TO_GREET)
            self.greeting = None
            await self._refuse(TOO_SILENT)


class UnknownAddress(AsyncWebsocketConsumer):
    """Any other address: refused in the same words, without a stack trace."""

    async def connect(self) -> None:
        await self.close(UNKNOWN[1])


def read_frame(text: str | None) -> dict[str, Any]:
    """A frame as it was meant; an empty one for junk, which no case fits."""
    if text is None or len(text) > BIGGEST_FRAME:
        return {}
    try:
        frame = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return frame if isinstance(frame, dict) else {}


def wants_viewers(user: User | None) -> bool:
    return user is None or user.show_viewer_counts


def _is_text_or_nothing(value: object) -> bool:
    return value is None or isinstance(value, str)


def _is_device_or_nothing(value: object) -> bool:
    if value is None:
        return True
    return isinstance(value, str) and DEVICE_ID.fullmatch(value) is not None
