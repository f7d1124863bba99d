"""The staff page of everything that may hurry a buyer."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from events import viewers
from events.models import Event, EventStatus, Role
from inventory import services as inventory
from inventory import urgency
from inventory.models import PriceStep, StockCap, TicketType
from tests import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def rush(now):
    event = make.event(
        starts_at=now + timedelta(hours=3),
        sales_open_at=now - timedelta(days=1),
        sales_close_at=now + timedelta(hours=3),
    )
    return make.ticket_type(event=event, stock=7, name="Stalls")


def element(event, name, *, now):
    fresh = Event.objects.select_related("venue").get(pk=event.pk)
    [found] = [e for e in urgency.elements_of(fresh, now=now) if e.name == name]
    return found


def look(event, people, *, now):
    seen = dict.fromkeys((f"device:{n}" for n in range(people)), now)
    viewers.record_and_count(event_id=event.pk, seen=seen, left=(), now=now)


def page_of(event) -> str:
    return reverse("admin:events_event_urgency", args=[event.pk])


def test_every_element_is_listed(rush, now):
    names = [e.name for e in urgency.elements_of(rush.event, now=now)]

    assert names == [
        "How many are looking",
        "Only so many left: Stalls",
        "Next price: Stalls",
        "Sale opens",
        "Event starts",
        "One's own hold",
    ]


@pytest.mark.parametrize(
    ("people", "shown"), [(4, "nothing"), (5, "5"), (20, "20"), (37, "about 30")]
)
def test_viewers_are_shown_as_a_newcomer_sees_them(rush, now, people, shown):
    look(rush.event, people, now=now)

    told = element(rush.event, "How many are looking", now=now)

    assert told.shown == shown
    assert told.answer == f"{people}, all of them"
    assert told.query.startswith(f"ZCOUNT viewers:{rush.event_id}:")


def test_viewers_that_are_switched_off_are_counted_here_and_shown_to_nobody(rush, now):
    look(rush.event, 9, now=now)
    Event.objects.update(viewer_counts=False)

    told = element(rush.event, "How many are looking", now=now)

    assert (told.shown, told.answer) == ("nothing", "9, all of them")


@pytest.mark.parametrize(
    ("stock", "shown"), [(10, "10 left on this app"), (11, "nothing")]
)
def test_what_is_left_stands_beside_its_recount(rush, now, stock, shown):
    inventory.set_capacity(ticket_type=rush, capacity=stock, now=now)

    told = element(rush.event, "Only so many left: Stalls", now=now)

    assert (told.shown, told.answer) == (shown, str(stock))
    assert f"'{rush.pk}'" in told.query


def test_the_recount_of_what_is_left_minds_shared_caps(rush, now):
    cap = StockCap.objects.create(event=rush.event, name="House", capacity=3)
    cap.types.add(rush)

    told = element(rush.event, "Only so many left: Stalls", now=now)

    assert (told.shown, told.answer) == ("3 left on this app", "3")


def test_the_next_price_is_the_whole_one_at_the_time_of_the_venue(rush, now):
    at = now.replace(microsecond=0) + timedelta(hours=1)
    PriceStep.objects.create(ticket_type=rush, starts_at=at, unit_amount=2000)
    TicketType.objects.update(fee_amount=150, fee_name="Booking fee")

    told = element(rush.event, "Next price: Stalls", now=now)

    local = at.astimezone(rush.event.venue.zone)
    assert told.shown == f"falls to GBP 21.50 at {local:%H:%M:%S on %-d %B}"
    assert told.answer.startswith("GBP 20.00 from ")


def test_holds_are_counted_without_naming_anybody(rush, now):
    buyer = make.buyer()
    kind = TicketType.objects.with_terms().get(pk=rush.pk)
    inventory.hold_tickets(user=buyer, ticket_type=kind, quantity=2, now=now)

    told = element(rush.event, "One's own hold", now=now)

    assert told.shown.startswith("to 1 buyers, the first until ")
    assert buyer.email not in f"{told}"
    assert str(buyer.pk) not in f"{told}"


def test_a_clock_that_is_over_is_not_shown(rush, now):
    assert not element(rush.event, "Sale opens", now=now).is_shown
    assert element(rush.event, "Event starts", now=now).is_shown


def test_a_draft_tells_nobody_anything(rush, now):
    Event.objects.update(status=EventStatus.DRAFT)

    assert urgency.elements_of(rush.event, now=now) == []


@pytest.mark.parametrize("role", Role.values)
def test_staff_read_the_page_of_their_own_events(client, rush, role):
    client.force_login(make.staff(venue=rush.event.venue, role=role))

    page = client.get(page_of(rush.event))

    assert page.status_code == 200
    assert "7 left on this app" in page.content.decode()


def test_the_page_of_another_venues_event_is_closed(client, rush):
    client.force_login(make.staff(venue=make.venue()))

    assert client.get(page_of(rush.event)).status_code == 302
    assert client.get(page_of(Event(pk=uuid4()))).status_code == 302


def test_the_page_says_what_the_app_is_told(client, anonymous, rush):
    told = anonymous.get(f"/api/v1/events/{rush.event_id}").json()
    client.force_login(make.staff(venue=rush.event.venue))

    page = client.get(page_of(rush.event)).content.decode()

    [left] = re.findall(r"Shown now: <strong>(\d+) left on this app", page)
    assert int(left) == told["ticket_types"][0]["left"] == 7


def test_nothing_here_looks_at_a_clock_or_dice_of_its_own():
    source = (urgency.__file__, viewers.__file__)

    for path in source:
        with open(path) as file:
            assert not re.search(r"\bimport random|from random|now\(\)", file.read())
