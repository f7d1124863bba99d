"""Events that take place at another time, as staff enter it on the event's page."""

from datetime import datetime, timedelta

from events import services as events
from events.models import Event


def move_event(event: Event, by: timedelta, *, now: datetime) -> None:
    """All of its times by as much, except from when tickets are sold."""
    form = Event.objects.select_related("venue").get(pk=event.pk)
    for name in ("starts_at", "doors_at", "ends_at", "sales_close_at"):
        if (instant := getattr(form, name)) is not None:
            setattr(form, name, instant + by)
    events.save_event(event=form, now=now)
    event.refresh_from_db()
