"""Events: from draft over sale to the end. Money and tickets are not known here.

A cancelled or postponed event is a state; the apps above find what it owes.
"""

from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import Q

from events.local_time import end_of_night, local_to_utc
from events.models import Event, EventStatus, Venue
from events.querysets import LONGEST_RUN
from events.services.following import sells_more
from ticketapp.errors import Action, DomainError

GRACE = timedelta(hours=1)


class EventNeedsADate(DomainError):
    code = "event_needs_a_date"
    title = "The event has no date."
    message = "Give the event a start, or at least a date."
    action = Action.CHANGE_REQUEST


class EventIsOver(DomainError):
    code = "event_is_over"
    title = "The event is over."
    message = "{event} is over. Give it a new date before putting it on sale."
    action = Action.CHANGE_REQUEST


def create_event(*, venue: Venue, name: str, **details: object) -> Event:
    """Add a draft. With a start, its date is the one on the venue's calendar."""
    event = Event(venue=venue, name=name, **details)
    derive_date(event)
    event.save()
    return event


@transaction.atomic
def save_event(*, event: Event, now: datetime) -> Event:
    """Write what staff entered. From then on feeds leave the event alone."""
    event.kept_by_staff = True
    derive_date(event)
    event.save()
    sells_more([event.pk], now=now)
    return event


def derive_date(event: Event) -> None:
    """Set the local date of an unsaved event from its start, if it has one."""
    if event.starts_at is not None:
        event.local_date = event.starts_at.astimezone(event.venue.zone).date()
    elif event.local_date is None:
        raise EventNeedsADate


def ends_by(event: Event) -> datetime:
    """The instant after which nothing of the event can still be going on."""
    if event.starts_at is None:
        noon = datetime.combine(event.local_date, datetime.min.time().replace(hour=12))
        return end_of_night(local_to_utc(noon, event.venue.zone), event.venue.zone)
    known = [event.ends_at or event.starts_at + LONGEST_RUN, event.sales_close_at]
    return max(instant for instant in known if instant is not None)


@transaction.atomic
def publish_event(*, event: Event, now: datetime) -> Event:
    """Show the event and open its sales window; also ends a pause."""
    if ends_by(event) <= now:
        raise EventIsOver(event=event.name)
    event.move_to(EventStatus.PUBLISHED)
    sells_more([event.pk], now=now)
    return event


def pause_event(*, event: Event) -> Event:
    """Stop selling for now. Sold tickets stand, holds may still be paid."""
    event.move_to(EventStatus.PAUSED)
    return event


def cancel_event(*, event: Event) -> Event:
    """Call the event off for good: sales close with this commit."""
    event.move_to(EventStatus.CANCELLED)
    return event


def postpone_event(*, event: Event) -> Event:
    """Put the event off to a day not known yet: sales close with this commit."""
    event.move_to(EventStatus.POSTPONED)
    return event


def finish_event(*, event: Event) -> Event:
    """Close the books on an event that has taken place."""
    event.move_to(EventStatus.FINISHED)
    return event


@transaction.atomic
def reschedule_event(*, event: Event, starts_at: datetime, now: datetime) -> Event:
    """Move the event to a new start; doors, end and end of sales move along.

    What was a length of time before stays that long, also over a clock change.
    """
    row = Event.objects.select_for_update(no_key=True, of=("self",))
    fresh = row.select_related("venue").get(pk=event.pk)
    if fresh.starts_at is not None:
        moved = starts_at - fresh.starts_at
        for field in ("doors_at", "ends_at", "sales_close_at"):
            if (instant := getattr(fresh, field)) is not None:
                setattr(fresh, field, instant + moved)
    fresh.starts_at = starts_at
    derive_date(fresh)
    fresh.save(
        update_fields=[
            "starts_at",
            "doors_at",
            "ends_at",
            "sales_close_at",
            "local_date",
        ]
    )
    sells_more([event.pk], now=now)
    event.refresh_from_db()
    return event


@transaction.atomic
def finish_past_events(*, now: datetime, limit: int = 500) -> int:
    """Finish what can no longer be going on; return how many. Safe to repeat.

    It keeps the indexes of what is on small: they hold published events only.
    An hour's grace lets those pay who took tickets in the last minute.
    """
    then = now - GRACE
    timed = Q(ends_at__lte=then)
    timed |= Q(ends_at__isnull=True, starts_at__lte=then - LONGEST_RUN)
    sales_over = Q(sales_close_at__isnull=True) | Q(sales_close_at__lte=then)
    # Two days on, the date is past in every zone of the world.
    long_ago = now.astimezone(UTC).date() - timedelta(days=1)
    dated = Q(starts_at__isnull=True, local_date__lt=long_ago)
    over = Event.objects.filter(
        (timed & sales_over) | dated,
        status__in=[EventStatus.PUBLISHED, EventStatus.PAUSED],
    ).select_for_update(skip_locked=True, no_key=True)
    picked = list(over.values_list("pk", flat=True)[:limit])
    return Event.objects.filter(pk__in=picked).update(status=EventStatus.FINISHED)
