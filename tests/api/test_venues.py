import pytest

from events.models import (
    Category,
    LocationPrecision,
    Performer,
    Role,
    VenueSource,
)
from tests import factories as make

pytestmark = pytest.mark.django_db

LEEDS = (53.7997, -1.5492)
ALICE = (-23.698, 133.8807)


def names(answer):
    assert answer.status_code == 200, answer.content
    return [row["name"] for row in answer.json()["results"]]


def test_venues_are_listed_by_name_in_pages(anonymous, django_assert_num_queries):
    for name in ("C", "A", "B"):
        make.venue(name=name)

    with django_assert_num_queries(1):
        first = anonymous.get("/api/v1/venues?page_size=2")
    second = anonymous.get(first.json()["next"])

    assert names(first) == ["A", "B"]
    assert names(second) == ["C"]
    assert second.json()["next"] is None
    assert names(anonymous.get(second.json()["previous"])) == ["A", "B"]


def test_pages_stay_put_among_many_venues_of_one_name(anonymous):
    made = {str(make.venue(name="Academy").pk) for _ in range(5)}

    seen, address = [], "/api/v1/venues?page_size=2"
    while address:
        page = anonymous.get(address).json()
        seen += [row["id"] for row in page["results"]]
        address = page["next"]

    assert sorted(seen) == sorted(made)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=zoe", ["Café Zoë"]),
        ("q=lodz", ["Café Zoë"]),
        ("q=roundhose", ["Roundhouse"]),
        ("q=cafe+roundhouse", []),
        ("country=PL", ["Café Zoë"]),
        ("country=PL&q=round", []),
    ],
)
def test_venues_are_found_by_name_city_and_country(anonymous, query, found):
    make.venue(name="Café Zoë", city="Łódź", country="PL", at=(51.77, 19.46))
    make.venue(name="Roundhouse")

    assert names(anonymous.get(f"/api/v1/venues?{query}")) == found


def test_a_venue_tells_where_it_is_and_whom_to_credit(anonymous):
    venue = make.venue(
        name="Roundhouse",
        address="Chalk Farm Road",
        capacity=3000,
        refund_policy="Full refund if cancelled.",
    )
    for number, credit in enumerate(("GeoNames (CC-BY)", "HIFLD", "HIFLD", "")):
        VenueSource.objects.create(
            venue=venue, source="x", source_id=number, credit=credit
        )

    answer = anonymous.get(f"/api/v1/venues/{venue.pk}")

    assert answer.json() == {
        "id": str(venue.pk),
        "name": "Roundhouse",
        "address": "Chalk Farm Road",
        "city": "London",
        "region": "",
        "postal_code": "",
        "country": "GB",
        "latitude": 51.5434,
        "longitude": -0.1518,
        "location_precision": "exact",
        "time_zone": "Europe/London",
        "capacity": 3000,
        "refund_policy": "Full refund if cancelled.",
        "credits": ["GeoNames (CC-BY)", "HIFLD"],
    }


def test_a_venue_without_a_place_says_so(anonymous):
    venue = make.venue(location=None, time_zone="")

    answer = anonymous.get(f"/api/v1/venues/{venue.pk}").json()

    assert (answer["latitude"], answer["longitude"]) == (None, None)


def test_an_unknown_venue_is_a_problem_document(anonymous):
    answer = anonymous.get("/api/v1/venues/00000000-0000-4000-8000-000000000000")

    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    "address",
    [
        "/api/v1/venues?near=me",
        "/api/v1/venues?country=gb",
        "/api/v1/venues?country=GBR",
        "/api/v1/venues?q=",
        "/api/v1/venues?q=a&q=b",
        "/api/v1/venues?page_size=0",
        "/api/v1/venues?page_size=101",
        "/api/v1/venues?cursor=nonsense",
        "/api/v1/performers?name=x",
        "/api/v1/performers?q=%00",
        "/api/v1/categories?q=x",
        "/api/v1/places",
        "/api/v1/places?q=l",
        f"/api/v1/places?q={'l' * 101}",
        "/api/v1/me/venues?role=door",
    ],
)
def test_what_is_not_understood_is_refused_by_its_name(api, address):
    answer = api.get(address)

    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid"
    assert answer.json()["errors"]


@pytest.mark.parametrize("path", ["venues", "performers", "categories", "places?q=lo"])
def test_public_reads_can_be_kept_and_asked_for_again(anonymous, path):
    make.venue()

    first = anonymous.get(f"/api/v1/{path}")
    again = anonymous.get(f"/api/v1/{path}", HTTP_IF_NONE_MATCH=first["ETag"])

    assert first["Cache-Control"] == "public, max-age=300"
    assert again.status_code == 304
    assert again.content == b""


