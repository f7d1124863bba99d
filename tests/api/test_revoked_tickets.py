"""What scanners get that go on without network."""

from datetime import timedelta

import pytest
from django.utils import timezone

from events import services as events
from events.models import Event, Role
from inventory import codes
from inventory import services as inventory
from inventory.models import Ticket
from tests import factories as make
from tests.factories import NOON
from tests.paying import VISA, paid
from tests.scanner import OfflineScanner, client_of

pytestmark = pytest.mark.django_db
DOORS = NOON + timedelta(hours=7)


@pytest.fixture
def tickets():
    placed = paid(VISA, quantity=3)
    return [line.ticket for line in placed.lines.order_by("pk")]


@pytest.fixture
def event(tickets) -> Event:
    return tickets[0].ticket_type.event


@pytest.fixture
def steward(event):
    return make.staff(venue=event.venue, role=Role.DOOR)


@pytest.fixture
def scanner(event, steward) -> OfflineScanner:
    scanner = OfflineScanner(client_of(steward), event.pk)
    assert scanner.sync() == 200
    return scanner


def code_of(ticket) -> str:
    return codes.write(ticket_id=ticket.pk, event_id=ticket.ticket_type.event_id)


def address(event) -> str:
    return f"/api/v1/events/{event.pk}/revoked-tickets"


def test_it_is_enough_to_judge_a_code(scanner, tickets, event):
    good = code_of(tickets[0])
    forged = good[:60] + ("A" if good[60] != "A" else "B") + good[61:]
    elsewhere = codes.write(ticket_id=tickets[0].pk, event_id=make.event().pk)

    assert scanner.known["event"]["id"] == str(event.pk)
    assert scanner.refusal(good, at=DOORS) == ""
    assert scanner.refusal(forged, at=DOORS) == "forged"
    assert scanner.refusal(elsewhere, at=DOORS) == "another event"
    assert scanner.refusal(good, at=DOORS - timedelta(days=1)) == "another night"


def disputed(ticket) -> None:
    payment = ticket.order_line.order.payments.get()
    payment.disputes.create(
        provider_id=f"dp_{ticket.pk}",
        amount=payment.amount,
        currency=payment.currency,
        opened_at=NOON,
    )


@pytest.mark.parametrize("is_cancelled", [False, True])
def test_it_says_of_each_ticket_what_the_door_says(
    scanner, tickets, steward, event, is_cancelled
):
    used, returned, _good = tickets
    asked_back = paid(VISA, quantity=1, event=event).lines.get().ticket
    disputed(asked_back)
    inventory.check_in(code=code_of(used), staff=steward, gate="", now=DOORS)
    inventory.return_tickets(tickets=[returned], now=DOORS)
    if is_cancelled:
        events.cancel_event(event=event)

    scanner.sync()

    every = list(Ticket.objects.exclude(hold=None).select_related("ticket_type__event"))
    door = inventory.not_admitted(every)
    assert {str(pk): why.code for pk, why in door.items()} == scanner._revoked()
    assert len(door) == (4 if is_cancelled else 3)
    refusals = {
        str(each.pk): scanner.refusal(code_of(each), at=DOORS) for each in every
    }
    assert {key: why for key, why in refusals.items() if why} == scanner._revoked()


def test_a_late_event_admits_until_its_night_is_over(scanner):
    """It begins at 21:00 in London, and people come after midnight too."""
    assert scanner.known["admits_from"] == "2026-06-01T05:00:00Z"
    assert scanner.known["admits_until"] == "2026-06-02T05:00:00Z"


def test_nothing_is_sent_while_nothing_changed(scanner, tickets, event):
    assert scanner.sync() == 304
    assert scanner.refusal(code_of(tickets[0]), at=DOORS) == ""

    inventory.return_tickets(tickets=tickets[:1], now=DOORS)

    assert scanner.sync() == 200
    answer = scanner.client.get(address(event))
    assert answer["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize("orders", [1, 3])
def test_it_costs_the_same_however_many_are_revoked(
    scanner, event, orders, django_assert_num_queries
):
    for _ in range(orders):
        first, second = paid(VISA, quantity=2, event=event).lines.order_by("pk")
        disputed(first.ticket)
        inventory.return_tickets(tickets=[second.ticket], now=DOORS)

    with django_assert_num_queries(5):
        scanner.client.get(address(event))


def test_a_scanner_gets_all_that_is_on_tonight_where_it_is(event, steward):
    """A festival on its second day too; not what is elsewhere or next week."""
    now = timezone.now()
    festival, tonight, next_week = (
        make.event(
            venue=event.venue,
            starts_at=now + timedelta(days=days),
            ends_at=now + timedelta(days=days, hours=30),
        )
        for days in (-1, 0, 7)
    )
    for show in (festival, tonight, next_week, make.event(starts_at=now)):
        make.ticket_type(event=show)
    client = client_of(steward)

    answer = client.get("/api/v1/revoked-tickets")

    documents = answer.json()["results"]
    assert documents == [
        client.get(address(show)).json() for show in (festival, tonight)
    ]
    headers = {"If-None-Match": answer["ETag"]}
    assert client.get("/api/v1/revoked-tickets", headers=headers).status_code == 304


def test_who_works_nowhere_gets_nothing_of_tonight(event):
    operator = make.buyer(is_staff=True, is_superuser=True)

    assert client_of(operator).get("/api/v1/revoked-tickets").json()["results"] == []


def test_only_staff_of_the_venue_get_it(event, tickets, anonymous):
    elsewhere = make.staff(venue=make.venue())
    buyer = tickets[0].hold.user
    operator = make.buyer(is_staff=True, is_superuser=True)

    assert anonymous.get(address(event)).status_code == 401
    assert client_of(buyer).get(address(event)).status_code == 403
    assert client_of(elsewhere).get(address(event)).status_code == 404
    assert client_of(operator).get(address(event)).status_code == 200


def test_who_left_the_staff_gets_it_no_more(scanner, steward):
    steward.memberships.all().delete()

    assert scanner.sync() == 404
