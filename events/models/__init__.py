"""What is on and where: venues and their staff in `venues`, performers, categories
and events in `events`.
"""

from events.models.events import Category, Event, EventStatus, Performer
from events.models.venues import (
    LocationPrecision,
    Membership,
    Role,
    TaxMode,
    Venue,
    VenueSource,
)

__all__ = [
    "Category",
    "Event",
    "EventStatus",
    "LocationPrecision",
    "Membership",
    "Performer",
    "Role",
    "TaxMode",
    "Venue",
    "VenueSource",
]
