"""What is listed: by place, by time, by state and by words."""

from datetime import timedelta

import pytest

from events.models import Category, EventStatus, LocationPrecision, Performer
from tests import factories as make
from tests.api.listing.asking import EVENTS, HERE, names

pytestmark = pytest.mark.django_db
LEEDS = (53.8008, -1.5491)


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