def test_performers_and_categories_are_listed_by_name(anonymous):
    Performer.objects.create(name="The Borrowed Umbrellas")
    Performer.objects.create(name="Copper Weather")
    Category.objects.create(slug="music", name="Music")
    Category.objects.create(slug="comedy", name="Comedy")

    assert names(anonymous.get("/api/v1/performers")) == [
        "Copper Weather",
        "The Borrowed Umbrellas",
    ]
    assert names(anonymous.get("/api/v1/performers?q=umbrela")) == [
        "The Borrowed Umbrellas"
    ]
    assert anonymous.get("/api/v1/categories").json() == {
        "results": [
            {"slug": "comedy", "name": "Comedy"},
            {"slug": "music", "name": "Music"},
        ],
        "next": None,
        "previous": None,
    }


# Places ------------------------------------------------------------------------


def test_a_place_is_a_city_with_venues_and_the_middle_of_them(
    anonymous, django_assert_num_queries
):
    make.venue(at=(51.50, -0.10))
    make.venue(at=(51.54, -0.14))
    make.venue(city="Leeds", at=LEEDS)

    with django_assert_num_queries(1):
        answer = anonymous.get("/api/v1/places?q=lon")

    assert answer.json()["results"] == [
        {
            "name": "London",
            "region": "",
            "country": "GB",
            "latitude": 51.52,
            "longitude": -0.12,
            "venues": 2,
        }
    ]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("LON", ["London"]),
        ("lodz", ["Łódź"]),
        ("łód", ["Łódź"]),
        ("londn", ["London"]),
        ("paulo", ["São Paulo"]),
        ("spr", ["Alice Springs"]),
        ("manchestr", []),
    ],
)
def test_a_place_is_found_without_accents_and_with_a_small_mistake(
    anonymous, query, found
):
    make.venue()
    make.venue(city="Łódź", country="PL", at=(51.77, 19.46))
    make.venue(city="São Paulo", country="BR", at=(-23.55, -46.63))
    make.venue(city="Alice Springs", country="AU", at=ALICE)

    assert names(anonymous.get(f"/api/v1/places?q={query}")) == found


def test_two_cities_of_one_name_are_two_places(anonymous):
    make.venue(city="Springfield", region="IL", country="US", at=(39.80, -89.64))
    make.venue(city="Springfield", region="MA", country="US", at=(42.10, -72.59))

    rows = anonymous.get("/api/v1/places?q=springfield").json()["results"]

    assert sorted((row["region"], row["latitude"]) for row in rows) == [
        ("IL", 39.8),
        ("MA", 42.1),
    ]


def test_two_spellings_of_a_city_are_one_place(anonymous):
    make.venue(city="St. Louis", country="US", at=(38.62, -90.20))
    make.venue(city="Saint Louis", country="US", at=(38.63, -90.20))
    make.venue(city="Saint Louis", country="US", at=(38.64, -90.20))

    [row] = anonymous.get("/api/v1/places?q=saint").json()["results"]

    assert row["name"] == "Saint Louis"


def test_the_middle_of_a_city_is_better_than_that_of_its_venues(anonymous):
    make.venue(at=(51.60, -0.30))
    make.venue(at=(51.51, -0.13), location_precision=LocationPrecision.CITY)

    [row] = anonymous.get("/api/v1/places?q=london").json()["results"]

    assert (row["latitude"], row["longitude"]) == (51.51, -0.13)


def test_the_city_that_is_meant_comes_first(anonymous):
    for _ in range(3):
        make.venue(city="Londonderry", at=(54.99, -7.31))
    make.venue(city="London")

    assert names(anonymous.get("/api/v1/places?q=london")) == ["London", "Londonderry"]
    assert names(anonymous.get("/api/v1/places?q=lond")) == ["Londonderry", "London"]


# Staff -------------------------------------------------------------------------


def test_staff_see_where_they_work_and_as_what(api, buyer, django_assert_num_queries):
    own, _ = make.venue(name="Own Room"), make.venue(name="Other Room")
    buyer.is_staff = True
    buyer.save()
    buyer.memberships.create(venue=own, role=Role.DOOR)

    with django_assert_num_queries(1):
        answer = api.get("/api/v1/me/venues")

    assert answer.json()["results"] == [
        {
            "id": str(own.pk),
            "name": "Own Room",
            "city": "London",
            "time_zone": "Europe/London",
            "role": "door",
        }
    ]
    assert "public" not in answer.get("Cache-Control", "")


def test_a_former_member_of_staff_works_nowhere(api, buyer):
    buyer.memberships.create(venue=make.venue(), role=Role.DOOR)

    assert names(api.get("/api/v1/me/venues")) == []


def test_where_one_works_is_for_the_signed_in(anonymous):
    assert anonymous.get("/api/v1/me/venues").status_code == 401
