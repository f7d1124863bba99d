"""Plain functions that make rows. Every argument has a default that works."""

from datetime import UTC, date, datetime, timedelta
from itertools import count
from random import Random

from django.contrib.gis.geos import Point
from django.utils import timezone

from accounts.models import User
from events.models import Event, EventStatus, Membership, Role, Venue
from inventory.models import Ticket, TicketType

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
CAMDEN = (51.5434, -0.1518)
_serial = count(1)
_slots = Random(7)


def point(latitude: float, longitude: float) -> Point:
    return Point(longitude, latitude, srid=4326)


def buyer(**fields) -> User:
    email = fields.pop("email", f"buyer{next(_serial)}@example.com")
    return User.objects.create_user(email, **fields)


def staff(*, venue: Venue, role: str = Role.MANAGER, **fields) -> User:
    user = buyer(is_staff=True, **fields)
    Membership.objects.create(user=user, venue=venue, role=role)
    return user


def venue(*, at: tuple[float, float] = CAMDEN, **fields) -> Venue:
    number = next(_serial)
    defaults = {
        "name": f"Room {number}",
        "city": "London",
        "country": "GB",
        "location": point(*at),
        "time_zone": "Europe/London",
        "match_key": f"room {number}|london|gb",
    }
    return Venue.objects.create(**defaults | fields)


def event(**fields) -> Event:
    """A published event at 20:00 UTC on the day of NOON, on sale since 08:00."""
    place = fields.pop("venue", None) or venue()
    defaults = {
        "name": "Late Show",
        "status": EventStatus.PUBLISHED,
        "starts_at": NOON + timedelta(hours=8),
        "local_date": date(2026, 6, 1),
        "sales_open_at": NOON - timedelta(hours=4),
        "sales_close_at": NOON + timedelta(hours=8),
        "location": place.location,
    }
    return Event.objects.create(venue=place, **defaults | fields)


def tonight(**fields) -> Event:
    """An event in eight hours by the clock on the wall, on sale until it starts."""
    starts_at = timezone.now() + 8 * HOUR
    defaults = {
        "starts_at": starts_at,
        "local_date": starts_at.date(),
        "sales_open_at": None,
        "sales_close_at": None,
    }
    return event(**defaults | fields)


def ticket_type(*, stock: int = 2, **fields) -> TicketType:
    defaults = {
        "name": f"Rush {next(_serial)}",
        "unit_amount": 2500,
        "currency": "GBP",
        "capacity": stock,
    }
    fields.setdefault("event", None)
    fields["event"] = fields["event"] or event()
    created = TicketType.objects.create(**defaults | fields)
    Ticket.objects.bulk_create(
        Ticket(ticket_type=created, slot=_slots.randrange(2**31)) for _ in range(stock)
    )
    return created
