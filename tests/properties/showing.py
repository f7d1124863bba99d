"""What people are shown, beside what raw rows and the schedule by hand come to.

The documents are those of the views: the event's page, each hold that is live, and
each place in line.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from events.models import EventStatus
from inventory.documents import hold_document
from inventory.listing import cards, rows
from inventory.models import Hold, WaitlistEntry
from payments.waitlist_documents import entry_document, with_all_told
from tests.properties.remembering import LIVE, View
from tests.properties.world import World

# More than so many are not counted out to anybody.
TOLD = range(1, 11)


def complaints(world: World, view: View) -> Iterator[str]:
    """Whatever is shown and is not so: prices with all that is in them, and counts."""
    yield from _about_the_page(world, view)
    yield from _about_holds(world)
    yield from _about_the_line(world, view)


def _about_the_page(world: World, view: View) -> Iterator[str]:
    row = rows.row_of(world.event.pk)
    assert row
    page = cards.event_detail(row, world.now)
    on_sale = row["status"] == EventStatus.PUBLISHED
    free = {name: _free(name, world, view) if on_sale else 0 for name in world.types}
    for shown in page["ticket_types"]:
        name = shown["name"]
        told = _what_is_told(shown["price"]["total"], shown)
        expected = (
            world.price(name, world.now),
            free[name] if free[name] in TOLD else None,
            *(_next_price(name, world) if free[name] else (None, None)),
            bool(free[name]),
        )
        if told != expected:
            yield f"{name} is shown as {told}, and is {expected}"
    cheapest = [world.price(name, world.now) for name in free if free[name]]
    told_from = page["from_price"] and page["from_price"]["amount"]
    if told_from != min(cheapest, default=None):
        yield f"The event is shown from {told_from}, and is from {cheapest}"
    together = sum(free.values())
    if page["left"] is not None and page["left"] != together:
        yield f"{page['left']} tickets are shown as left, and {together} are"


def _what_is_told(total: Any, shown: Any) -> tuple:
    fall = shown["next_price"]
    return (
        total["amount"],
        shown["left"],
        fall and fall["amount"],
        shown["next_price_at"],
        shown["availability"] == "on_sale",
    )


def _free(name: str, world: World, view: View) -> int:
    """How many of a type somebody could have, by the rows of tickets."""
    free = sum(
        ticket.status == "available" and world.type_names[ticket.ticket_type_id] == name
        for ticket in view.tickets
    )
    if world.cap and name in world.cap[0]:
        names, capacity = world.cap
        free = min(free, max(0, capacity - view.taken(names)))
    return free


def _next_price(name: str, world: World) -> tuple[int | None, datetime | None]:
    """The first fall to come that makes it cheaper, and when."""
    today = world.price(name, world.now)
    for at in sorted(at for type_, at, _ in world.falls if type_ == name):
        if at > world.now and (price := world.price(name, at)) < today:
            return price, at
    return None, None


def _about_holds(world: World) -> Iterator[str]:
    for hold in Hold.objects.filter(status__in=LIVE).with_terms():
        shown = hold_document(hold, now=world.now)
        name = world.type_names[hold.ticket_type_id]
        today = world.price(name, world.now) * hold.quantity
        total, each = shown["total"]["amount"], shown["price"]["total"]["amount"]
        due = hold.total_amount
        if hold.status == "active":
            due = min(due, today)
        if not total == each * hold.quantity == due:
            yield f"A hold is shown at {total}, {each} a ticket, and costs {due}"


def _about_the_line(world: World, view: View) -> Iterator[str]:
    waiting = [entry for entry in view.entries if entry.status == "waiting"]
    if not waiting:
        return
    for entry in with_all_told(WaitlistEntry.objects.filter(status="waiting")):
        ahead = sum(
            other.ticket_type_id == entry.ticket_type_id and other.number < entry.number
            for other in waiting
        )
        shown = entry_document(entry, now=world.now)["ahead"]
        if shown != ahead:
            yield f"{shown} are shown ahead of somebody who waits, and {ahead} are"
