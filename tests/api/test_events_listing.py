from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from events.models import Category, EventStatus, LocationPrecision, Performer, TaxMode
from inventory import services as inventory
from inventory.models import PriceStep
from tests import factories as make

pytestmark = pytest.mark.django_db
EVENTS = "/api/v1/events"
LEEDS = (53.8008, -1.5491)
HERE = {"lat": 51.5434, "lon": -0.1518}


@pytest.fixture
def now():
    return timezone.now().replace(microsecond=0)


@pytest.fixture
def event(now):
    """An event tonight, on sale."""

    def make_event(hours=3.0, **fields):
        starts_at = now + timedelta(hours=hours)
        defaults = {
            "starts_at": starts_at,
            "local_date": starts_at.date(),
            "sales_open_at": now - timedelta(days=1),
            "sales_close_at": starts_at,
        }
        return make.event(**defaults | fields)

    return make_event


@pytest.fixture
def client(settings):
    return APIClient()


def names(response) -> list[str]:
    assert response.status_code == 200, response.content
    return [card["name"] for card in response.json()["results"]]


# Where and when ---------------------------------------------------------------


def test_near_a_position_the_nearest_comes_first(client, event):
    event(name="Far", venue=make.venue(at=(51.60, -0.15)))
    event(name="Near", venue=make.venue(at=(51.55, -0.15)))

    response = client.get(EVENTS, HERE)

    assert names(response) == ["Near", "Far"]
    near, far = response.json()["results"]
    assert near["distance_m"] == pytest.approx(790, abs=10)
    assert far["distance_m"] == pytest.approx(6340, abs=20)


def test_a_radius_is_in_the_unit_that_is_said(client, event):
    event(name="Near", venue=make.venue(at=(51.55, -0.15)))

    assert names(client.get(EVENTS, {**HERE, "radius": 500})) == []
    assert names(client.get(EVENTS, {**HERE, "radius": 1, "unit": "km"})) == ["Near"]
    assert names(client.get(EVENTS, {**HERE, "radius": 0.5, "unit": "mi"})) == ["Near"]


def test_the_position_is_rounded_to_a_hundred_metres(client, event):
    event()

    exact = client.get(EVENTS, {"lat": 51.5434, "lon": -0.1518})
    close = client.get(EVENTS, {"lat": 51.54339, "lon": -0.15181})

    assert exact.json()["results"] == close.json()["results"]


def test_without_a_position_the_soonest_comes_first_and_no_distance_is_told(
    client, event
):
    event(name="Later", hours=5)
    event(name="Soon", hours=1)

    response = client.get(EVENTS)

    assert names(response) == ["Soon", "Later"]
    assert {card["distance_m"] for card in response.json()["results"]} == {None}


def test_a_venue_known_by_its_city_is_found_but_never_measured(client, event):
    leeds = make.venue(
        at=LEEDS, city="Leeds", location_precision=LocationPrecision.CITY
    )
    event(name="In Leeds", venue=leeds)

    response = client.get(EVENTS, {"lat": 53.8, "lon": -1.55, "radius": 5000})

    [card] = response.json()["results"]
    assert card["distance_m"] is None
    assert card["venue"]["location_precision"] == "city"


def test_only_what_starts_within_the_hours_is_shown(client, event, now):
    event(name="Soon", hours=2)
    event(name="Tomorrow", hours=30)
    event(name="Over", hours=-5)
    event(
        name="Running",
        hours=-1,
        ends_at=now + timedelta(hours=1),
        sales_close_at=now + timedelta(minutes=30),
    )

    for position in ({}, HERE):
        found = names(client.get(EVENTS, {**position, "starts_within": 12}))
        assert sorted(found) == ["Running", "Soon"]
        assert sorted(names(client.get(EVENTS, position))) == [
            "Running",
            "Soon",
            "Tomorrow",
        ]


def test_an_event_without_a_time_is_never_tonight_but_is_on_its_day(client, event, now):
    event(
        name="Some time",
        starts_at=None,
        sales_open_at=None,
        sales_close_at=None,
        local_date=now.date() + timedelta(days=1),
    )
    event(name="At nine", hours=40)

    assert names(client.get(EVENTS, {"starts_within": 48})) == ["At nine"]
    assert names(client.get(EVENTS)) == ["At nine", "Some time"]
    [card] = client.get(EVENTS, {"q": "some time"}).json()["results"]
    assert (card["starts_at"], card["starts_at_local"]) == (None, None)
    assert card["local_date"] == (now.date() + timedelta(days=1)).isoformat()


