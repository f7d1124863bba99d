"""Events: from draft over sale to the end. Money and tickets are not known here.

A cancelled or postponed event is a state, and a date that moved is kept with the
event; the apps above find what is owed for it.
"""

from datetime import UTC, date, datetime, timedelta

from django.db import transaction
from django.db.models import Q

from events.local_time import end_of_night, local_to_utc
from events.models import Event, EventStatus, Venue
from events.querysets import LONGEST_RUN
from events.services.following import sells_more
from ticketapp.errors import Action, DomainError

GRACE = timedelta(hours=1)
ON = (EventStatus.PUBLISHED, EventStatus.PAUSED)
# A start that changes by less, on the same night, is put right; else it is another.
ANOTHER_DATE = timedelta(hours=3)
MOVE = ("moved_from", "moved_at", "retimed_at")


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
    if not event._state.adding:
        before = _lock(event)
        for name in ("status", *MOVE):  # Written by services while a form is open.
            setattr(event, name, getattr(before, name))
        _keep_move(event, before=before, now=now)
    event.save()
    sells_more([event.pk], now=now)
    return event


def derive_date(event: Event) -> None:
    """Set the local date of an unsaved event from its start, if it has one."""
    if event.starts_at is not None:
        event.local_date = event.starts_at.astimezone(event.venue.zone).date()
    elif event.local_date is None:
        raise EventNeedsADate


def _lock(event: Event) -> Event:
    """The event as it is by now, with its venue."""
    row = Event.objects.select_for_update(no_key=True, of=("self",))
    return row.select_related("venue").get(pk=event.pk)


def _keep_move(event: Event, *, before: Event, now: datetime) -> None:
    """Keep with an unsaved event that people bought tickets for another start.

    The start of a postponed event is known once it is published, not sooner.
    """
    is_known = before.status in ON
    if not is_known or _start(event) == _start(before):
        return
    event.retimed_at = now
    if _is_another_date(event, before):
        event.moved_at, event.moved_from = now, before.local_date


def _start(event: Event) -> tuple[datetime | None, date]:
    return event.starts_at, event.local_date


def _is_another_date(event: Event, before: Event) -> bool:
    """Whether somebody who can come to the one may well not come to the other."""
    if event.starts_at is None or before.starts_at is None:
        return event.local_date != before.local_date
    away = abs(event.starts_at - before.starts_at)
    return event.night != before.night or away >= ANOTHER_DATE


def ends_by(event: Event) -> datetime:
    """The instant after which nothing of the event can still be going on."""
    if event.starts_at is None:
        noon = datetime.combine(event.local_date, datetime.min.time().replace(hour=12))
        return end_of_night(local_to_utc(noon, event.venue.zone), event.venue.zone)
    known = [event.ends_at or event.starts_at + LONGEST_RUN, event.sales_close_at]
    return max(instant for instant in known if instant is not None)


@transaction.atomic
def publish_event(*, event: Event, now: datetime) -> Event:
    """Show the event and open its sales window; also ends a pause.

    If it was postponed its date is known from now on, though it be the old one.
    """
    if ends_by(event) <= now:
        raise EventIsOver(event=event.name)
    was_off = event.status == EventStatus.POSTPONED
    known = {"moved_at": now, "retimed_at": now} if was_off else {}
    event.move_to(EventStatus.PUBLISHED, **known)
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
    event.move_to(EventStatus.POSTPONED, moved_from=event.local_date)
    return event


def finish_event(*, event: Event) -> Event:
    """Close the books on an event that has taken place."""
    event.move_to(EventStatus.FINISHED)
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
        status__in=ON,
    ).select_for_update(skip_locked=True, no_key=True)
    picked = list(over.values_list("pk", flat=True)[:limit])
    return Event.objects.filter(pk__in=picked).update(status=EventStatus.FINISHED)
