"""Use cases of venues and events.

Lock order: venue, event. A venue's lock is never asked for while an event's is
held; DESIGN §3 has the order from the event downwards.
"""

from events.services.event_import import EventReport, import_events
from events.services.events import (
    EventIsOver,
    EventNeedsADate,
    cancel_event,
    create_event,
    derive_date,
    ends_by,
    finish_event,
    finish_past_events,
    pause_event,
    postpone_event,
    publish_event,
    save_event,
)
from events.services.following import register_follower
from events.services.venue_import import VenueReport, import_venues
from events.services.venue_places import Placed, locate_venue
from events.services.venues import (
    create_venue,
    derive_from_place,
    move_venue,
    save_venue,
    works_at,
)

__all__ = [
    "EventIsOver",
    "EventNeedsADate",
    "EventReport",
    "Placed",
    "VenueReport",
    "cancel_event",
    "create_event",
    "create_venue",
    "derive_date",
    "derive_from_place",
    "ends_by",
    "finish_event",
    "finish_past_events",
    "import_events",
    "import_venues",
    "locate_venue",
    "move_venue",
    "pause_event",
    "postpone_event",
    "publish_event",
    "register_follower",
    "save_event",
    "save_venue",
    "works_at",
]
