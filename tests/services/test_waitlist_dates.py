"""Who waits for one date is not charged for another, and keeps their place."""

from datetime import timedelta

import pytest

from events import services as events
from inventory.models import WaitlistEntry
from notifications.models import Notification
from payments.models import Mandate
from payments.waitlist_documents import entry_document, with_all_told
from tests.factories import NOON
from tests.lining_up import fresh, statuses
from tests.moving import move_event
from tests.paying import assert_books_are_right, charged, intents
from tests.standing_orders import charge_all, join_with_card, let_go

pytestmark = pytest.mark.django_db
WEEK = timedelta(days=7)


def document(entry):
    entries = with_all_told(WaitlistEntry.objects.filter(pk=entry.pk))
    return entry_document(entries.get(), now=NOON)


def move(event, by: timedelta) -> None:
    events.postpone_event(event=event)
    move_event(event, by, now=NOON)
    events.publish_event(event=event, now=NOON)


def a_freed_ticket_of_a_moved_event(rush):
    entry = join_with_card(rush)
    move(rush.event, WEEK)
    let_go(rush)

    charge_all()

    assert charged() == []
    assert set(intents()) == {"canceled"}
    return fresh(entry)


def test_a_mandate_is_for_the_date_that_was_agreed_to(rush):
    entry = join_with_card(rush)

    event = rush.event
    assert entry.mandate.local_date == event.local_date
    assert entry.mandate.starts_at == event.starts_at


def test_nobody_is_charged_for_a_date_they_have_not_agreed_to(rush):
    entry = a_freed_ticket_of_a_moved_event(rush)

    assert (entry.status, entry.charges_card) == ("offered", False)
    told = Notification.objects.get()
    assert told.kind == "waitlist_offer"
    assert "date or time of the event has changed" in told.body
    assert_books_are_right()


def test_without_the_guard_they_are_charged_for_it(rush, monkeypatch):
    monkeypatch.setattr(Mandate, "is_for", lambda mandate, event: True)

    with pytest.raises(AssertionError):
        a_freed_ticket_of_a_moved_event(rush)


@pytest.mark.parametrize("by", [timedelta(hours=1), -timedelta(minutes=30)])
def test_another_hour_of_the_same_day_is_another_date_too(rush, by):
    entry = join_with_card(rush)
    move_event(rush.event, by, now=NOON)
    let_go(rush)

    charge_all()

    assert charged() == []
    assert statuses(entry) == ["offered"]


def test_who_waits_is_told_that_their_card_is_not_charged_any_more(rush):
    entry = join_with_card(rush)

    move(rush.event, WEEK)

    told = document(entry)
    assert not told["charge"]["active"]
    assert told["what_happens"].startswith("The date or time of the event has changed")


def test_an_event_that_is_back_on_its_old_date_is_paid_for_as_agreed(rush):
    entry = join_with_card(rush)
    move(rush.event, WEEK)
    move(rush.event, -WEEK)
    let_go(rush)

    charge_all()

    assert statuses(entry) == ["purchased"]
    assert charged() == [5000]


def test_a_mandate_from_before_dates_were_kept_is_charged_as_before(rush):
    entry = join_with_card(rush)
    Mandate.objects.update(starts_at=None, local_date=None)
    move(rush.event, WEEK)
    let_go(rush)

    charge_all()

    assert statuses(entry) == ["purchased"]
