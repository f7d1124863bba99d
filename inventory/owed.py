"""What cancelling an event gives back: asked of the app above, which knows money."""

from collections.abc import Callable
from dataclasses import dataclass

from events.models import Event


@dataclass(frozen=True, slots=True)
class Owed:
    """In words, for staff who are about to cancel; `page` shows how far it is."""

    told: tuple[str, ...]
    page: str


FindOwed = Callable[[Event], Owed]
_finders: list[FindOwed] = []


def register_owed_finder(find: FindOwed) -> None:
    """Let the app of money say what cancelling an event comes to."""
    _finders[:] = [find]


def owed_for(event: Event) -> Owed | None:
    return _finders[0](event) if _finders else None
