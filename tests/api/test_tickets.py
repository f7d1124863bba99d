from uuid import uuid4
from xml.etree import ElementTree

import pytest
from rest_framework.test import APIClient

from events.models import Event, EventStatus
from inventory import codes, owners
from inventory import services as inventory
from inventory.models import Ticket, TicketStatus
from tests import factories as make
from tests.factories import NOON
from tests.lining_up import held, sell
from tests.paying import DISPUTED, paid
from tests.refunding import decide, hear_the_bank

pytestmark = pytest.mark.django_db
TICKETS = "/api/v1/tickets"


def buy(user, quantity=2, ticket_type=None) -> list[Ticket]:
    kind = ticket_type or make.ticket_type(stock=quantity)
    return sell(held(kind, quantity, user=user))


def test_a_ticket_has_its_code_and_says_whose_it_is(api, buyer):
    buyer.name = "Ada"
    buyer.save()
    [ticket] = buy(buyer, 1)

    told = api.get(f"{TICKETS}/{ticket.pk}").json()

    assert (told["status"], told["holder"]) == ("sold", "Ada")
    assert (told["order"], told["checked_in_at"]) == (None, None)
    assert codes.read(told["code"]).ticket_id == ticket.pk
    assert told["event"]["name"] == "Late Show"
    assert told["event"]["doors_at"] is None


@pytest.mark.parametrize(("unit", "fee"), [(2500, 150), (0, 0)])
def test_a_ticket_says_what_it_cost(api, buyer, unit, fee):
    kind = make.ticket_type(
        stock=2, unit_amount=unit, fee_amount=fee, fee_name="Fee" if fee else ""
    )
    [ticket, _] = buy(buyer, 2, kind)

    told = api.get(f"{TICKETS}/{ticket.pk}").json()

    assert told["total"] == {"amount": unit + fee, "currency": "GBP"}


def test_the_code_is_drawn_black_on_its_own_white_without_styles(api, buyer):
    [ticket] = buy(buyer, 1)

    drawing = api.get(f"{TICKETS}/{ticket.pk}").json()["qr_svg"]

    svg = ElementTree.fromstring(drawing)
    tags = [part.tag.rpartition("}")[2] for part in svg]
    assert tags == ["rect", "path"]
    assert [part.get("fill") for part in svg] == ["#fff", "#000"]
    assert "style" not in drawing
    assert "script" not in drawing


def test_the_list_has_all_of_ones_own_tickets_and_no_others(api, buyer):
    mine = {str(ticket.pk) for ticket in buy(buyer)}
    buy(make.buyer())
    inventory.hold_tickets(
        user=buyer, ticket_type=make.ticket_type(), quantity=1, now=NOON
    )

    told = api.get(TICKETS).json()

    assert {ticket["id"] for ticket in told["results"]} == mine
    assert told["next"] is None


def test_a_returned_ticket_is_still_told_of(api, buyer):
    [ticket] = buy(buyer, 1)
    inventory.return_tickets(tickets=[ticket], now=NOON)

    assert api.get(f"{TICKETS}/{ticket.pk}").json()["status"] == "returned"


def test_another_persons_ticket_is_not_found(api):
    [ticket] = buy(make.buyer(), 1)

    assert api.get(f"{TICKETS}/{ticket.pk}").status_code == 404


def test_tickets_tell_their_order(api, buyer, monkeypatch):
    order = owners.OrderRef(id=uuid4(), reference="BCDFGHJK")
    monkeypatch.setattr(owners, "_finders", [lambda holds: dict.fromkeys(holds, order)])
    buy(buyer, 1)

    [ticket] = api.get(TICKETS).json()["results"]

    assert ticket["order"] == {"id": str(order.id), "reference": "BCDFGHJK"}


def test_a_ticket_admits_until_it_is_used(api, buyer):
    used, unused = buy(buyer)
    used.move_to(TicketStatus.CHECKED_IN, checked_in_at=NOON)

    told = {each["id"]: each for each in api.get(TICKETS).json()["results"]}

    assert told[str(unused.pk)]["admits"]
    assert told[str(unused.pk)]["not_admitted"] is None
    assert not told[str(used.pk)]["admits"]
    assert told[str(used.pk)]["not_admitted"]["code"] == "already_checked_in"


def test_no_ticket_admits_to_a_cancelled_event(api, buyer):
    [ticket] = buy(buyer, 1)
    Event.objects.update(status=EventStatus.CANCELLED)

    told = api.get(f"{TICKETS}/{ticket.pk}").json()

    assert not told["admits"]
    assert told["not_admitted"]["code"] == "event_cancelled"


@pytest.mark.parametrize(
    ("ends", "code", "dispute"),
    [
        ("", "payment_disputed", "open"),
        ("losing", "payment_lost", "lost"),
        ("winning", None, None),
    ],
)
def test_a_disputed_ticket_says_that_the_door_turns_it_away(ends, code, dispute):
    placed = paid(DISPUTED)
    hear_of(ends)
    api = APIClient()
    api.force_authenticate(placed.user)

    [told, other] = api.get(TICKETS).json()["results"]

    assert told["admits"] is (code is None)
    assert (told["not_admitted"] or {"code": None})["code"] == code
    assert other["admits"] == told["admits"]
    assert api.get(f"/api/v1/orders/{placed.pk}").json()["dispute"] == dispute


def hear_of(ends: str) -> None:
    """The bank asks the payment back, and decides if it `ends`."""
    hear_the_bank()
    if ends:
        decide(ends)


def test_without_signing_in_there_are_no_tickets(anonymous):
    assert anonymous.get(TICKETS).status_code == 401


def test_listing_tickets_takes_a_fixed_number_of_queries(
    api, buyer, django_assert_num_queries
):
    buy(buyer, 4)

    # The tickets with all they name, their orders, and which of them are disputed.
    with django_assert_num_queries(3):
        assert len(api.get(TICKETS).json()["results"]) == 4