def test_times_are_told_in_utc_and_on_the_clock_at_the_venue(client, event, now):
    kathmandu = make.venue(at=(27.7172, 85.324), time_zone="Asia/Kathmandu")
    shown = event(venue=kathmandu)

    [card] = client.get(EVENTS).json()["results"]

    assert card["starts_at"] == shown.starts_at.isoformat().replace("+00:00", "Z")
    assert card["starts_at_local"].endswith("+05:45")
    assert card["time_zone"] == "Asia/Kathmandu"


@pytest.mark.parametrize(
    "status",
    [
        EventStatus.DRAFT,
        EventStatus.PAUSED,
        EventStatus.CANCELLED,
        EventStatus.POSTPONED,
        EventStatus.FINISHED,
    ],
)
def test_only_published_events_are_listed(client, event, status):
    event(status=status)

    assert names(client.get(EVENTS)) == []
    assert names(client.get(EVENTS, HERE)) == []


def test_a_category_and_words_narrow_the_list(client, event):
    jazz = Category.objects.create(slug="jazz-x", name="Jazz")
    late = event(name="Late Night", category=jazz)
    late.performers.add(Performer.objects.create(name="Anoushka Shankar"))
    event(name="Matinée")

    assert names(client.get(EVENTS, {"category": "jazz-x"})) == ["Late Night"]
    assert names(client.get(EVENTS, {"category": "polka"})) == []
    assert names(client.get(EVENTS, {"q": "matinee"})) == ["Matinée"]
    assert names(client.get(EVENTS, {**HERE, "q": "shankar"})) == ["Late Night"]


# What it costs and what is left -----------------------------------------------


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
        taken = inventory.hold_tickets(
            user=make.buyer(),
            ticket_type=each.ticket_types.get(),
            quantity=1,
            now=now,
        )
        if each == sold:
            inventory.start_paying(hold=taken, now=now, lease=timedelta(minutes=2))
            inventory.sell_held_tickets(hold=taken, now=now)

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


# Pages ------------------------------------------------------------------------


def walk(client, query) -> list[str]:
    """Follow `next` to the end, then `previous` back, and compare."""
    pages, back = [], []
    response = client.get(EVENTS, query)
    while True:
        page = response.json()
        pages.append([card["id"] for card in page["results"]])
        if page["next"] is None:
            break
        response = client.get(page["next"])
    while True:
        back.append([card["id"] for card in page["results"]])
        if page["previous"] is None:
            break
        page = client.get(page["previous"]).json()
    assert back[::-1] == pages
    return [ident for page in pages for ident in page]


