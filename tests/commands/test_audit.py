from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from events.models import Event
from inventory import services as inventory
from inventory.models import CheckIn, Hold, Ticket, TicketStatus, TicketType
from tests import factories as make
from tests.factories import NOON
from ticketapp import audit

pytestmark = pytest.mark.django_db


@pytest.fixture
def held():
    rush = make.ticket_type(stock=4)
    return inventory.hold_tickets(
        user=make.buyer(), ticket_type=rush, quantity=2, now=NOON
    )


def broken() -> set[int]:
    return {finding.number for finding in audit.findings(now=NOON)}


def test_all_is_well_after_an_ordinary_hold(held):
    assert broken() == set()


def test_a_ticket_without_its_hold_is_found(held):
    Ticket.objects.filter(hold=held).update(status=TicketStatus.AVAILABLE, hold=None)

    assert broken() == {1}


def test_a_ticket_of_a_dead_hold_is_found(held):
    Hold.objects.update(status="expired")

    assert broken() == {1}


def test_a_hold_of_another_type_is_found(held):
    Hold.objects.update(ticket_type=make.ticket_type())

    assert broken() == {1}


def test_a_missing_ticket_is_found(held):
    TicketType.objects.update(capacity=5)

    assert broken() == {2}


def test_a_buyer_above_the_limit_is_found(held):
    Event.objects.update(per_buyer_limit=1)

    assert broken() == {6}


def test_a_ticket_that_admitted_without_a_scan_is_found(held):
    Ticket.objects.filter(hold=held).update(status="checked_in", checked_in_at=NOON)
    Hold.objects.update(status="converted")

    assert broken() == {1, 7}  # Nor does an order have it.


def test_a_scan_that_admitted_without_its_ticket_is_found(held):
    CheckIn.objects.create(
        ticket=held.tickets.first(),
        staff=make.buyer(),
        admitted=True,
        scanned_at=NOON,
    )

    assert broken() == {7}


@pytest.mark.parametrize(("minutes", "numbers"), [(4, set()), (6, {8})])
def test_tickets_that_are_held_past_their_time_are_found(held, minutes, numbers):
    over = held.expires_at + timedelta(minutes=minutes)

    assert {finding.number for finding in audit.findings(now=over)} == numbers


def test_a_total_that_does_not_add_up_is_found(held):
    Hold.objects.update(total_amount=1)

    assert broken() == {9}


def test_an_event_that_left_its_venue_is_found(held):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
    Event.objects.update(location=make.point(0, 0))

    assert broken() == {9}


@pytest.mark.django_db(transaction=True)
def test_the_command_says_how_many_checks_hold():
    out = StringIO()

    call_command("audit", stdout=out)

    assert f"{len(audit.checks())} checks hold." in out.getvalue()


@pytest.mark.django_db(transaction=True)
def test_the_command_prints_offenders_and_fails():
    rush, out = make.ticket_type(stock=1), StringIO()
    TicketType.objects.update(capacity=2)

    with pytest.raises(CommandError, match="1 rows break"):
        call_command("audit", stdout=out, no_color=True)

    assert f"ticket_type={rush.pk}, capacity=2, tickets=1" in out.getvalue()


@pytest.mark.django_db(transaction=True)
def test_the_command_looks_as_of_a_given_time(held):
    """A hold that nobody released is a fault once it is minutes past its time."""
    out, over = StringIO(), held.expires_at + timedelta(minutes=6)

    call_command("audit", "--at", NOON.isoformat(), stdout=out)

    with pytest.raises(CommandError):
        call_command("audit", "--at", over.isoformat(), stdout=out)
