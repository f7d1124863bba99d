import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from inventory import services as inventory
from inventory.models import Override, StockCap, TicketStatus
from inventory.services import holds
from tests import factories as make
from tests.factories import NOON
from tests.lining_up import held, join, sell, statuses
from ticketapp import audit

pytestmark = pytest.mark.django_db


@pytest.fixture
def event():
    return make.event(per_buyer_limit=10)


@pytest.fixture
def stalls(event):
    return make.ticket_type(event=event, name="Stalls", stock=10)


@pytest.fixture
def circle(event):
    return make.ticket_type(event=event, name="Circle", stock=10)


def cap(event, capacity, *types, name="House", **more) -> StockCap:
    return inventory.save_cap(
        cap=StockCap(event=event, name=name, capacity=capacity),
        types=types,
        now=NOON,
        **more,
    )


def findings() -> list[str]:
    return [str(finding) for finding in audit.findings(now=NOON)]


def test_types_that_share_a_cap_sell_no_more_than_it_together(event, stalls, circle):
    cap(event, 5, stalls, circle)

    held(stalls, 3)
    held(circle, 2)

    for each in (stalls, circle):
        with pytest.raises(inventory.AllHeld):
            held(each)
    assert findings() == []


def test_what_a_cap_leaves_is_told_like_stock(event, stalls, circle):
    cap(event, 5, stalls, circle)
    held(stalls, 3)

    with pytest.raises(inventory.TooFewLeft) as refusal:
        held(circle, 3)

    assert refusal.value.details == {"available": 2, "requested": 3}
    assert held(circle, 2).quantity == 2


def test_a_cap_that_is_sold_is_sold_out(event, stalls, circle):
    cap(event, 2, stalls, circle)
    sell(held(stalls, 2))

    with pytest.raises(inventory.SoldOut):
        held(circle)


def test_what_comes_back_makes_room_again(event, stalls, circle):
    cap(event, 2, stalls, circle)
    inventory.release_hold(hold=held(stalls, 2), now=NOON)

    assert held(circle, 2).quantity == 2


def test_the_tightest_of_several_caps_counts(event, stalls, circle):
    cap(event, 9, stalls, circle)
    cap(event, 2, stalls, name="Floor")

    with pytest.raises(inventory.TooFewLeft):
        held(stalls, 3)

    held(stalls, 2)
    assert held(circle, 7).quantity == 7
    with pytest.raises(inventory.AllHeld):
        held(circle)


def test_a_type_outside_the_cap_is_not_bound_by_it(event, stalls, circle):
    cap(event, 1, circle)

    assert held(stalls, 10).quantity == 10


def test_a_cap_below_what_is_taken_is_refused(event, stalls, circle):
    held(stalls, 3)

    with pytest.raises(inventory.CapacityBelowTaken):
        cap(event, 2, stalls, circle)

    assert not StockCap.objects.exists()


def test_a_cap_below_what_is_taken_may_be_decided_on_record(event, stalls, circle):
    taken, manager = held(stalls, 3), make.buyer()

    made = cap(
        event,
        2,
        stalls,
        circle,
        override=inventory.Overrider(user=manager, reason="A wall came down"),
    )

    decision = Override.objects.get()
    assert (decision.cap, decision.taken, decision.capacity) == (made, 3, 2)
    assert (decision.made_by, decision.reason) == (manager, "A wall came down")
    with pytest.raises(inventory.AllHeld):
        held(circle)
    assert findings() == []
    inventory.release_hold(hold=taken, now=NOON)
    assert held(circle, 2).quantity == 2


def test_a_cap_takes_types_of_its_own_event_only(event, stalls):
    with pytest.raises(inventory.CapOfAnotherEvent):
        cap(event, 5, stalls, make.ticket_type())

    assert not StockCap.objects.exists()


