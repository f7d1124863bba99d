from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from events.models import Event
from inventory import owners
from inventory import services as inventory
from inventory.models import Hold, HoldStatus, PriceStep, Ticket, TicketType
from tests import factories as make

pytestmark = pytest.mark.django_db
HOLDS = "/api/v1/holds"
UNKNOWN = "5d0f8f6e-27a4-4a34-9c0b-0f4c2f1f9a11"


@pytest.fixture
def rush():
    venue = make.venue(address="1 High Street", refund_policy="Until noon.")
    event = make.tonight(venue=venue)
    return make.ticket_type(
        event=event, stock=6, unit_amount=2000, fee_amount=150, fee_name="Booking fee"
    )


def ask(api, ticket_type, quantity=2, **headers):
    body = {"ticket_type": str(ticket_type.pk), "quantity": quantity}
    return api.post(HOLDS, body, headers=headers)


def test_a_hold_tells_what_it_costs_and_how_long_it_lasts(api, rush):
    response = ask(api, rush)

    hold, told = Hold.objects.get(), response.json()
    assert response.status_code == 201
    assert told["id"] == str(hold.pk)
    assert (told["status"], told["quantity"], told["order"]) == ("active", 2, None)
    assert told["total"] == {"amount": 4300, "currency": "GBP"}
    assert told["price"]["fee"]["name"] == "Booking fee"
    assert told["price"]["total"] == {"amount": 2150, "currency": "GBP"}
    assert told["ticket_type"] == {"id": str(rush.pk), "name": rush.name}
    assert told["event"]["venue"]["refund_policy"] == "Until noon."
    assert told["event"]["venue"]["latitude"] == pytest.approx(51.5434)
    assert told["expires_at"] == hold.expires_at.isoformat().replace("+00:00", "Z")
    assert told["server_time"] < told["expires_at"]


def test_a_hold_reads_back_as_it_was_given(api, rush):
    made = ask(api, rush).json()

    [listed] = api.get(HOLDS).json()["results"]
    single = api.get(f"{HOLDS}/{made['id']}").json()

    for told in (listed, single):
        assert told | {"server_time": made["server_time"]} == made


def test_a_double_tap_gives_the_same_hold(api, rush):
    first, second = ask(api, rush), ask(api, rush)

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] == second.json()["id"]
    assert Ticket.objects.available(rush).count() == 4


def test_the_same_key_gives_the_same_answer(api, rush):
    first = ask(api, rush, **{"Idempotency-Key": "tap-1"})
    api.delete(f"{HOLDS}/{first.json()['id']}")

    second = ask(api, rush, **{"Idempotency-Key": "tap-1"})

    assert second.json() == first.json()
    assert second["Idempotent-Replayed"] == "true"
    assert Hold.objects.get().status == HoldStatus.RELEASED


def test_another_body_under_the_same_key_is_refused(api, rush):
    ask(api, rush, **{"Idempotency-Key": "tap-1"})

    response = ask(api, rush, 1, **{"Idempotency-Key": "tap-1"})

    assert response.status_code == 422


