"""Cities to look around in, for people who do not share their position.

They are the cities of our own venues: a place without one would be an empty list.
"""

from collections import Counter
from dataclasses import dataclass
from math import cos, hypot, radians
from typing import Any

from django.contrib.gis.db.models import PointField
from django.contrib.postgres.search import TrigramSimilarity
from django.db.models import FloatField, Func, Q
from django.db.models.functions import Cast

from events.folding import fold, fold_name
from events.models import LocationPrecision, Venue

MOST_ROWS = 3_000
MOST_PLACES = 10
# Two venues of one city are nearer than this; two cities of one name are not.
SAME_CITY_KM = 60
KM_PER_DEGREE = 111.2
DECIMALS = 3


class X(Func):
    function = "ST_X"
    output_field = FloatField()


class Y(Func):
    function = "ST_Y"
    output_field = FloatField()


@dataclass
class Place:
    """A city: its most usual name, and a point in the middle of its venues."""

    name: str
    region: str
    country: str
    latitude: float
    longitude: float
    venues: int


def find_places(query: str) -> list[Place]:
    """Cities whose name begins with `query`, or nearly is it; the best first."""
    wanted = fold(query)
    named = Q(city_folded__startswith=wanted) | Q(city_folded__contains=f" {wanted}")
    if len(wanted) > 3:
        named |= Q(city_folded__trigram_similar=wanted)
    point = Cast("location", PointField())
    rows = (
        Venue.objects.filter(named, location__isnull=False)
        .annotate(
            longitude=X(point),
            latitude=Y(point),
            likeness=TrigramSimilarity("city_folded", wanted),
        )
        .values(
            "city",
            "city_folded",
            "region",
            "country",
            "longitude",
            "latitude",
            "location_precision",
            "likeness",
        )
        .order_by("country", "city_folded", "pk")[:MOST_ROWS]
    )
    found = [(_place_of(group), group) for group in _cities(list(rows))]
    found.sort(key=lambda pair: _rank(wanted, *pair))
    return [place for place, _ in found[:MOST_PLACES]]


def _cities(rows: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Rows of one name and country, near each other, are one city."""
    named: dict[tuple[str, str], list[list[dict[str, Any]]]] = {}
    for row in rows:
        cities = named.setdefault((fold_name(row["city"]), row["country"]), [])
        for city in cities:
            if _kilometres(city[0], row) < SAME_CITY_KM:
                city.append(row)
                break
        else:
            cities.append([row])
    return [city for cities in named.values() for city in cities]


def _kilometres(one: dict[str, Any], other: dict[str, Any]) -> float:
    """Near enough to tell two cities apart; not for showing."""
    east = (one["longitude"] - other["longitude"]) * cos(radians(one["latitude"]))
    return hypot(one["latitude"] - other["latitude"], east) * KM_PER_DEGREE


def _place_of(group: list[dict[str, Any]]) -> Place:
    """A city's middle, if a source gives it, is better than that of its venues."""
    middles = [r for r in group if r["location_precision"] == LocationPrecision.CITY]
    points = middles or group
    regions = Counter(row["region"] for row in group if row["region"])
    return Place(
        name=Counter(row["city"] for row in group).most_common(1)[0][0],
        region=regions.most_common(1)[0][0] if regions else "",
        country=group[0]["country"],
        latitude=round(sum(p["latitude"] for p in points) / len(points), DECIMALS),
        longitude=round(sum(p["longitude"] for p in points) / len(points), DECIMALS),
        venues=len(group),
    )


def _rank(wanted: str, place: Place, group: list[dict[str, Any]]) -> tuple[Any, ...]:
    name = group[0]["city_folded"]
    begins, has = name.startswith(wanted), f" {wanted}" in name
    return (
        name != wanted,
        not begins,
        not has,
        0 if begins or has else 1 - group[0]["likeness"],
        -place.venues,
        name,
        place.country,
        place.region,
    )
