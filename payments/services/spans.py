"""How far back a comparison looks, and how far it came."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from payments.gateways import Listed
from payments.models import Payment
from payments.services.deadlines import Deadline

Pair = tuple[Listed, Payment | None]


@dataclass
class Span:
    """What was begun since then and before `until`; if it `is_open`, after that too.

    The provider lists the newest first: what was begun from `reached` on has been
    walked over.
    """

    since: datetime
    until: datetime
    is_open: bool = False
    reached: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.reached = self.until

    @property
    def is_through(self) -> bool:
        return self.reached <= self.since

    def walk(self, listed: Iterable[Pair], deadline: Deadline) -> Iterator[Pair]:
        """As many of them, newest first, as can be dealt with before the deadline.

        It stops between two seconds only, as the provider tells no smaller times:
        who goes on from there meets each intent once. So the newest second is always
        walked over, however little time there is.
        """
        second = None
        for pair in listed:
            created_at = pair[0].created_at
            if second and created_at < second:
                self.reached = second
                if deadline.is_past():
                    return
            second = created_at
            yield pair
        self.reached = self.since
