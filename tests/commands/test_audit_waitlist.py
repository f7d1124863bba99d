from datetime import timedelta

import pytest

from events.models import Event, EventStatus
from inventory import services as inventory
from inventory.models import Hold, Ticket, TicketType, WaitlistEntry
from inventory.services import matching
from tests import factories as make
from tests.factories import NOON
from tests.lining_up import fresh, held, join
from ticketapp import audit

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(seconds=31)


@pytest.fixture
def rush():
    return make.ticket_type(stock=2)


@pytest.fixture
def waiting(rush):
    held(rush, 2)
    return join(rush, 2, max_total_amount=9000)


@pytest.fixture
def offered(rush, waiting):
    inventory.release_hold(hold=Hold.objects.get(), now=NOON)
    return fresh(waiting)


def broken() -> set[str]:
    return {str(found.row["entry"]) for found in audit.findings(now=LATER)}


def leave_tickets_lying() -> None:
    Ticket.objects.update(status="available", hold=None)
    Hold.objects.update(status="released")


def test_an_offer_is_well(offered):
    assert broken() == set()


def test_an_offer_of_somebody_elses_hold_is_found(offered):
    Hold.objects.filter(pk=offered.hold_id).update(user=make.buyer())

    assert broken() == {str(offered.pk)}


def test_an_offer_above_the_maximum_is_found(offered):
    WaitlistEntry.objects.update(max_total_amount=4999)

    assert broken() == {str(offered.pk)}


def test_a_ticket_that_lies_open_is_found(waiting):
    leave_tickets_lying()

    assert broken() == {str(waiting.pk)}


@pytest.mark.parametrize(
    "excuse",
    [
        lambda: WaitlistEntry.objects.update(max_total_amount=2500),
        lambda: WaitlistEntry.objects.update(quantity=3),
        lambda: WaitlistEntry.objects.update(joined_at=NOON + timedelta(seconds=5)),
        lambda: WaitlistEntry.objects.update(ends_at=LATER),
        lambda: Event.objects.update(status=EventStatus.PAUSED),
        lambda: Event.objects.update(per_buyer_limit=1),
        lambda: Event.objects.update(sales_close_at=LATER),
    ],
)
def test_a_ticket_that_nobody_in_line_can_take_is_well(waiting, excuse):
    leave_tickets_lying()

    excuse()

    assert broken() == set()


def test_tickets_of_an_overbooked_type_are_another_matter(waiting):
    leave_tickets_lying()
    TicketType.objects.update(capacity=1)

    found = {finding.promise for finding in audit.findings(now=LATER)}

    assert found == {
        "Tickets neither withdrawn nor returned are as many as the capacity"
    }


# What began to fit a moment ago is the sweep's to find -------------------------------

EARLIER = NOON - timedelta(minutes=1)
GRACE = timedelta(seconds=30)
INSTANT = timedelta(milliseconds=1)


def the_buyer_lets_another_hold_go(monkeypatch) -> WaitlistEntry:
    event = make.event()
    rush, other = (make.ticket_type(event=event, stock=2) for _ in range(2))
    taken = held(rush, 2, now=EARLIER)
    entry = join(rush, 2, now=EARLIER)
    own = held(other, 1, user=entry.user, now=EARLIER)
    inventory.release_hold(hold=taken, now=EARLIER)
    inventory.release_hold(hold=own, now=NOON)
    return entry


def the_buyer_was_busy_when_tickets_came_free(monkeypatch) -> WaitlistEntry:
    rush = make.ticket_type(stock=2)
    taken = held(rush, 2, now=EARLIER)
    entry = join(rush, 2, now=EARLIER)
    with monkeypatch.context() as patch:
        patch.setattr(matching, "_take_turn_if_free", lambda entry: False)
        inventory.release_hold(hold=taken, now=NOON)
    return entry


@pytest.mark.parametrize(
    "story",
    [
        the_buyer_lets_another_hold_go,
        the_buyer_was_busy_when_tickets_came_free,
    ],
    ids=lambda story: story.__name__,
)
def test_what_just_began_to_fit_is_found_once_the_sweep_had_its_time(
    story, monkeypatch
):
    entry = story(monkeypatch)

    assert list(audit.findings(now=NOON)) == []
    assert list(audit.findings(now=NOON + GRACE)) == []
    [found] = audit.findings(now=NOON + GRACE + INSTANT)
    assert found.row["entry"] == entry.pk
    inventory.match_waitlists(now=NOON + GRACE)
    assert fresh(entry).status == "offered"
    assert list(audit.findings(now=NOON + GRACE + INSTANT)) == []


def test_looks_that_leave_somebody_out_count_from_the_first(monkeypatch):
    entry = the_buyer_was_busy_when_tickets_came_free(monkeypatch)
    monkeypatch.setattr(matching, "_take_turn_if_free", lambda entry: False)

    for seconds in (10, 20, 30):
        inventory.match_waitlists(now=NOON + timedelta(seconds=seconds))

    [found] = audit.findings(now=NOON + GRACE + INSTANT)
    assert found.row["entry"] == entry.pk
