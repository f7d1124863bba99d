"""What an entry says once tickets are set aside; leaving; and what the list costs."""

import pytest
from django.utils import timezone

from events.models import Event
from inventory.models import Hold, PriceStep, WaitlistEntry, WaitlistStatus
from payments import services as payments
from tests import factories as make
from tests.entries import ENTRIES, ask, ask_with_card, let_go, told, utc
from tests.lining_up import held
from tests.paying import ALWAYS_ASKS
from tests.standing_orders import kept_card

pytestmark = pytest.mark.django_db


# Offers ---------------------------------------------------------------------------


def test_an_offer_leads_to_the_checkout(api, rush):
    ask(api, rush)
    let_go(rush)

    entry = told(api)

    hold = Hold.objects.get(from_waitlist=True)
    assert (entry["status"], entry["ahead"]) == ("offered", None)
    assert entry["offer"] == {
        "hold": str(hold.pk),
        "total": {"amount": 4000, "currency": "GBP"},
        "expires_at": utc(hold.expires_at),
        "order": None,
        "next_step": "buy",
    }
    assert "Buy them for £40.00 by then" in entry["what_happens"]


@pytest.mark.parametrize("is_charged", [False, True])
def test_an_offer_is_told_at_the_price_it_has_fallen_to(api, rush, card, is_charged):
    ask_with_card(api, rush, card) if is_charged else ask(api, rush)
    let_go(rush)
    PriceStep.objects.create(
        ticket_type=rush, starts_at=timezone.now(), unit_amount=1500
    )

    entry = told(api)

    hold = Hold.objects.get(from_waitlist=True)
    shown = api.get(f"/api/v1/holds/{hold.pk}").json()["total"]
    assert entry["offer"]["total"] == shown == {"amount": 3000, "currency": "GBP"}
    assert "£30.00" in entry["what_happens"]
    assert "£40.00" not in entry["what_happens"]


def test_a_payment_under_way_has_the_price_it_was_begun_with(api, rush, buyer):
    ask_with_card(api, rush, kept_card(buyer, ALWAYS_ASKS))
    let_go(rush)
    payments.charge_next_offer(now=timezone.now())
    PriceStep.objects.create(
        ticket_type=rush, starts_at=timezone.now(), unit_amount=1500
    )

    entry = told(api)

    assert entry["offer"]["total"] == {"amount": 4000, "currency": "GBP"}
    assert "A payment of £40.00 is under way." in entry["what_happens"]


def test_an_offer_under_a_mandate_is_waited_for_and_then_bought(api, rush, card):
    ask_with_card(api, rush, card)
    let_go(rush)
    before = told(api)

    payments.charge_next_offer(now=timezone.now())

    after = told(api)
    assert before["offer"]["next_step"] == "wait"
    assert before["what_happens"] == (
        "Tickets came free. Your card is being charged £40.00."
    )
    assert (after["status"], after["offer"]) == ("purchased", None)
    assert len(api.get("/api/v1/tickets").json()["results"]) == 2


def test_a_bank_that_asks_is_said_so(api, rush, buyer):
    ask_with_card(api, rush, kept_card(buyer, ALWAYS_ASKS))
    let_go(rush)
    payments.charge_next_offer(now=timezone.now())

    offer = told(api)["offer"]
    order = api.get(f"/api/v1/orders/{offer['order']}").json()

    assert offer["next_step"] == "confirm"
    assert order["payment"]["status"] == "requires_action"
    assert order["payment"]["next_action"]["url"]


# Leaving --------------------------------------------------------------------------


def test_leaving_hands_an_offer_on(api, rush):
    entry = ask(api, rush).json()
    let_go(rush)

    response = api.delete(f"{ENTRIES}/{entry['id']}")

    assert response.status_code == 204
    assert told(api)["status"] == "withdrawn"
    assert told(api)["what_happens"] == (
        "You have left this waitlist. Nothing was charged."
    )


def test_what_was_bought_is_not_left(api, rush, card):
    entry = ask_with_card(api, rush, card).json()
    let_go(rush)
    payments.charge_next_offer(now=timezone.now())

    response = api.delete(f"{ENTRIES}/{entry['id']}")

    assert response.status_code == 409
    assert response.json()["code"] == "hold_already_sold"
    assert WaitlistEntry.objects.get().status == WaitlistStatus.PURCHASED


def test_a_strangers_place_is_nowhere(api, anonymous, rush, card):
    entry = ask_with_card(api, rush, card).json()
    address = f"{ENTRIES}/{entry['id']}"

    api.force_authenticate(make.buyer())
    theirs = [api.get(address), api.delete(address)]

    assert [answer.status_code for answer in theirs] == [404, 404]
    assert api.get(ENTRIES).json()["results"] == []
    assert anonymous.get(ENTRIES).status_code == 401
    assert WaitlistEntry.objects.get().status == WaitlistStatus.WAITING


# Cost -----------------------------------------------------------------------------


def test_the_list_asks_the_same_for_one_as_for_many(
    api, buyer, rush, card, django_assert_num_queries
):
    others = [make.ticket_type(event=rush.event, stock=1) for _ in range(3)]
    for kind in others:
        held(kind, 1, now=timezone.now())
    ask_with_card(api, rush, card)
    with django_assert_num_queries(2):
        one = api.get(ENTRIES).json()["results"]

    for kind in others:
        assert ask(api, kind, 1).status_code == 201
    with django_assert_num_queries(2):
        many = api.get(ENTRIES).json()["results"]

    assert (len(one), len(many)) == (1, 4)


def offered(api, ticket_type) -> None:
    assert ask(api, ticket_type, 1).status_code == 201
    let_go(ticket_type)


def test_the_list_asks_the_same_for_one_offer_as_for_many(
    api, rush, django_assert_num_queries
):
    others = [make.event(venue=rush.event.venue) for _ in range(3)]
    kinds = [make.ticket_type(event=event, stock=1) for event in others]
    times = ("starts_at", "sales_open_at", "sales_close_at")
    Event.objects.update(**{each: getattr(rush.event, each) for each in times})
    for kind in kinds:
        held(kind, 1, now=timezone.now())
    offered(api, kinds[0])
    with django_assert_num_queries(4):
        one = api.get(ENTRIES).json()["results"]

    for kind in kinds[1:]:
        offered(api, kind)
    with django_assert_num_queries(4):
        many = api.get(ENTRIES).json()["results"]

    told = [entry["status"] for entry in one + many]
    assert told == ["offered"] * 4