@pytest.mark.parametrize(
    "query",
    [
        HERE,
        {**HERE, "radius": 50, "unit": "km", "sort": "start"},
        {**HERE, "sort": "price"},
        {"sort": "price", "starts_within": 48},
        {},
    ],
)
def test_every_page_follows_the_one_before_and_leads_back(client, event, now, query):
    one_place = make.venue()
    for number in range(7):
        each = event(hours=1 + number // 3, venue=one_place if number < 5 else None)
        if number % 2:
            make.ticket_type(event=each, unit_amount=1000 + number // 4)
    if "starts_within" not in query:
        event(
            starts_at=None,
            sales_open_at=None,
            sales_close_at=None,
            local_date=now.date() + timedelta(days=2),
        )
        event(
            starts_at=None,
            sales_open_at=None,
            sales_close_at=None,
            local_date=now.date() + timedelta(days=2),
        )

    everything = [
        card["id"]
        for card in client.get(EVENTS, {**query, "page_size": 100}).json()["results"]
    ]

    assert (
        len(everything)
        == len(set(everything))
        == (7 if "starts_within" in query else 9)
    )
    assert walk(client, {**query, "page_size": 2}) == everything


def test_sorted_by_price_the_cheapest_that_can_be_bought_comes_first(
    client, event, now
):
    for name, amount, stock in (("C", 3000, 5), ("A", 1000, 5), ("gone", 500, 0)):
        make.ticket_type(event=event(name=name), unit_amount=amount, stock=stock)
    falling = make.ticket_type(
        event=event(name="B"), unit_amount=9000, floor_amount=2000
    )
    PriceStep.objects.create(
        ticket_type=falling, starts_at=now - timedelta(hours=1), unit_amount=1500
    )
    PriceStep.objects.create(
        ticket_type=falling, starts_at=now + timedelta(hours=1), unit_amount=10
    )

    assert names(client.get(EVENTS, {"sort": "price"})) == ["A", "B", "C", "gone"]


@pytest.mark.parametrize("currency", ["GBP", "JPY", "KWD"])
@pytest.mark.parametrize("mode", TaxMode.values)
@pytest.mark.parametrize("points", [0, 725, 2000])
def test_the_price_that_is_sorted_by_is_the_price_that_is_shown(
    client, event, currency, mode, points
):
    venue = make.venue(tax_mode=mode, tax_basis_points=points)
    for amount in (10, 1230, 99_990, 12_340):
        shown = event(venue=venue)
        make.ticket_type(event=shown, unit_amount=amount, currency=currency)

    pages = [
        client.get(EVENTS, {"sort": "price", "page_size": size}).json()
        for size in (1, 4)
    ]

    prices = [card["from_price"]["amount"] for card in pages[1]["results"]]
    assert prices == sorted(prices)
    followed = client.get(pages[0]["next"]).json()["results"]
    assert followed == pages[1]["results"][1:2]


# Refusals ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"lat": 51}, "lon"),
        ({"lon": 0}, "lat"),
        ({"lat": 91, "lon": 0}, "lat"),
        ({"lat": "nan", "lon": 0}, "lat"),
        ({"lat": 0, "lon": "inf"}, "lon"),
        ({"lat": "north", "lon": 0}, "lat"),
        ({"radius": 5}, "radius"),
        ({**HERE, "radius": 0}, "radius"),
        ({**HERE, "radius": -1}, "radius"),
        ({**HERE, "unit": "furlong"}, "unit"),
        ({"starts_within": "tonight"}, "starts_within"),
        ({"starts_within": -1}, "starts_within"),
        ({"starts_within": 1e9}, "starts_within"),
        ({"sort": "distance"}, "sort"),
        ({"sort": "popularity"}, "sort"),
        ({"category": "no spaces"}, "category"),
        ({"q": ""}, "q"),
        ({"q": "x" * 101}, "q"),
        ({"q": "a\x00b"}, "q"),
        ({"page_size": 0}, "page_size"),
        ({"page_size": 101}, "page_size"),
        ({"cursor": "x"}, "cursor"),
        ({"cursor": "bnVsbA"}, "cursor"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_bad_input_is_refused_by_name(client, query, field):
    response = client.get(EVENTS, query)

    assert response.status_code == 400, response.content
    assert response.json()["code"] == "invalid"
    assert [error["field"] for error in response.json()["errors"]] == [field]


def test_a_cursor_of_another_order_is_refused(client, event):
    event(), event()
    following = client.get(EVENTS, {"page_size": 1}).json()["next"]

    response = client.get(f"{following}&sort=price")

    assert response.status_code == 400


def test_an_unknown_event_is_not_found(client):
    for path in ("", "/ticket-types"):
        response = client.get(f"{EVENTS}/0b6ae79b-c04a-41a5-bb29-148b095c9750{path}")
        assert response.status_code == 404


# Speed and caches -------------------------------------------------------------


@pytest.mark.parametrize("query", [{}, HERE, {"sort": "price"}])
def test_a_page_is_one_query_however_long(
    client, event, query, django_assert_num_queries
):
    for _ in range(5):
        make.ticket_type(event=event())

    with django_assert_num_queries(1):
        client.get(EVENTS, {**query, "starts_within": 24})


def test_a_page_of_an_event_is_one_query(client, event, django_assert_num_queries):
    shown = event()
    make.ticket_type(event=shown)

    with django_assert_num_queries(1):
        client.get(f"{EVENTS}/{shown.pk}")


def test_a_caller_who_has_the_bytes_gets_none(client, event):
    event()
    first = client.get(EVENTS)

    again = client.get(EVENTS, headers={"If-None-Match": first["ETag"]})

    assert first["Cache-Control"] == "public, max-age=2"
    assert (again.status_code, again.content) == (304, b"")
    assert again["ETag"] == first["ETag"]


def test_what_is_left_changes_the_etag(client, event, now):
    rush = make.ticket_type(event=event(), stock=2)
    first = client.get(EVENTS)
    inventory.hold_tickets(user=make.buyer(), ticket_type=rush, quantity=1, now=now)

    again = client.get(EVENTS, headers={"If-None-Match": first["ETag"]})

    assert again.status_code == 200
    assert again.json()["results"][0]["left"] == 1