def test_an_overbooked_type_lets_nothing_back_on_sale(stalls):
    taken, manager = [held(stalls, 3), held(stalls, 3)], make.buyer()

    changed = inventory.set_capacity(
        ticket_type=stalls,
        capacity=4,
        now=NOON,
        override=inventory.Overrider(user=manager, reason="Cameras"),
    )

    assert (changed.capacity, Override.objects.get().taken) == (4, 6)
    assert stalls.tickets.filter(status=TicketStatus.WITHDRAWN).count() == 4
    assert findings() == []

    inventory.release_hold(hold=taken[0], now=NOON)
    assert stalls.tickets.filter(status=TicketStatus.AVAILABLE).count() == 1
    assert Override.objects.get().closed_at == NOON
    assert findings() == []


def test_a_ticket_taken_back_by_an_overbooked_type_is_not_replaced(stalls):
    sold = sell(held(stalls, 3))
    inventory.set_capacity(
        ticket_type=stalls,
        capacity=1,
        now=NOON,
        override=inventory.Overrider(user=make.buyer(), reason="Cameras"),
    )

    inventory.return_tickets(tickets=sold[:1], now=NOON)

    assert not stalls.tickets.filter(status=TicketStatus.AVAILABLE).exists()
    assert Override.objects.get().closed_at is None


def test_raising_the_capacity_ends_an_override(stalls):
    held(stalls, 6)
    inventory.set_capacity(
        ticket_type=stalls,
        capacity=4,
        now=NOON,
        override=inventory.Overrider(user=make.buyer(), reason="Cameras"),
    )

    inventory.set_capacity(ticket_type=stalls, capacity=8, now=NOON)

    assert stalls.tickets.filter(status=TicketStatus.AVAILABLE).count() == 2
    assert Override.objects.get().closed_at == NOON
    assert findings() == []


def test_a_page_tells_what_the_cap_leaves():
    now = timezone.now()
    event = make.tonight()
    stalls = make.ticket_type(event=event, name="A", stock=10)
    circle = make.ticket_type(event=event, name="B", stock=10)
    cap(event, 4, stalls, circle)
    client, address = APIClient(), f"/api/v1/events/{event.pk}"

    page = client.get(address).json()

    assert [kind["left"] for kind in page["ticket_types"]] == [4, 4]
    assert page["left"] is None  # Neither 8 nor 20: they share.
    taken = held(stalls, 4, now=now)
    assert client.get(address).json()["availability"] == "all_held"
    cheapest = client.get("/api/v1/events", {"sort": "price"}).json()["results"]
    assert cheapest[0]["from_price"] is None
    sell(taken, now=now)
    assert client.get(address).json()["availability"] == "sold_out"


# Somebody waits for another type under the cap ---------------------------------------


@pytest.fixture
def looks(monkeypatch):
    """How often the public had to wait while the lines were looked at."""
    looked, serve = [], holds.serve_waitlist

    def counting(ticket_type, **when):
        looked.append(ticket_type)
        return serve(ticket_type, **when)

    monkeypatch.setattr(holds, "serve_waitlist", counting)
    return looked


def test_who_waits_for_a_type_that_is_all_gone_keeps_nobody_waiting(
    event, stalls, looks
):
    balcony = make.ticket_type(event=event, name="Balcony", stock=1)
    cap(event, 9, stalls, balcony)
    held(balcony)
    entry = join(balcony)
    del looks[:]

    assert held(stalls).quantity == 1
    assert looks == []
    assert statuses(entry) == ["waiting"]


def test_who_waits_for_a_ticket_that_is_there_is_not_passed(event, stalls, looks):
    balcony = make.ticket_type(event=event, name="Balcony", stock=1)
    cap(event, 1, stalls, balcony)
    kept, entry = held(stalls), join(balcony)
    kept.tickets.update(hold=None, status=TicketStatus.AVAILABLE)  # Nobody looked.
    del looks[:]

    with pytest.raises(inventory.AllHeld):
        held(stalls)

    assert looks == [stalls]
    assert statuses(entry) == ["offered"]
