from datetime import timedelta

import pytest
from django.db import connection

from events.models import Event, EventStatus, Performer
from tests import factories as make
from tests.factories import CAMDEN, NOON

pytestmark = pytest.mark.django_db

SOHO = (51.5136, -0.1365)
LEEDS = (53.7997, -1.5492)


def names(events):
    return [event.name for event in events]


def test_events_near_a_point_come_nearest_first_with_metres():
    make.event(name="Far", venue=make.venue(at=LEEDS))
    make.event(name="Near", venue=make.venue(at=SOHO))
    make.event(name="Here", venue=make.venue(at=CAMDEN))

    found = list(Event.objects.near(make.point(*CAMDEN)))

    assert names(found) == ["Here", "Near", "Far"]
    assert found[0].distance == 0
    assert found[1].distance == pytest.approx(3478, rel=0.01)
    assert found[2].distance == pytest.approx(268_900, rel=0.01)


def test_a_radius_leaves_out_what_is_farther_and_nothing_shown_exceeds_it():
    make.event(name="Near", venue=make.venue(at=SOHO))
    make.event(name="Far", venue=make.venue(at=LEEDS))
    metres = Event.objects.near(make.point(*CAMDEN)).first().distance

    assert names(Event.objects.near(make.point(*CAMDEN), metres + 1)) == ["Near"]
    assert names(Event.objects.near(make.point(*CAMDEN), metres - 1)) == []


def test_equally_far_events_are_in_the_order_of_their_ids():
    place = make.venue()
    made = {make.event(venue=place).pk for _ in range(5)}

    found = [event.pk for event in Event.objects.near(make.point(*SOHO))]

    assert found == sorted(made)


def test_the_nearest_are_read_from_the_index_in_its_order():
    spread = [make.venue(at=(50 + n / 100, -1 + n / 100)) for n in range(50)]
    Event.objects.bulk_create(
        Event(
            venue=spread[n % 50],
            name=f"Show {n}",
            status=EventStatus.PUBLISHED,
            starts_at=NOON + timedelta(minutes=n),
            local_date=NOON.date(),
        )
        for n in range(3000)
    )
    with connection.cursor() as cursor:
        cursor.execute("analyze events_event")

    nearby = Event.objects.nearby(
        make.point(*SOHO), radius_m=50_000, now=NOON, hours=24
    )

    plan = nearby.nearest(20)[:20].explain()
    assert "Index Scan using events_event_open_near" in plan
    assert "Order By: (location <->" in plan


def test_pages_of_the_nearest_show_every_event_once_though_many_are_equally_far():
    close, middle, far = (make.venue(at=at) for at in (CAMDEN, SOHO, LEEDS))
    for place in (far, middle, middle, middle, middle, middle, close):
        make.event(venue=place)
    near = Event.objects.near(make.point(*CAMDEN))
    expected = [event.pk for event in near]

    seen, rows = [], near
    while page := list(rows.nearest(2)[:2]):
        seen += [event.pk for event in page]
        rows = near.after(page[-1].distance, page[-1].pk)

    assert seen == expected


@pytest.mark.parametrize(
    "status", [s for s in EventStatus if s != EventStatus.PUBLISHED]
)
def test_only_published_events_are_nearby(status):
    make.event(status=status)

    found = Event.objects.nearby(make.point(*CAMDEN), radius_m=None, now=NOON, hours=24)

    assert not found.exists()


@pytest.mark.parametrize(
    ("starts", "ends", "sales_close", "found"),
    [
        (1, None, None, True),
        (24, None, None, True),
        (25, None, None, False),
        (-1, 1, None, True),  # On now, until its known end.
        (-1, None, None, False),  # Started; nobody knows whether it goes on.
        (-1, None, 1, True),  # Staff still sell: it goes on.
        (-3, -1, None, False),
        (-13, 1, None, False),  # Longer than any single performance.
    ],
)
def test_a_window_holds_what_runs_now_and_what_starts_in_it(
    starts, ends, sales_close, found
):
    def hours(number):
        return None if number is None else NOON + timedelta(hours=number)

    make.event(
        starts_at=hours(starts),
        ends_at=hours(ends),
        sales_open_at=None,
        sales_close_at=hours(sales_close),
    )

    assert Event.objects.starting_within(NOON, 24).exists() is found


def test_an_event_without_a_certain_time_is_in_no_window():
    make.event(starts_at=None, sales_open_at=None, sales_close_at=None)

    assert not Event.objects.starting_within(NOON, 24).exists()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("late", True),
        ("LATE show", True),
        ("cafe", True),  # The venue is Café Zoë.
        ("Café Zoe", True),
        ("łódź", True),
        ("lodz late", True),
        ("quartet", True),
        ("quartett", True),  # A small mistake.
        ("late opera", False),
        ("%", False),
    ],
)
def test_search_finds_every_word_in_name_venue_city_or_performer(query, found):
    event = make.event(name="Late Show", venue=make.venue(name="Café Zoë", city="Łódź"))
    event.performers.add(Performer.objects.create(name="Night Shift Quartet"))

    assert Event.objects.search(query).exists() is found


def test_a_search_word_finds_an_event_once():
    event = make.event(name="Night Night", venue=make.venue(name="Night Club"))
    event.performers.add(Performer.objects.create(name="Night Shift"))
    event.performers.add(Performer.objects.create(name="Night Owls"))

    assert Event.objects.search("night").count() == 1
