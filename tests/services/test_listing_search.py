"""The statements of the list against the querysets whose meaning they share."""

from datetime import timedelta
from itertools import product
from uuid import UUID

import pytest
from django.db import connection

from events.models import Category, Event
from inventory.listing.cursors import Cursor
from inventory.listing.search import Position, Search, Sort, find
from tests import factories as make
from tests.factories import NOON

pytestmark = pytest.mark.django_db
POSITION = Position(51.5434, -0.1518)
HERE = make.point(*POSITION)
RADIUS_M = 5_000
HOURS = 12


@pytest.fixture
def catalogue():
    """Every mix of when, how long, and where; some of them in a category."""
    jazz = Category.objects.create(slug="jazz", name="Jazz")
    places = [make.venue(at=(51.5434 + north, -0.15)) for north in (0, 0.01, 0.2)]
    starts = [-13, -5, -1, 0, 1, 11, 13, None]
    ends = [None, 2, 9]
    closes = [None, -2, 3]
    for number, (venue, start, length, close) in enumerate(
        product(places, starts, ends, closes)
    ):
        at = None if start is None else NOON + timedelta(hours=start)
        make.event(
            venue=venue,
            name="Blue Note" if number % 7 == 0 else "Other",
            category=jazz if number % 2 else None,
            starts_at=at,
            ends_at=at and length and at + timedelta(hours=length),
            sales_open_at=None,
            sales_close_at=None if close is None else NOON + timedelta(hours=close),
            local_date=(NOON + timedelta(days=number % 5 - 2)).date(),
        )
    # Of a table that was counted between two tests PostgreSQL believes that it has no
    # rows, and looks for words anew for each of these.
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE events_event")


def ids(search: Search) -> list:
    page = find(search, cursor=Cursor(search.sort), size=500, now=NOON)
    assert page.next is None
    return [UUID(row["id"]) for row in page.rows]


def test_nearest_first_is_the_queryset_nearby(catalogue):
    for radius in (RADIUS_M, None):
        search = Search(
            Sort.DISTANCE, position=POSITION, radius_m=radius, starts_within=HOURS
        )

        expected = Event.objects.nearby(HERE, radius_m=radius, now=NOON, hours=HOURS)

        assert ids(search) == [event.pk for event in expected]
        assert ids(search)


def test_the_soonest_first_is_the_queryset_starting_within(catalogue):
    expected = Event.objects.published().starting_within(NOON, HOURS)

    assert ids(Search(Sort.START, starts_within=HOURS)) == [
        event.pk for event in expected.order_by("starts_at", "pk")
    ]


def test_without_a_window_it_is_all_that_is_not_over(catalogue):
    expected = set(
        Event.objects.published().upcoming(NOON).values_list("pk", flat=True)
    )
    dated = Event.objects.published().on_a_day(NOON).order_by("local_date", "pk")

    by_start = ids(Search(Sort.START))

    assert set(by_start) == expected
    assert by_start[-len(dated) :] == [event.pk for event in dated]
    assert set(ids(Search(Sort.DISTANCE, position=POSITION))) == expected


@pytest.mark.parametrize("sort", Sort)
def test_words_a_category_and_a_circle_narrow_every_order(catalogue, sort):
    expected = (
        Event.objects.published()
        .upcoming(NOON)
        .within(HERE, RADIUS_M)
        .filter(category__slug="jazz")
        .search("blue note")
    )

    found = ids(
        Search(
            sort,
            position=POSITION,
            radius_m=RADIUS_M,
            category="jazz",
            query="blue note",
        )
    )

    assert set(found) == {event.pk for event in expected}
    assert found
