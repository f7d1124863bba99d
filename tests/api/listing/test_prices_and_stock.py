"""What a card and the page of an event say of prices and of what is left."""

from datetime import timedelta

import pytest

from events.models import EventStatus, TaxMode
from inventory.models import PriceStep
from tests import factories as make
from tests import lining_up
from tests.api.listing.asking import EVENTS

pytestmark = pytest.mark.django_db


def test_a_card_tells_the_cheapest_whole_price_and_when_it_falls(client, event, now):
    venue = make.venue(tax_mode=TaxMode.ADDED, tax_basis_points=1000)
    shown = event(venue=venue)
    stalls = make.ticket_type(
        event=shown, unit_amount=3000, fee_amount=200, fee_name="Booking fee", stock=20
    )
    make.ticket_type(event=shown, unit_amount=5000, stock=20)
    make.ticket_type(event=shown, unit_amount=100, stock=0)
    falls_at = now + timedelta(hours=1)
    PriceStep.objects.create(ticket_type=stalls, starts_at=falls_at, unit_amount=2000)

    [card] = client.get(EVENTS).json()["results"]

    assert card["availability"] == "on_sale"
    assert card["from_price"] == {"amount": 3520, "currency": "GBP"}
    assert card["next_price"] == {"amount": 2420, "currency": "GBP"}
    assert card["next_price_at"] == falls_at.isoformat().replace("+00:00", "Z")
    assert card["left"] is None


@pytest.mark.parametrize(("stock", "left"), [(11, None), (10, 10), (1, 1)])
def test_how_many_are_left_is_told_up_to_ten(client, event, stock, left):
    make.ticket_type(event=event(), stock=stock)

    [card] = client.get(EVENTS).json()["results"]

    assert card["left"] == left


def test_a_card_says_why_nothing_can_be_bought(client, event, now):
    early = event(name="early", sales_open_at=now + timedelta(minutes=5))
    closed = event(name="closed", sales_close_at=now)
    held = event(name="held")
    sold = event(name="sold")
    event(name="listing", listing_url="https://example.com/tickets")
    for each in (early, closed, held, sold):
        make.ticket_type(event=each, stock=1, unit_amount=900)
    for each in (held, sold):
        taken = lining_up.held(each.ticket_types.get(), now=now)
        if each == sold:
            lining_up.sell(taken, now=now)

    cards = {card["name"]: card for card in client.get(EVENTS).json()["results"]}

    assert {name: card["availability"] for name, card in cards.items()} == {
        "early": "not_yet_on_sale",
        "closed": "sales_closed",
        "held": "all_held",
        "sold": "sold_out",
        "listing": "no_tickets_here",
    }
    assert cards["early"]["from_price"]["amount"] == 900
    for name in ("closed", "held", "sold", "listing"):
        assert cards[name]["from_price"] is None
        assert cards[name]["left"] is None
    assert cards["listing"]["listing_url"] == "https://example.com/tickets"


@pytest.mark.parametrize(
    ("status", "availability"),
    [
        (EventStatus.PAUSED, "paused"),
        (EventStatus.CANCELLED, "cancelled"),
        (EventStatus.POSTPONED, "postponed"),
        (EventStatus.FINISHED, "finished"),
    ],
)
def test_an_event_that_is_off_still_has_its_page(client, event, status, availability):
    shown = event(status=status)
    make.ticket_type(event=shown)

    page = client.get(f"{EVENTS}/{shown.pk}").json()

    assert page["availability"] == availability
    assert page["ticket_types"][0]["availability"] == availability
    assert page["ticket_types"][0]["left"] is None


def test_a_draft_has_no_page(client, event):
    draft = event(status=EventStatus.DRAFT)

    response = client.get(f"{EVENTS}/{draft.pk}")

    assert response.status_code == 404
    assert response.json()["code"] == "not_found"


def test_the_page_of_an_event_has_every_choice_with_its_whole_price(client, event):
    venue = make.venue(
        address="1 High Street",
        refund_policy="Until noon.",
        tax_basis_points=2000,
        tax_name="VAT",
    )
    shown = event(venue=venue, description="Loud.", per_buyer_limit=4)
    stalls = make.ticket_type(
        event=shown,
        name="Stalls",
        stock=3,
        unit_amount=2000,
        fee_amount=400,
        fee_name="Booking fee",
        description="Standing",
    )

    page = client.get(f"{EVENTS}/{shown.pk}").json()
    types = client.get(f"{EVENTS}/{shown.pk}/ticket-types").json()

    assert page["venue"]["address"] == "1 High Street"
    assert page["venue"]["refund_policy"] == "Until noon."
    assert (page["description"], page["per_buyer_limit"]) == ("Loud.", 4)
    assert page["seller"] == venue.name
    assert page["viewer_counts"] is True
    assert (
        page["ticket_types"]
        == types["results"]
        == [
            {
                "id": str(stalls.pk),
                "name": "Stalls",
                "description": "Standing",
                "price": {
                    "total": {"amount": 2400, "currency": "GBP"},
                    "unit": {"amount": 2000, "currency": "GBP"},
                    "fee": {"amount": 400, "currency": "GBP", "name": "Booking fee"},
                    "tax": {
                        "amount": 400,
                        "currency": "GBP",
                        "name": "VAT",
                        "included": True,
                    },
                },
                "availability": "on_sale",
                "left": 3,
                "next_price": None,
                "next_price_at": None,
                "max_quantity": 3,
            }
        ]
    )


def test_the_global_switch_turns_viewer_counts_off(client, event, settings):
    settings.VIEWER_COUNTS_ENABLED = False
    shown = event()

    assert client.get(f"{EVENTS}/{shown.pk}").json()["viewer_counts"] is False
