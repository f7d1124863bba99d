"""One room for each event that somebody watches, in each process.

A room looks at stock and viewers every few seconds, once for all its sockets,
and speaks only when what it would say has changed. It keeps no truth: a room
that is lost is opened again by the next socket.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID
from weakref import WeakKeyDictionary

import orjson
from channels.db import database_sync_to_async
from django.conf import settings
from django.db import Error as DatabaseError
from django.utils import timezone
from django_redis.exceptions import ConnectionInterrupted
from redis.exceptions import RedisError

from events import viewers
from inventory.availability import Availability
from inventory.instants import utc
from inventory.listing import cards, rows

logger = logging.getLogger(__name__)

SECONDS_BETWEEN_LOOKS = 3.0
SECONDS_TO_LISTEN = 5.0

Say = Callable[[str], Awaitable[None]]


class NoSuchEvent(Exception):
    """Nobody can watch an event that is not there, or not published yet."""


class Audience(NamedTuple):
    """Who is told the same: people in the count, or not; with numbers, or not."""

    is_counted: bool
    sees_viewers: bool


@dataclass(eq=False, slots=True)
class Socket:
    """Somebody at the other end. Without a `person` they are not counted."""

    say: Say
    person: str | None
    audience: Audience


@dataclass(frozen=True, slots=True)
class Look:
    """How things stood at one moment."""

    row: rows.Row
    now: datetime
    looking: int
    counted_at: datetime | None

    def frame(self, audience: Audience) -> dict[str, Any]:
        """What an audience is told, apart from when."""
        availability = cards.facts_of(self.row).availability(self.now)
        told = viewers.NOTHING
        if audience.sees_viewers and self._may_tell(availability):
            told = viewers.shown(self.looking, to_one_of_them=audience.is_counted)
        return {
            "type": "snapshot",
            "viewers": told.viewers,
            "viewers_about": told.about,
            "availability": availability,
            "ticket_types": [
                {
                    "id": kind["id"],
                    "availability": kind["availability"],
                    "left": kind["left"],
                    "price": kind["price"]["total"],
                }
                for kind in cards.ticket_types_of(self.row, self.now)
            ],
        }

    def _may_tell(self, availability: Availability) -> bool:
        """Only while there is something to decide, and only what is fresh."""
        if not (settings.VIEWER_COUNTS_ENABLED and self.row["viewer_counts"]):
            return False
        if availability != Availability.ON_SALE or self.counted_at is None:
            return False
        return self.now - self.counted_at <= viewers.STALE_AFTER


@dataclass(eq=False)
class Room:
    """The sockets on one event, in this process."""

    event_id: UUID
    sockets: set[Socket] = field(default_factory=set)
    people: Counter[str] = field(default_factory=Counter)
    seen: dict[str, datetime] = field(default_factory=dict)
    left: set[str] = field(default_factory=set)
    last: Look | None = None
    texts: dict[Audience, str] = field(default_factory=dict)
    told: dict[Audience, dict[str, Any]] = field(default_factory=dict)
    is_empty: asyncio.Event = field(default_factory=asyncio.Event)
    keeper: asyncio.Task[None] | None = None

    def admit(self, socket: Socket) -> None:
        self.is_empty.clear()
        self.sockets.add(socket)
        if socket.person:
            self.people[socket.person] += 1
            self.see(socket, timezone.now())

    def see(self, socket: Socket, now: datetime) -> None:
        """Note a sign of life."""
        if socket.person:
            self.seen[socket.person] = now
            self.left.discard(socket.person)

    def lose(self, socket: Socket) -> None:
        """Forget a socket, and the person unless they look through another."""
        self.sockets.discard(socket)
        if socket.person:
            self.people[socket.person] -= 1
            if not self.people[socket.person]:
                del self.people[socket.person]
                self.seen.pop(socket.person, None)
                self.left.add(socket.person)
        if not self.sockets:
            self.is_empty.set()

    async def look(self) -> None:
        """See how things stand; raises NoSuchEvent."""
        now, left = timezone.now(), frozenset(self.left)
        since = now - viewers.LOOKING_FOR
        self.seen = {person: at for person, at in self.seen.items() if at > since}
        self.last = await database_sync_to_async(look_at)(
            self.event_id, dict(self.seen), left, now, self.last
        )
        self.left -= left
        self.texts = {}

    async def tell(self, socket: Socket) -> None:
        """Tell one socket how things stood at the last look."""
        if self.last is None:
            return
        audience = socket.audience
        if audience not in self.texts:
            frame = self.last.frame(audience)
            self.told[audience] = frame
            stamped = frame | {"at": utc(self.last.now)}
            self.texts[audience] = orjson.dumps(stamped).decode()
        await socket.say(self.texts[audience])

    async def tell_changes(self) -> None:
        """Tell those for whom the last look has changed something."""
        if self.last is None:
            return
        changed = {
            audience
            for audience in {socket.audience for socket in self.sockets}
            if self.told.get(audience) != self.last.frame(audience)
        }
        telling = [self.tell(s) for s in self.sockets if s.audience in changed]
        if telling:
            # Who does not listen that fast is told with the next change.
            everybody = asyncio.gather(*telling, return_exceptions=True)
            await asyncio.wait_for(everybody, SECONDS_TO_LISTEN)

    async def keep(self) -> None:
        """Look and tell until the last socket has left."""
        while self.sockets:
            try:
                await asyncio.wait_for(self.is_empty.wait(), SECONDS_BETWEEN_LOOKS)
            except TimeoutError:
                await self.look_and_tell()
        rooms().pop(self.event_id, None)
        await self.look_and_tell()  # So that who left is not counted any more.

    async def look_and_tell(self) -> None:
        try:
            await self.look()
            await self.tell_changes()
        except (DatabaseError, NoSuchEvent, TimeoutError) as failure:
            logger.warning("No look at event %s: %s", self.event_id, failure)


def look_at(
    event_id: UUID,
    seen: dict[str, datetime],
    left: frozenset[str],
    now: datetime,
    before: Look | None,
) -> Look:
    """Read the row and the count; without Redis the count is the last known."""
    row = rows.row_of(event_id)
    if row is None:
        raise NoSuchEvent(event_id)
    try:
        looking = viewers.record_and_count(
            event_id=event_id, seen=seen, left=left, now=now
        )
    except (RedisError, ConnectionInterrupted):
        logger.warning("Viewers of event %s cannot be counted.", event_id)
        known = (before.looking, before.counted_at) if before else (0, None)
        return Look(row, now, *known)
    return Look(row, now, looking, now)


# One set of rooms for each event loop: their tasks must not outlive it.
_rooms: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[UUID, Room]] = (
    WeakKeyDictionary()
)


def rooms() -> dict[UUID, Room]:
    return _rooms.setdefault(asyncio.get_running_loop(), {})


async def enter(event_id: UUID, socket: Socket) -> Room:
    """Let a socket in and tell it how things stand; raises NoSuchEvent."""
    room = rooms().setdefault(event_id, Room(event_id))
    room.admit(socket)
    try:
        if room.last is None:
            await room.look()
    except BaseException:
        room.lose(socket)
        if not room.sockets:
            rooms().pop(event_id, None)
        raise
    if room.keeper is None:
        room.keeper = asyncio.create_task(room.keep())
    await room.tell(socket)
    return room


async def leave(room: Room, socket: Socket) -> None:
    """Let a socket out; the last one out waits until the room is closed."""
    room.lose(socket)
    if room.is_empty.is_set() and room.keeper:
        await asyncio.wait({room.keeper}, timeout=SECONDS_BETWEEN_LOOKS)