def test_a_refusal_says_what_can_be_done_and_changes_nothing(api, rush):
    for _ in range(3):
        inventory.hold_tickets(
            user=make.buyer(), ticket_type=rush, quantity=2, now=timezone.now()
        )

    response = ask(api, rush)

    assert response.status_code == 409
    assert response["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert (problem["code"], problem["action"]) == ("all_held", "wait")
    assert response["Retry-After"] == str(problem["retry_after"])
    assert Hold.objects.count() == 3


def test_sold_out_leads_to_the_waitlist(api, rush):
    inventory.set_capacity(ticket_type=rush, capacity=2, now=timezone.now())
    rush.tickets.filter(status="available").update(status="withdrawn")

    refusal = ask(api, rush).json()

    assert (refusal["code"], refusal["action"]) == ("sold_out", "join_waitlist")
    waiting = {"ticket_type": str(rush.pk), "quantity": 2}
    assert api.post("/api/v1/waitlist-entries", waiting).status_code == 201


def test_a_second_wish_names_the_hold_that_is_in_its_way(api, rush):
    first = ask(api, rush).json()

    response = ask(api, rush, 1)

    assert response.status_code == 409
    assert response.json()["code"] == "hold_exists"
    assert response.json()["meta"]["hold"] == first["id"]


def test_more_than_the_limit_is_refused(api, rush):
    Event.objects.update(per_buyer_limit=3)

    response = ask(api, rush, 4)

    assert (response.status_code, response.json()["code"]) == (409, "over_limit")
    assert not Hold.objects.exists()


@pytest.mark.parametrize(
    "quantity", [0, -1, 1.5, 2.0, 11, 10**30, "2", "", None, True, [2], {"a": 1}]
)
def test_a_quantity_is_a_small_whole_number(api, rush, quantity):
    response = ask(api, rush, quantity)

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "quantity"
    assert not Hold.objects.exists()


@pytest.mark.parametrize("ticket_type", [None, "", "x", 7, UNKNOWN, [], "\x00"])
def test_an_unknown_ticket_type_is_refused_by_name(api, ticket_type):
    response = api.post(HOLDS, {"ticket_type": ticket_type, "quantity": 1})

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "ticket_type"


def test_without_signing_in_nothing_is_held(anonymous, rush):
    for response in (ask(anonymous, rush), anonymous.get(HOLDS)):
        assert response.status_code == 401
        assert response.json()["action"] == "sign_in"
    assert not Hold.objects.exists()


def test_letting_go_puts_the_tickets_back_and_may_be_repeated(api, rush):
    address = f"{HOLDS}/{ask(api, rush).json()['id']}"

    assert api.delete(address).status_code == 204
    assert api.delete(address).status_code == 204
    assert Ticket.objects.available(rush).count() == 6
    assert api.get(address).json()["status"] == "released"


def test_another_persons_hold_is_not_found(api, rush):
    other = inventory.hold_tickets(
        user=make.buyer(), ticket_type=rush, quantity=1, now=timezone.now()
    )

    assert api.get(f"{HOLDS}/{other.pk}").status_code == 404
    assert api.delete(f"{HOLDS}/{other.pk}").status_code == 404
    assert api.get(HOLDS).json()["results"] == []
    other.refresh_from_db()
    assert other.status == HoldStatus.ACTIVE


def test_a_hold_under_payment_is_not_let_go(api, rush):
    made = ask(api, rush).json()
    inventory.start_paying(
        hold=Hold.objects.get(), now=timezone.now(), lease=timedelta(minutes=2)
    )

    response = api.delete(f"{HOLDS}/{made['id']}")

    assert (response.status_code, response.json()["code"]) == (409, "hold_being_paid")


def falls(kind, to: int) -> None:
    PriceStep.objects.create(ticket_type=kind, starts_at=timezone.now(), unit_amount=to)


def test_a_hold_shows_the_fallen_price_that_would_be_paid_and_never_a_higher(api, rush):
    made = ask(api, rush).json()

    falls(rush, 1000)
    fallen = [ask(api, rush).json(), api.get(f"{HOLDS}/{made['id']}").json()]
    fallen += api.get(HOLDS).json()["results"]
    PriceStep.objects.all().delete()
    TicketType.objects.update(unit_amount=9000)
    risen = api.get(f"{HOLDS}/{made['id']}").json()

    assert made["total"]["amount"] == risen["total"]["amount"] == 4300
    assert [told["total"]["amount"] for told in fallen] == [2300] * 3
    assert fallen[0]["price"]["unit"]["amount"] == 1000
    assert Hold.objects.get().total_amount == 4300


@pytest.mark.parametrize("status", ["paying", "converted", "expired"])
def test_a_hold_that_is_paid_for_or_over_shows_its_own_price(api, rush, status):
    made = ask(api, rush).json()
    lease = timezone.now() if status == "paying" else None
    Hold.objects.update(status=status, lease_until=lease)
    falls(rush, 1000)

    assert api.get(f"{HOLDS}/{made['id']}").json()["total"]["amount"] == 4300


def test_a_hold_tells_its_order(api, rush, monkeypatch):
    order = owners.OrderRef(id=uuid4(), reference="BCDFGHJK")
    monkeypatch.setattr(owners, "_finders", [lambda holds: dict.fromkeys(holds, order)])
    made = ask(api, rush).json()

    assert api.get(f"{HOLDS}/{made['id']}").json()["order"] == str(order.id)


def test_listing_holds_takes_a_fixed_number_of_queries(
    api, buyer, rush, django_assert_num_queries
):
    for _ in range(4):
        made = ask(api, rush, 1).json()
        api.delete(f"{HOLDS}/{made['id']}")

    # The holds with all they name, their price steps, and their orders.
    with django_assert_num_queries(3):
        assert len(api.get(HOLDS).json()["results"]) == 4


def test_holding_takes_few_queries(api, rush, django_assert_num_queries):
    # The type with its event, venue and price steps; the hold.
    with django_assert_num_queries(2):
        ask(api, rush)
