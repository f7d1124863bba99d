from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.utils import timezone

from events import services
from events.models import (
    Event,
    EventStatus,
    LocationPrecision,
    Membership,
    Performer,
    Role,
    Venue,
    VenueSource,
)
from tests import factories as make
from tests.factories import NOON
from ticketapp.models import InvalidTransition

pytestmark = pytest.mark.django_db

NEW_YORK = (40.7505, -73.9935)


def draft(**fields):
    return make.event(status=EventStatus.DRAFT, **fields)


def test_a_new_event_is_a_draft_on_the_date_of_its_venue():
    venue = make.venue(at=NEW_YORK, time_zone="America/New_York")

    event = services.create_event(
        venue=venue, name="Late Show", starts_at=datetime(2026, 6, 2, 1, tzinfo=UTC)
    )

    assert event.status == EventStatus.DRAFT
    assert event.local_date == date(2026, 6, 1)
    event.refresh_from_db()
    assert event.location.coords == venue.location.coords


def test_an_event_with_only_a_date_has_no_start():
    event = services.create_event(
        venue=make.venue(), name="Some Day", local_date=date(2026, 6, 1)
    )

    assert event.starts_at is None
    assert event.night == date(2026, 6, 1)


def test_an_event_needs_a_date():
    with pytest.raises(services.EventNeedsADate):
        services.create_event(venue=make.venue(), name="Never")

    assert not Event.objects.exists()


def test_a_show_after_midnight_belongs_to_the_night_before():
    event = make.event(
        starts_at=datetime(2026, 6, 1, 23, 30, tzinfo=UTC), sales_close_at=None
    )

    assert event.starts_at.astimezone(ZoneInfo("Europe/London")).day == 2
    assert event.night == date(2026, 6, 1)


@pytest.mark.parametrize(
    ("act", "before", "after"),
    [
        (services.pause_event, "published", "paused"),
        (services.cancel_event, "published", "cancelled"),
        (services.cancel_event, "paused", "cancelled"),
        (services.cancel_event, "postponed", "cancelled"),
        (services.postpone_event, "published", "postponed"),
        (services.finish_event, "published", "finished"),
    ],
)
def test_an_event_goes_from_state_to_state(act, before, after):
    event = make.event(status=before)

    act(event=event)

    event.refresh_from_db()
    assert event.status == after


@pytest.mark.parametrize("before", ["draft", "paused", "postponed"])
def test_an_event_is_published_from_every_state_that_waits(before):
    event = make.event(status=before)

    services.publish_event(event=event, now=NOON)

    event.refresh_from_db()
    assert event.status == EventStatus.PUBLISHED


@pytest.mark.parametrize(
    ("act", "before"),
    [
        (services.pause_event, "draft"),
        (services.pause_event, "cancelled"),
        (services.cancel_event, "finished"),
        (services.cancel_event, "draft"),
        (services.postpone_event, "cancelled"),
        (services.finish_event, "postponed"),
    ],
)
def test_a_step_that_does_not_exist_is_refused(act, before):
    event = make.event(status=before)

    with pytest.raises(InvalidTransition):
        act(event=event)

    event.refresh_from_db()
    assert event.status == before


@pytest.mark.parametrize("before", ["cancelled", "finished"])
def test_what_is_called_off_or_over_is_not_published_again(before):
    event = make.event(status=before)

    with pytest.raises(InvalidTransition):
        services.publish_event(event=event, now=NOON)


def test_an_event_of_the_past_is_not_put_on_sale():
    event = draft()

    with pytest.raises(services.EventIsOver):
        services.publish_event(event=event, now=NOON + timedelta(days=2))

    event.refresh_from_db()
    assert event.status == EventStatus.DRAFT


def test_an_event_with_only_a_date_may_be_published_until_its_night_is_over():
    event = draft(starts_at=None, sales_open_at=None, sales_close_at=None)

    with pytest.raises(services.EventIsOver):
        services.publish_event(event=event, now=datetime(2026, 6, 2, 5, tzinfo=UTC))
    services.publish_event(event=event, now=datetime(2026, 6, 2, 4, 59, tzinfo=UTC))

    assert event.status == EventStatus.PUBLISHED


def test_what_staff_save_is_theirs():
    event = make.event()
    event.starts_at += timedelta(hours=5)  # Past midnight in London.
    event.sales_close_at = None

    services.save_event(event=event, now=NOON)

    event.refresh_from_db()
    assert event.kept_by_staff
    assert event.local_date == date(2026, 6, 2)


# Over ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "hours", "over"),
    [
        ({"ends_at": NOON}, 0.9, False),  # Somebody may still be paying.
        ({"ends_at": NOON}, 1.1, True),
        ({"ends_at": NOON, "sales_close_at": NOON + timedelta(hours=5)}, 3, False),
        ({"ends_at": None}, 10, False),
        ({"ends_at": None}, 14, True),
        ({"starts_at": None}, 24, False),
        ({"starts_at": None}, 40, True),
    ],
)
def test_an_event_is_finished_when_it_can_no_longer_be_going_on(fields, hours, over):
    times = {"starts_at": NOON - timedelta(hours=2), "sales_close_at": None}
    event = make.event(**times | {"sales_open_at": None} | fields)

    done = services.finish_past_events(now=NOON + timedelta(hours=hours))

    event.refresh_from_db()
    assert done == int(over)
    assert (event.status == EventStatus.FINISHED) is over


@pytest.mark.parametrize("status", ["draft", "cancelled", "postponed"])
def test_only_what_was_on_is_finished(status):
    make.event(status=status, ends_at=NOON + timedelta(hours=9))

    assert services.finish_past_events(now=NOON + timedelta(days=9)) == 0


