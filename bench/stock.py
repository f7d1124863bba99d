"""One event with tickets, made through the services as staff would."""

from datetime import datetime, timedelta

from django.contrib.gis.geos import Point

from events.models import Event, EventStatus, Venue
from inventory import services as inventory
from inventory.models import TicketType


def fresh_event(*, stock: int, now: datetime, name: str = "Rush") -> TicketType:
    """An event of tonight, on sale since this morning, that nobody bought yet.

    Made like any other and not looked at since: the planner has no statistics.
    """
    venue = Venue.objects.create(
        name=f"{name} Hall",
        city="Leeds",
        country="GB",
        location=Point(-1.5491, 53.8008, srid=4326),
        time_zone="Europe/London",
        match_key=f"{name.lower()} hall|leeds|gb",
        tax_mode="included",
        tax_basis_points=2000,
        tax_name="VAT",
    )
    starts_at = now + timedelta(hours=8)
    event = Event.objects.create(
        venue=venue,
        name=name,
        status=EventStatus.PUBLISHED,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=3),
        local_date=starts_at.date(),
        sales_open_at=now - timedelta(hours=8),
        sales_close_at=starts_at,
    )
    ticket_type = TicketType.objects.create(
        event=event,
        name="Standing",
        unit_amount=2500,
        fee_amount=150,
        fee_name="Booking fee",
        currency="GBP",
    )
    return inventory.set_capacity(ticket_type=ticket_type, capacity=stock, now=now)
