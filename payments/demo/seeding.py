"""The demo's rows: made once, moved to tonight when run again.

Nothing that somebody holds or has bought is touched: then the old show stays as
it is and a new one is put beside it.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.contrib.gis.geos import Point
from django.db import transaction
from django.utils.text import slugify

from accounts.models import User
from events import services as events
from events.models import (
    Category,
    Event,
    EventStatus,
    Membership,
    Performer,
    Role,
    Venue,
    VenueSource,
)
from inventory import services as inventory
from inventory.models import (
    LIVE_HOLD,
    TAKEN_TICKET,
    Hold,
    PriceStep,
    Ticket,
    TicketStatus,
    TicketType,
)
from payments.demo import fixture
from payments.demo.fixture import DemoShow, DemoTicketType
from payments.demo.slots import DOORS_BEFORE, Slot, sales_end, slot_for

SOURCE = "demo"
LISTED_AT = "https://example.com/tickets"
REFUNDS = (
    "Tickets are refunded in full, fees included, if the event is cancelled or moved "
    "to another day. Otherwise rush tickets cannot be given back."
)
# The states of shows.json that are states of the event.
OFF = {"cancelled": EventStatus.CANCELLED, "postponed": EventStatus.POSTPONED}
NOT_YET = timedelta(minutes=90)
OPEN_SINCE = timedelta(days=7)


@dataclass
class Seeded:
    """What a run did, and the shows that still want a crowd."""

    venues: int = 0
    created: int = 0
    moved: int = 0
    unchanged: int = 0
    fresh: list[tuple[DemoShow, Event]] = field(default_factory=list)


def seed(*, now: datetime) -> Seeded:
    """Make sure that every show of the demo is on when it should be."""
    done = Seeded()
    places = {row["key"]: _venue(row, done) for row in fixture.venues()}
    for show in fixture.shows():
        with transaction.atomic():
            _put_on(show, places[show.venue], now, done)
    return done


def seed_people(*, password: str) -> dict[str, User]:
    """The demo's accounts. One that exists is left as it is, password included."""
    people = {
        "admin": _person("admin", password, is_staff=True, is_superuser=True),
        "manager": _person("manager", password, is_staff=True),
        "box-office": _person("box-office", password, is_staff=True),
        "door": _person("door", password, is_staff=True),
        "buyer": _person("buyer", None),
    }
    first = VenueSource.objects.select_related("venue")
    venue = first.get(source=SOURCE, source_id=fixture.venues()[0]["key"]).venue
    roles = {
        "manager": Role.MANAGER,
        "box-office": Role.BOX_OFFICE,
        "door": Role.DOOR,
    }
    for name, role in roles.items():
        Membership.objects.get_or_create(
            user=people[name], venue=venue, defaults={"role": role}
        )
    return people


def _person(name: str, password: str | None, **flags: bool) -> User:
    email = f"{name}@ticketapp.example"
    known = User.objects.filter(email=email).first()
    return known or User.objects.create_user(
        email, password, name=f"Demo {name.replace('-', ' ')}", **flags
    )


def _venue(row: dict[str, Any], done: Seeded) -> Venue:
    known = VenueSource.objects.select_related("venue")
    found = known.filter(source=SOURCE, source_id=row["key"]).first()
    if found is not None:
        return found.venue
    facts = {k: v for k, v in row.items() if k not in ("key", "source")}
    point = Point(facts.pop("longitude"), facts.pop("latitude"), srid=4326)
    with transaction.atomic():
        venue = events.create_venue(location=point, refund_policy=REFUNDS, **facts)
        VenueSource.objects.create(
            venue=venue, source=SOURCE, source_id=row["key"], credit=row["source"]
        )
    done.venues += 1
    return venue


def _put_on(show: DemoShow, venue: Venue, now: datetime, done: Seeded) -> None:
    slot = slot_for(show.slot, now, venue.zone)
    staged = list(
        Event.objects.filter(source=SOURCE, source_id__startswith=f"{show.key}:")
        .select_related("venue")
        .order_by("-starts_at")
    )
    if any(_is_right(event, show, slot, now) for event in staged):
        done.unchanged += 1
        return
    movable = [event for event in staged if _may_move(event)]
    if movable:
        _move(movable[0], show, slot, now)
        done.moved += 1
        return
    event = _stage(show, venue, slot, now, number=len(staged) + 1)
    done.fresh.append((show, event))
    done.created += 1


