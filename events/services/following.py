"""What has to follow at once when more can be sold of an event, or for less.

Who waits for that is known in the apps above. They do their part in the transaction
of the change, so that nobody ever sees the one without the other.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol
from uuid import UUID


class Follower(Protocol):
    def __call__(self, *, event_ids: Collection[UUID], now: datetime) -> None: ...


_followers: dict[str, Follower] = {}


def register_follower(name: str, follower: Follower) -> None:
    """Have `follower` run whenever events are on sale on better terms than before.

    It is called inside the transaction, with the rows of the events locked or
    written. Registering the same name again replaces it.
    """
    _followers[name] = follower


def sells_more(event_ids: Collection[UUID], *, now: datetime) -> None:
    """Say that these events may sell what they would not have sold before."""
    if not event_ids:
        return
    for follower in _followers.values():
        follower(event_ids=event_ids, now=now)
