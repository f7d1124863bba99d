"""Ticketmaster's documents: Discovery v2 and v1, International Discovery.

Anything may be handed in: a list of events, one event, or a document about
something else, which then has no events.
"""

from collections.abc import Callable
from typing import Any

from events.feeds import located_json, ticketmaster_discovery, ticketmaster_intl
from events.feeds.rows import BadRow, EventRow, Parsed, Remark

Reader = Callable[[dict[str, Any], int, list[str]], EventRow]


def parse(text: str) -> Parsed[EventRow]:
    """Read a document; raise UnreadableDocument if it is not JSON at all."""
    found, read = _events_in(located_json.load(text))
    parsed: Parsed[EventRow] = Parsed()
    for event in found:
        line = getattr(event, "line", 1)
        notes: list[str] = []
        try:
            if not isinstance(event, dict):
                raise BadRow("an event is not an object")  # noqa: TRY301
            parsed.rows.append(read(event, line, notes))
        except BadRow as error:
            parsed.errors.append(Remark(line, f"{_called(event)}: {error}"))
        parsed.notes += [Remark(line, f"{_called(event)}: {note}") for note in notes]
    return parsed


def _events_in(document: Any) -> tuple[list[Any], Reader]:
    """The events of a document, and what reads their shape."""
    if not isinstance(document, dict):
        return [], ticketmaster_discovery.read
    embedded = document.get("_embedded")
    inside = embedded.get("events") if isinstance(embedded, dict) else None
    if isinstance(inside, list):
        return inside, ticketmaster_discovery.read
    if isinstance(document.get("events"), list):
        return document["events"], ticketmaster_intl.read
    # The pictures of an event are `{"type": "event", "images": …}`: no date, no event.
    is_event = "dates" in document and {"name", "names"} & set(document)
    return [document] if is_event else [], ticketmaster_discovery.read


def _called(event: Any) -> str:
    if not isinstance(event, dict):
        return "event"
    names = event.get("names")
    name = next(iter(names.values()), None) if isinstance(names, dict) else None
    return f"event {event.get('name') or name or event.get('id') or 'without a name'}"
