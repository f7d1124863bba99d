"""What an entry says of itself, and what its person is told, is true of its event."""

import pytest

from events import services as events
from inventory.models import WaitlistEntry
from notifications.models import Notification
from payments import services as payments
from payments.waitlist_documents import entry_document, with_all_told
from tests.factories import MINUTE, NOON
from tests.lining_up import fresh, join, statuses
from tests.paying import ALWAYS_ASKS, assert_books_are_right
from tests.standing_orders import (
    WINDOW_ENDS,
    charge_all,
    join_with_card,
    let_go,
    sold_out,
    sweep,
)

pytestmark = pytest.mark.django_db
POSTPONED = "The event is postponed, so no tickets are sold just now."
CLOSED = "The event takes no buyers any more."


def document(entry, now=NOON):
    entries = with_all_told(WaitlistEntry.objects.filter(pk=entry.pk))
    return entry_document(entries.get(), now=now)


def words(entry) -> str:
    return document(entry)["what_happens"]


def told(entry) -> list[str]:
    sent = Notification.objects.filter(user=entry.user_id).order_by("created_at", "pk")
    return list(sent.values_list("body", flat=True))


# The event is off sale --------------------------------------------------------------


def test_while_an_event_is_postponed_nobody_is_said_to_be_charged(rush):
    charged, told_of = join_with_card(rush), join(rush, 2)
    let_go(rush)

    events.postpone_event(event=rush.event)

    for entry in (charged, told_of):
        assert words(entry).startswith(POSTPONED)
        assert "keep your place" in words(entry)
    assert document(charged)["offer"]["next_step"] == "wait"


def test_tickets_of_a_postponed_event_are_not_said_to_be_for_sale(rush):
    entry = join(rush, 2)
    let_go(rush)

    events.postpone_event(event=rush.event)

    assert words(entry).startswith(POSTPONED)
    assert document(entry)["offer"]["next_step"] == "wait"


def test_while_sales_are_paused_those_in_line_are_told_and_an_offer_stands(rush):
    entry, second = join(rush, 2), join(rush, 2)
    let_go(rush)

    events.pause_event(event=rush.event)

    assert words(second).startswith("Sales are paused, so no tickets are sold")
    assert words(entry).startswith("Tickets came free and are held for you")
    assert document(entry)["offer"]["next_step"] == "buy"


def test_a_question_of_the_bank_stands_while_the_event_is_postponed(rush):
    entry = join_with_card(rush, ALWAYS_ASKS)
    let_go(rush)
    charge_all()

    events.postpone_event(event=rush.event)

    assert words(entry).startswith("The event is postponed. A payment of £50.00 is")
    assert document(entry)["offer"]["next_step"] == "confirm"


# The event is cancelled -------------------------------------------------------------


def test_who_had_an_offer_as_the_event_was_cancelled_is_told(rush):
    entry, second = join(rush, 2), join(rush, 2)
    let_go(rush)
    events.cancel_event(event=rush.event)
    meanwhile = words(entry)

    sweep(WINDOW_ENDS)

    assert meanwhile.startswith(CLOSED)
    assert statuses(entry, second) == ["ended", "ended"]
    for each in (entry, second):
        assert fresh(each).reason == "event_closed"
        assert told(each)[-1] == (
            f"{rush.event.name} takes no buyers any more, so its waitlist has ended. "
            "You have not been charged."
        )
    assert_books_are_right(WINDOW_ENDS)


@pytest.mark.parametrize("minutes", [1, 10])
def test_who_was_asked_by_their_bank_did_not_let_the_tickets_go(rush, minutes):
    entry = join_with_card(rush, ALWAYS_ASKS)
    let_go(rush)
    charge_all()
    events.cancel_event(event=rush.event)

    then = NOON + minutes * MINUTE
    payments.sweep_called_off_events(now=then, limit=10)
    sweep(then)

    assert words(entry) == f"{CLOSED} Nothing was charged for it."
    assert fresh(entry).reason == "event_closed"
    assert_books_are_right(then)


# One ticket, or several -------------------------------------------------------------


def test_one_ticket_is_spoken_of_as_one():
    rush = sold_out(1)
    entry = join(rush, 1)
    waiting = words(entry)
    let_go(rush)

    assert waiting.startswith("If a ticket comes free before ")
    assert "we hold it for you and tell you. " in waiting
    assert waiting.endswith("Nothing is charged unless you buy it.")
    assert words(entry).startswith("A ticket came free and is held for you until ")
    assert words(entry).endswith(
        "Buy it for £25.00 by then, or it goes to the next in line."
    )
    assert told(entry)[0].endswith("Buy by then, or it goes to the next in line.")


def test_several_tickets_are_spoken_of_as_several(rush):
    entry = join(rush, 2)
    let_go(rush)

    assert words(entry).startswith("Tickets came free and are held for you until ")
    assert words(entry).endswith("or they go to the next in line.")
