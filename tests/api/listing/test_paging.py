"""Pages in every order, what may not be asked for, and what a page costs."""

from datetime import timedelta

import pytest

from events.models import TaxMode
from inventory import services as inventory
from inventory.models import PriceStep
from tests import factories as make
from tests.api.listing.asking import EVENTS, HERE, names

pytestmark = pytest.mark.django_db


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
