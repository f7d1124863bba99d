from datetime import timedelta
from uuid import uuid4

import pytest

from events.models import Event, EventStatus, Role
from inventory import codes
from inventory import services as inventory
from inventory.models import CheckIn, Ticket, TicketStatus
from inventory.services import admission
from tests import factories as make
from tests.factories import NOON
from tests.lining_up import held, sell

pytestmark = pytest.mark.django_db
DOORS = NOON + timedelta(hours=7)


@pytest.fixture
def ticket():
    return sell(held(make.ticket_type()))[0]


@pytest.fixture
def steward(ticket):
    return make.staff(venue=ticket.ticket_type.event.venue, role=Role.DOOR)


def scan(ticket, staff, *, now=DOORS, gate="North", scan_id=None) -> CheckIn:
    code = codes.write(ticket_id=ticket.pk, event_id=ticket.ticket_type.event_id)
    return inventory.check_in(
        code=code, staff=staff, gate=gate, scan_id=scan_id, now=now
    )


def test_a_sold_ticket_admits(ticket, steward):
    admitted = scan(ticket, steward)

    ticket.refresh_from_db()
    assert admitted.admitted
    assert (ticket.status, ticket.checked_in_at) == (TicketStatus.CHECKED_IN, DOORS)


def test_the_second_scan_is_told_when_and_where_the_first_was(ticket, steward):
    scan(ticket, steward)

    with pytest.raises(inventory.AlreadyCheckedIn) as refusal:
        scan(ticket, steward, gate="South", now=DOORS + timedelta(minutes=3))

    assert refusal.value.details["first_at"] == "2026-06-01T19:00:00Z"
    assert refusal.value.details["first_gate"] == "North"
    assert "at 20:00, North" in str(refusal.value)
    assert list(
        CheckIn.objects.order_by("scanned_at").values_list("admitted", "gate")
    ) == [(True, "North"), (False, "South")]


def test_a_scan_sent_twice_gets_its_answer_twice(ticket, steward):
    first, second = uuid4(), uuid4()
    scan(ticket, steward, scan_id=first)

    assert scan(ticket, steward, scan_id=first).admitted
    for _ in range(2):
        with pytest.raises(inventory.AlreadyCheckedIn):
            scan(ticket, steward, scan_id=second)

    assert CheckIn.objects.count() == 2


def test_a_scan_id_belongs_to_one_ticket(ticket, steward):
    event = ticket.ticket_type.event
    [other] = sell(held(make.ticket_type(event=event)))
    used = uuid4()
    scan(ticket, steward, scan_id=used)

    with pytest.raises(inventory.ScanIdReused):
        scan(other, steward, scan_id=used)

    other.refresh_from_db()
    assert other.status == TicketStatus.SOLD


def test_staff_of_another_venue_know_no_such_ticket(ticket):
    stranger = make.staff(venue=make.venue())

    with pytest.raises(inventory.UnknownTicket):
        scan(ticket, stranger)

    ticket.refresh_from_db()
    assert ticket.status == TicketStatus.SOLD


def test_a_code_for_another_event_is_unknown(ticket, steward):
    code = codes.write(ticket_id=ticket.pk, event_id=make.event().pk)

    with pytest.raises(inventory.UnknownTicket):
        inventory.check_in(code=code, staff=steward, gate="North", now=DOORS)

    ticket.refresh_from_db()
    assert ticket.status == TicketStatus.SOLD


def test_a_buyer_cannot_admit_themselves(ticket):
    with pytest.raises(inventory.UnknownTicket):
        scan(ticket, ticket.hold.user)


@pytest.mark.parametrize("code", ["", "hello", "A" * 143, "é", "1" * 5000])
def test_a_code_of_nobodys_is_unknown(code, steward):
    with pytest.raises(inventory.UnknownTicket):
        inventory.check_in(code=code, staff=steward, gate="", now=DOORS)


def test_a_returned_ticket_does_not_admit(ticket, steward):
    inventory.return_tickets(tickets=[ticket], now=NOON)

    with pytest.raises(inventory.TicketNotValid):
        scan(ticket, steward)

    assert not CheckIn.objects.exists()


def test_a_ticket_that_is_only_held_does_not_admit(steward, ticket):
    hold = held(ticket.ticket_type)

    with pytest.raises(inventory.TicketNotValid):
        scan(hold.tickets.get(), steward)


def test_nobody_enters_a_cancelled_event(ticket, steward):
    Event.objects.update(status=EventStatus.CANCELLED)

    with pytest.raises(inventory.TicketNotValid):
        scan(ticket, steward)


def test_an_app_above_may_say_why_a_ticket_does_not_admit(ticket, steward, monkeypatch):
    monkeypatch.setattr(admission, "_checks", {})
    why = inventory.NotAdmitted("disputed", "it is in dispute")
    inventory.register_admission_check(
        "dispute", lambda tickets: dict.fromkeys(tickets, why)
    )

    with pytest.raises(inventory.TicketNotValid, match="it is in dispute"):
        scan(ticket, steward)

    assert Ticket.objects.get(pk=ticket.pk).status == TicketStatus.SOLD


@pytest.mark.parametrize("hours", [-24, 24])
def test_a_ticket_is_not_used_up_on_another_night(hours, ticket, steward):
    with pytest.raises(inventory.TicketNotValid, match="on 01 June 2026"):
        scan(ticket, steward, now=DOORS + timedelta(hours=hours))

    assert scan(ticket, steward).admitted


def test_a_night_admits_until_six_in_the_morning(ticket, steward):
    assert scan(ticket, steward, now=NOON + timedelta(hours=16)).admitted
