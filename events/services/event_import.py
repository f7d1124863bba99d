"""Events from feeds: listings without stock, repeatable.

Lock order: the import lock, venues, events. A feed describes what staff do not
keep: names, times, pictures, links. It cancels and postpones, but it never puts
back on sale what staff paused or cancelled here, and never touches stock. An
event that staff saved, as they do to sell tickets for it, is left alone
(`kept_by_staff`).
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.utils.text import slugify

from events.feeds.rows import EventRow, Remark
from events.models import Category, Event, EventStatus, Performer
from events.services.events import (
    cancel_event,
    ends_by,
    postpone_event,
    publish_event,
)
from events.services.venue_import import VenueReport, import_venues, take_import_lock

BATCH = 500
FIELDS = (
    "name",
    "description",
    "local_date",
    "starts_at",
    "doors_at",
    "ends_at",
    "sales_open_at",
    "sales_close_at",
    "image_url",
    "listing_url",
)
CLOSED = (EventStatus.CANCELLED, EventStatus.FINISHED)


@dataclass
class EventReport:
    """What an import did with the events of a file."""

    venues: VenueReport
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    kept_by_staff: int = 0
    repeated: int = 0
    notes: list[Remark] = field(default_factory=list)


@transaction.atomic
def import_events(*, rows: Iterable[EventRow], now: datetime) -> EventReport:
    """Add and update the listings of a feed; the file counts whole or not at all."""
    take_import_lock()
    given = list(rows)
    wanted = {(row.source, row.source_id): row for row in reversed(given)}
    venues = import_venues(rows=[row.venue for row in given], now=now)
    report = EventReport(venues=venues, repeated=len(given) - len(wanted))
    known = _known_events(wanted)
    categories = _categories({row.category for row in wanted.values()})
    performers = _performers(wanted.values())
    for key, row in sorted(wanted.items(), key=lambda item: item[1].line):
        values = {name: getattr(row, name) for name in FIELDS}
        values["venue"] = venues.venues[row.venue.source, row.venue.source_id]
        values["category"] = categories.get(row.category)
        cast = [performers[row.source, act.source_id] for act in row.performers]
        if key not in known:
            _add(row, values, cast, now)
            report.created += 1
        else:
            _refresh(known[key], row, values, cast, report, now)
    return report


def _known_events(
    wanted: dict[tuple[str, str], EventRow],
) -> dict[tuple[str, str], Event]:
    ids: defaultdict[str, list[str]] = defaultdict(list)
    for source, source_id in wanted:
        ids[source].append(source_id)
    found: dict[tuple[str, str], Event] = {}
    for source, source_ids in ids.items():
        rows = Event.objects.filter(source=source, source_id__in=source_ids)
        locked = rows.select_for_update(no_key=True, of=("self",)).order_by("pk")
        for event in locked.select_related("venue").prefetch_related("performers"):
            found[source, event.source_id] = event
    return found


def _categories(names: set[str]) -> dict[str, Category]:
    found = {}
    for name in sorted(names - {""}):
        slug = slugify(name)[:50]
        if slug:
            found[name], _ = Category.objects.get_or_create(
                slug=slug, defaults={"name": name}
            )
    return found


def _performers(rows: Iterable[EventRow]) -> dict[tuple[str, str], Performer]:
    """The performers of a feed by their ids there, new ones added, names kept up."""
    names = {
        (row.source, act.source_id): act.name for row in rows for act in row.performers
    }
    found = {
        (performer.source, performer.source_id): performer
        for performer in Performer.objects.filter(
            source__in={source for source, _ in names},
            source_id__in={source_id for _, source_id in names},
        )
    }
    added = [
        Performer(source=key[0], source_id=key[1], name=name)
        for key, name in names.items()
        if key not in found
    ]
    Performer.objects.bulk_create(added, batch_size=BATCH)
    renamed = [p for key, p in found.items() if names.get(key, p.name) != p.name]
    for performer in renamed:
        performer.name = names[performer.source, performer.source_id]
    Performer.objects.bulk_update(renamed, ["name"], batch_size=BATCH)
    return found | {(p.source, p.source_id): p for p in added}


def _add(
    row: EventRow, values: dict[str, object], cast: list[Performer], now: datetime
) -> None:
    event = Event(
        source=row.source, source_id=row.source_id, status=row.status, **values
    )
    if event.status == EventStatus.PUBLISHED and ends_by(event) <= now:
        event.status = EventStatus.FINISHED
    event.save(force_insert=True)
    event.performers.set(cast)


def _refresh(
    event: Event,
    row: EventRow,
    values: dict[str, object],
    cast: list[Performer],
    report: EventReport,
    now: datetime,
) -> None:
    if event.kept_by_staff:
        report.kept_by_staff += 1
        if row.status not in (event.status, EventStatus.PUBLISHED):
            text = f"{event.name}: the feed says {row.status}; staff keep this event"
            report.notes.append(Remark(row.line, text))
        return
    changed = [name for name in values if getattr(event, name) != values[name]]
    for name in changed:
        setattr(event, name, values[name])
    if changed:
        event.save(update_fields=changed)
    if new_cast := {p.pk for p in event.performers.all()} != {p.pk for p in cast}:
        event.performers.set(cast)
    moved = _follow_status(event, row, report, now)
    if changed or new_cast or moved:
        report.updated += 1
    else:
        report.unchanged += 1


def _follow_status(
    event: Event, row: EventRow, report: EventReport, now: datetime
) -> bool:
    """Take over a status that a feed may decide; say so where it may not."""
    said, is_over = row.status, ends_by(event) <= now
    if event.status in CLOSED:
        # Finished is what becomes of a listing by itself; that needs no note.
        if said != event.status and not is_over:
            text = f"{event.name}: the feed says {said}; here it is {event.status}"
            report.notes.append(Remark(row.line, text))
        return False
    was_on = event.status in (EventStatus.PUBLISHED, EventStatus.PAUSED)
    was_off = event.status == EventStatus.POSTPONED
    if said == EventStatus.CANCELLED and (was_on or was_off):
        cancel_event(event=event)
    elif said == EventStatus.POSTPONED and was_on:
        postpone_event(event=event)
    elif said == EventStatus.PUBLISHED and was_off and not is_over:
        publish_event(event=event, now=now)
    else:
        return False
    return True