def test_the_command_says_how_many_it_finished(capsys):
    long_ago = timezone.now() - timedelta(days=3)
    make.event(starts_at=long_ago, sales_open_at=None, sales_close_at=None)

    call_command("finish_events")
    call_command("finish_events")

    said = capsys.readouterr().out
    assert "Finished 1 events." in said
    assert "Finished 0 events." in said


# Venues -------------------------------------------------------------------------


def test_a_new_venue_gets_its_zone_and_key():
    venue = services.create_venue(
        name="The Blue Note",
        city="Tokyo",
        country="JP",
        location=make.point(35.6612, 139.7160),
    )

    assert venue.time_zone == "Asia/Tokyo"
    assert venue.match_key == "blue note|tokyo|jp"
    assert venue.kept_by_staff


def test_a_moved_venue_takes_its_events_along():
    venue = make.venue()
    events = [make.event(venue=venue) for _ in range(3)]
    elsewhere = make.point(53.8, -1.55)

    services.move_venue(
        venue=venue,
        location=elsewhere,
        location_precision=LocationPrecision.CITY,
        now=NOON,
    )

    for event in events:
        event.refresh_from_db()
        assert event.location.coords == elsewhere.coords


def test_in_another_zone_the_hours_on_the_posters_stay():
    venue = make.venue()
    coming = make.event(venue=venue, doors_at=NOON + timedelta(hours=7))
    past = make.event(venue=venue, starts_at=NOON - timedelta(hours=1))

    services.move_venue(
        venue=venue,
        location=make.point(*NEW_YORK),
        location_precision=LocationPrecision.EXACT,
        now=NOON,
    )

    was = coming.starts_at, past.starts_at
    coming.refresh_from_db()
    past.refresh_from_db()
    # Nine in the evening in London is now nine in the evening in New York.
    assert coming.starts_at == was[0] + timedelta(hours=5)
    assert coming.doors_at == NOON + timedelta(hours=12)
    assert past.starts_at == was[1]


@pytest.mark.parametrize(
    ("role", "asked", "works"),
    [
        (Role.DOOR, [Role.DOOR], True),
        (Role.DOOR, [Role.MANAGER], False),
        (Role.MANAGER, [Role.MANAGER, Role.BOX_OFFICE], True),
    ],
)
def test_staff_work_where_they_are_members(role, asked, works):
    venue, other = make.venue(), make.venue()
    user = make.staff(venue=venue, role=role)

    assert services.works_at(user=user, venue=venue, roles=asked) is works
    assert not services.works_at(user=user, venue=other, roles=asked)


@pytest.mark.parametrize("flags", [{"is_staff": False}, {"is_active": False}])
def test_who_is_staff_no_more_works_nowhere(flags):
    venue = make.venue()
    user = make.staff(venue=venue)
    for name, value in flags.items():
        setattr(user, name, value)

    assert not services.works_at(user=user, venue=venue)


def test_operators_work_everywhere():
    operator = make.buyer(is_staff=True, is_superuser=True)

    assert services.works_at(user=operator, venue=make.venue())


# What can never be false --------------------------------------------------------


def broken(constraint):
    return pytest.raises(IntegrityError, match=constraint)


@pytest.mark.parametrize(
    ("constraint", "changes"),
    [
        ("venue_with_a_location_has_a_time_zone", {"time_zone": ""}),
        ("venue_location_precision_is_known", {"location_precision": "street"}),
        ("venue_tax_mode_is_known", {"tax_mode": "maybe"}),
        ("venue_capacity_is_unknown_or_positive", {"capacity": 0}),
        ("venue_country_is_two_capital_letters", {"country": "gb"}),
        ("venue_currency_is_three_capital_letters", {"currency": "GB"}),
    ],
)
def test_a_venue_cannot_be(constraint, changes):
    venue = make.venue()

    with broken(constraint), transaction.atomic():
        Venue.objects.filter(pk=venue.pk).update(**changes)


@pytest.mark.parametrize(
    ("constraint", "changes"),
    [
        ("event_status_is_known", {"status": "someday"}),
        (
            "event_sales_open_before_they_close",
            {"sales_open_at": NOON, "sales_close_at": NOON},
        ),
        ("event_ends_after_it_starts", {"ends_at": NOON}),
        ("event_doors_open_before_it_starts", {"doors_at": NOON + timedelta(hours=9)}),
        (
            "event_without_a_start_has_no_other_times",
            {"starts_at": None, "doors_at": NOON},
        ),
    ],
)
def test_an_event_cannot_be(constraint, changes):
    event = make.event()

    with broken(constraint), transaction.atomic():
        Event.objects.filter(pk=event.pk).update(**changes)


def test_an_id_of_a_source_is_used_once():
    venue = make.venue()
    for model, fields in (
        (Event, {"venue": venue, "name": "X", "local_date": NOON.date()}),
        (Performer, {"name": "X"}),
        (VenueSource, {"venue": venue}),
    ):
        model.objects.create(source="feed", source_id="1", **fields)
        with broken("source_id_is_used_once"), transaction.atomic():
            model.objects.create(source="feed", source_id="1", **fields)


def test_a_person_has_one_role_per_venue_and_a_known_one():
    venue = make.venue()
    user = make.staff(venue=venue)

    with broken("membership_is_one_per_venue"), transaction.atomic():
        Membership.objects.create(user=user, venue=venue, role=Role.DOOR)
    with broken("membership_role_is_known"), transaction.atomic():
        Membership.objects.update(role="owner")


def test_a_venue_with_events_is_not_deleted():
    venue = make.event().venue

    with pytest.raises(ProtectedError):
        venue.delete()
