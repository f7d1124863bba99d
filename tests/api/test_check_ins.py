from uuid import uuid4

import pytest
from django.utils import timezone

from events.models import Role
from inventory import codes
from inventory import services as inventory
from inventory.models import CheckIn, Ticket, TicketStatus
from tests import factories as make
from tests.factories import NOON
from tests.lining_up import held, sell
from tests.scanner import client_of

pytestmark = pytest.mark.django_db
CHECK_INS = "/api/v1/check-ins"


@pytest.fixture
def ticket():
    kind = make.ticket_type(event=make.event(starts_at=timezone.now()))
    return sell(held(kind, user=make.buyer(name="Ada")))[0]


@pytest.fixture
def code(ticket):
    return codes.write(ticket_id=ticket.pk, event_id=ticket.ticket_type.event_id)


@pytest.fixture
def door(ticket):
    venue = ticket.ticket_type.event.venue
    return client_of(make.staff(venue=venue, role=Role.DOOR))


def test_a_code_admits_and_says_who_comes(door, ticket, code):
    response = door.post(CHECK_INS, {"code": code, "gate": "North"})

    told = response.json()
    assert response.status_code == 201
    assert told["admitted"] is True
    assert told["ticket"]["id"] == str(ticket.pk)
    assert told["ticket"]["holder"] == "Ada"
    assert told["event"]["name"] == "Late Show"
    assert Ticket.objects.get(pk=ticket.pk).status == TicketStatus.CHECKED_IN


def test_the_second_scan_is_told_when_and_where_the_first_was(door, code):
    first = door.post(CHECK_INS, {"code": code, "gate": "North"}).json()

    response = door.post(CHECK_INS, {"code": code, "gate": "South"})

    problem = response.json()
    assert (response.status_code, problem["code"]) == (409, "already_checked_in")
    assert problem["meta"]["first_gate"] == "North"
    assert problem["meta"]["first_at"] == first["scanned_at"]


def test_a_scan_sent_twice_gets_its_answer_twice(door, code):
    scan = {"code": code, "scan_id": str(uuid4())}

    first, second = door.post(CHECK_INS, scan), door.post(CHECK_INS, scan)

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert CheckIn.objects.count() == 1


def test_a_code_of_nobodys_is_not_found(door):
    response = door.post(CHECK_INS, {"code": "HELLO"})

    assert (response.status_code, response.json()["code"]) == (404, "unknown_ticket")


def test_staff_of_another_venue_learn_nothing(ticket, code):
    elsewhere = client_of(make.staff(venue=make.venue()))

    response = elsewhere.post(CHECK_INS, {"code": code})

    assert (response.status_code, response.json()["code"]) == (404, "unknown_ticket")
    assert Ticket.objects.get(pk=ticket.pk).status == TicketStatus.SOLD


def test_a_returned_ticket_is_refused(door, ticket, code):
    inventory.return_tickets(tickets=[ticket], now=NOON)

    response = door.post(CHECK_INS, {"code": code})

    assert (response.status_code, response.json()["code"]) == (409, "ticket_not_valid")


def test_buyers_and_strangers_do_not_scan(ticket, code, anonymous):
    assert anonymous.post(CHECK_INS, {"code": code}).status_code == 401
    assert (
        client_of(ticket.hold.user).post(CHECK_INS, {"code": code}).status_code == 403
    )
    assert Ticket.objects.get(pk=ticket.pk).status == TicketStatus.SOLD


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "code"),
        ({"code": "x" * 201}, "code"),
        ({"code": "A", "scan_id": "7"}, "scan_id"),
        ({"code": "A", "gate": "g" * 81}, "gate"),
    ],
)
def test_bad_input_is_refused_by_name(door, body, field):
    response = door.post(CHECK_INS, body)

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == field