def _is_right(event: Event, show: DemoShow, slot: Slot, now: datetime) -> bool:
    wanted = OFF.get(show.state, EventStatus.PUBLISHED)
    if event.status != wanted or event.starts_at is None:
        return False
    if show.state == "not_yet" and (event.sales_open_at or now) <= now:
        return False
    return slot.fits(event.starts_at)


def _may_move(event: Event) -> bool:
    """Nobody has a ticket, or a hand on one, and it is still to be had."""
    if event.status not in (EventStatus.PUBLISHED, EventStatus.PAUSED):
        return False
    tickets = Ticket.objects.filter(ticket_type__event=event)
    return not (
        tickets.filter(status__in=[*TAKEN_TICKET, TicketStatus.RETURNED]).exists()
        or Hold.objects.filter(event=event, status__in=LIVE_HOLD).exists()
    )


def _times(show: DemoShow, slot: Slot, now: datetime) -> dict[str, datetime]:
    starts_at = slot.starts_at
    ends_at = starts_at + timedelta(minutes=show.minutes)
    opens = now + NOT_YET if show.state == "not_yet" else now - OPEN_SINCE
    return {
        "starts_at": starts_at,
        "doors_at": starts_at - DOORS_BEFORE,
        "ends_at": ends_at,
        "sales_open_at": opens.replace(second=0, microsecond=0),
        "sales_close_at": sales_end(show.slot, starts_at, ends_at),
    }


def _move(event: Event, show: DemoShow, slot: Slot, now: datetime) -> None:
    for name, value in _times(show, slot, now).items():
        setattr(event, name, value)
    events.save_event(event=event, now=now)
    for row in event.ticket_types.all():
        wanted = next((t for t in show.ticket_types if t.name == row.name), None)
        if wanted is not None:
            row.price_steps.all().delete()
            _add_steps(row, wanted, slot.starts_at)


def _stage(
    show: DemoShow, venue: Venue, slot: Slot, now: datetime, *, number: int
) -> Event:
    listed = f"{LISTED_AT}/{show.key}" if show.state == "listing" else ""
    event = events.create_event(
        venue=venue,
        name=show.name,
        description=show.description,
        category=_category(show.category),
        source=SOURCE,
        source_id=f"{show.key}:{number}",
        listing_url=listed,
        kept_by_staff=True,
        **_times(show, slot, now),
    )
    event.performers.set([_performer(name) for name in show.performers])
    events.publish_event(event=event, now=now)
    for position, wanted in enumerate(show.ticket_types):
        _add_type(event, wanted, position, now)
    if show.state == "cancelled":
        events.cancel_event(event=event)
    if show.state == "postponed":
        events.postpone_event(event=event)
    return event


def _category(name: str) -> Category:
    made, _ = Category.objects.get_or_create(
        slug=slugify(name), defaults={"name": name}
    )
    return made


def _performer(name: str) -> Performer:
    made, _ = Performer.objects.get_or_create(
        source=SOURCE, source_id=slugify(name), defaults={"name": name}
    )
    return made


def _add_type(
    event: Event, wanted: DemoTicketType, position: int, now: datetime
) -> None:
    row = TicketType.objects.create(
        event=event,
        name=wanted.name,
        description=wanted.description,
        position=position,
        unit_amount=wanted.price,
        fee_amount=wanted.fee,
        fee_name=wanted.fee_name,
        currency=event.venue.currency,
        floor_amount=wanted.floor,
    )
    _add_steps(row, wanted, event.starts_at or now)
    inventory.set_capacity(ticket_type=row, capacity=wanted.stock, now=now)


def _add_steps(row: TicketType, wanted: DemoTicketType, starts_at: datetime) -> None:
    PriceStep.objects.bulk_create(
        PriceStep(
            ticket_type=row,
            starts_at=starts_at - timedelta(minutes=fall.minutes_before),
            unit_amount=fall.price,
        )
        for fall in wanted.falls
    )
