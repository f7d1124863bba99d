"""Everything that may hurry a buyer, as it stands, with the query behind it.

What is shown comes from the code that the app is answered with. Beside it stands a
query of its own, which is run as it is written here: who doubts a number can ask
the database the same.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django_redis.exceptions import ConnectionInterrupted
from redis.exceptions import RedisError

from events import viewers
from events.models import Event
from inventory import live
from inventory.listing import cards, rows
from inventory.pricing import exponent
from inventory.room import IS_CAPPED, ROOM

LEFT = f"""
SELECT greatest(0, least(count(*), CASE WHEN {IS_CAPPED.format(type="%(type)s").strip()}
       THEN {ROOM.format(type="%(type)s").strip()} END)) AS left
  FROM inventory_ticket
 WHERE ticket_type_id = %(type)s AND status = 'available'
"""
FALLS = """
SELECT starts_at, unit_amount FROM inventory_pricestep
 WHERE ticket_type_id = %(type)s AND starts_at > %(now)s ORDER BY starts_at
"""
HOLDS = """
SELECT count(*) AS holds, min(expires_at) AS first_ends_at FROM inventory_hold
 WHERE event_id = %(event)s AND status IN ('active', 'paying')
"""
TIMES = "SELECT {column} FROM events_event WHERE id = %(event)s"


@dataclass(frozen=True, slots=True)
class Element:
    """One thing that is told: by which rule, what it says now, and its source."""

    name: str
    rule: str
    shown: str
    query: str
    answer: str

    @property
    def is_shown(self) -> bool:
        return self.shown != NOTHING


NOTHING = "nothing"


def elements_of(event: Event, *, now: datetime) -> list[Element]:
    """Every urgency element of an event; a draft is shown to nobody and has none."""
    row = rows.row_of(event.pk)
    if row is None:
        return []
    found = [_looking(event, row, now)]
    for kind in cards.ticket_types_of(row, now):
        found += [_left(kind), _next_price(event, kind, now)]
    return [*found, *_clocks(event, now)]


def _looking(event: Event, row: rows.Row, now: datetime) -> Element:
    try:
        query, count = viewers.recount(event_id=event.pk, now=now)
        look, answer = live.Look(row, now, count, now), f"{count}, all of them"
    except (RedisError, ConnectionInterrupted):
        query, answer = "ZCOUNT", "Redis does not answer"
        look = live.Look(row, now, 0, None)
    told = look.frame(live.Audience(is_counted=False, sees_viewers=True))
    about = "about " if told["viewers_about"] else ""
    return Element(
        name="How many are looking",
        rule=(
            "Different people with the page open in the last minute, on this app, "
            "without oneself, staff and robots. From 5 on; above 20 rounded down and "
            "called “about”. Not when sold out, older than 30 seconds, or switched off."
        ),
        shown=f"{about}{told['viewers']}" if told["viewers"] else NOTHING,
        query=query,
        answer=answer,
    )


def _left(kind: cards.JSON) -> Element:
    query, [[left]] = _ask(LEFT, {"type": kind["id"]})
    return Element(
        name=f"Only so many left: {kind['name']}",
        rule=(
            "Tickets of this type that can be bought at this moment, within its "
            "shared caps, to the ticket; only at 10 or fewer, only while on sale."
        ),
        shown=f"{kind['left']} left on this app" if kind["left"] else NOTHING,
        query=query,
        answer=str(left),
    )


def _next_price(event: Event, kind: cards.JSON, now: datetime) -> Element:
    query, steps = _ask(FALLS, {"type": kind["id"], "now": now})
    price, shown = kind["next_price"], NOTHING
    if price:
        at = _clock(event, kind["next_price_at"])
        shown = f"falls to {_amount(**price)} at {at}"
    currency = kind["price"]["total"]["currency"]
    planned = [
        f"{_amount(unit, currency)} from {_clock(event, starts_at)}"
        for starts_at, unit in steps
    ]
    return Element(
        name=f"Next price: {kind['name']}",
        rule=(
            "The next planned step that makes the ticket cheaper before its sale "
            "closes, as a whole price with fee and tax. Prices never rise."
        ),
        shown=shown,
        query=query,
        answer="; ".join(planned) or "no step is planned",
    )


def _clocks(event: Event, now: datetime) -> Iterator[Element]:
    for name, column, rule in [
        ("Sale opens", "sales_open_at", "Counted down until the sale opens."),
        ("Event starts", "starts_at", "“In 1 h 40”: the time until the start."),
    ]:
        query, [[at]] = _ask(TIMES.format(column=column), {"event": event.pk})
        yield Element(
            name=name,
            rule=f"{rule} By the server's clock; a reload never restarts it.",
            shown=_clock(event, at) if at and at > now else NOTHING,
            query=query,
            answer=_clock(event, at) if at else "not set",
        )
    query, [[holds, first]] = _ask(HOLDS, {"event": event.pk})
    yield Element(
        name="One's own hold",
        rule=(
            "Each buyer is told when their own hold ends, and of nobody else's. The "
            "end is set when the hold is made."
        ),
        shown=f"to {holds} buyers, the first until {_clock(event, first)}"
        if holds
        else NOTHING,
        query=query,
        answer=f"{holds}, {_clock(event, first)}" if holds else "0",
    )


def _ask(query: str, params: Mapping[str, Any]) -> tuple[str, list[tuple[Any, ...]]]:
    """The statement as it reached the database, and its rows."""
    with connection.cursor() as cursor:
        cursor.execute(query, params)
        return connection.ops.last_executed_query(
            cursor, query, params
        ).strip(), cursor.fetchall()


def _clock(event: Event, at: datetime) -> str:
    return f"{at.astimezone(event.venue.zone):%H:%M:%S on %-d %B}"


def _amount(amount: int, currency: str) -> str:
    digits = exponent(currency)
    return f"{currency} {amount / 10**digits:,.{digits}f}"
