"""What an event keeps of a date that did not hold."""

from datetime import date, timedelta

import pytest

from events import services
from events.models import Event, EventStatus
from tests import factories as make
from tests.factories import HOUR, NOON

pytestmark = pytest.mark.django_db
POSTER = date(2026, 6, 1)  # What `make.event` has: nine in the evening in London.


def by_the_form(event, by):
    event.starts_at += by
    event.sales_close_at = None
    services.save_event(event=event, now=NOON)


def kept(event) -> tuple:
    event = Event.objects.get(pk=event.pk)
    return event.moved_from, event.moved_at, event.retimed_at


@pytest.mark.parametrize("status", [EventStatus.PUBLISHED, EventStatus.PAUSED])
@pytest.mark.parametrize("by", [24 * HOUR, -24 * HOUR, 3 * HOUR, -3 * HOUR])
def test_another_date_is_kept_with_the_one_that_people_knew(status, by):
    event = make.event(status=status, sales_open_at=None)

    by_the_form(event, by)

    assert kept(event) == (POSTER, NOON, NOON)


@pytest.mark.parametrize("by", [timedelta(minutes=1), -2.9 * HOUR])
def test_a_time_put_right_on_the_same_night_is_not_another_date(by):
    event = make.event()

    by_the_form(event, by)

    assert kept(event) == (None, None, NOON)


def test_the_night_counts_and_not_midnight():
    late = make.event(starts_at=NOON + 10.5 * HOUR)  # 23:30
    early = make.event(starts_at=NOON + 16 * HOUR)  # 05:00

    by_the_form(late, HOUR)
    by_the_form(early, 2 * HOUR)

    assert kept(late) == (None, None, NOON)
    assert kept(early)[1:] == (NOON, NOON)


@pytest.mark.parametrize(("days", "moved"), [(0, False), (1, True)])
def test_without_a_time_the_date_on_the_poster_counts(days, moved):
    event = make.event(starts_at=None, sales_close_at=None)
    event.starts_at = NOON + timedelta(hours=8, days=days)

    services.save_event(event=event, now=NOON)

    assert kept(event) == ((POSTER, NOON, NOON) if moved else (None, None, NOON))


def test_the_date_of_a_draft_may_change_as_it_likes():
    event = make.event(status=EventStatus.DRAFT)

    by_the_form(event, 24 * HOUR)

    assert kept(event) == (None, None, None)


def test_what_has_nothing_to_do_with_the_start_is_no_move():
    event = make.event()
    event.name = "Later Show"

    services.save_event(event=event, now=NOON)

    assert kept(event) == (None, None, None)


def test_the_date_of_a_postponed_event_is_known_once_it_is_published():
    event = make.event()
    services.postpone_event(event=event)
    by_the_form(event, 48 * HOUR)
    assert kept(event) == (POSTER, None, None)

    services.publish_event(event=event, now=NOON + HOUR)

    assert kept(event) == (POSTER, NOON + HOUR, NOON + HOUR)


def test_the_end_of_a_pause_moves_nothing():
    event = make.event(status=EventStatus.PAUSED)

    services.publish_event(event=event, now=NOON)

    assert kept(event) == (None, None, None)


def test_a_form_opened_before_does_not_undo_a_postponement():
    event = make.event()
    form = Event.objects.get()
    services.postpone_event(event=event)

    by_the_form(form, 24 * HOUR)

    assert Event.objects.get().status == EventStatus.POSTPONED
    assert kept(event) == (POSTER, None, None)
