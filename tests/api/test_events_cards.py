"""What a card gathers from several rows has an order, and an address its wishes."""

from datetime import timedelta

import pytest
from django.utils import timezone

from events.models import Performer
from inventory.models import PriceStep
from tests import factories as make

pytestmark = pytest.mark.django_db
EVENTS = "/api/v1/events"


@pytest.fixture
def event():
    now = timezone.now().replace(microsecond=0)
    starts_at = now + timedelta(hours=6)
    return make.event(
        starts_at=starts_at, sales_open_at=None, sales_close_at=None, local_date=now
    )


def card_of(client):
    return client.get(EVENTS).json()["results"][0]


def test_performers_are_told_in_the_order_in_which_they_were_added(client, event):
    billed = ["Zoe", "Abel", "Mia"]
    for name in billed:
        event.performers.add(Performer.objects.create(name=name))

    assert [each["name"] for each in card_of(client)["performers"]] == billed


def test_ticket_types_are_told_by_their_position_and_then_by_name(client, event):
    for name, position in (("Box", 2), ("Stalls", 1), ("Circle", 2), ("Pit", 10)):
        make.ticket_type(event=event, name=name, position=position)

    page = client.get(f"{EVENTS}/{event.pk}").json()

    shown = [each["name"] for each in page["ticket_types"]]
    assert shown == ["Stalls", "Box", "Circle", "Pit"]


def test_the_next_price_is_the_first_to_come_however_the_steps_were_stored(
    client, event
):
    seats = make.ticket_type(event=event, unit_amount=3000)
    for hours, amount in ((1, 1000), (3, 2000)):
        at = event.starts_at - timedelta(hours=hours)
        PriceStep.objects.create(ticket_type=seats, starts_at=at, unit_amount=amount)

    card = card_of(client)

    assert card["next_price"]["amount"] == 2000
    assert card["next_price_at"] == (
        (event.starts_at - timedelta(hours=3)).isoformat().replace("+00:00", "Z")
    )


def test_the_next_page_keeps_the_wishes_and_replaces_the_cursor(client, event):
    for _ in range(3):
        make.event(starts_at=event.starts_at, local_date=event.local_date)

    first = client.get(f"{EVENTS}?q=late%20show&page_size=1").json()
    written_oddly = first["next"].replace("cursor=", "curs%6Fr=")
    second = client.get(written_oddly).json()

    for page in (first, second):
        assert "q=late%20show&page_size=1&cursor=" in page["next"]
        assert page["next"].count("cur") == 1
    assert second["next"] != first["next"]
    assert second["previous"].endswith("?q=late%20show&page_size=1")
