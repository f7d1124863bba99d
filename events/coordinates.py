"""Where a place is, as two numbers."""

from struct import unpack
from typing import cast

from django.contrib.gis.geos import GEOSGeometry, Point

Coordinates = tuple[float, float] | tuple[None, None]

# How PostGIS writes a point on the globe: little-endian, with its reference system.
POINT = "0101000020E6100000"


def coordinates_of(place: Point | str | None) -> Coordinates:
    """Latitude and longitude of a place, also as the text that the database gave.

    To make a point of that text takes as long as to make all the rest of a venue.
    """
    if place is None:
        return None, None
    if isinstance(place, str):
        if place.startswith(POINT):
            longitude, latitude = unpack("<dd", bytes.fromhex(place[len(POINT) :]))
            return latitude, longitude
        place = cast(Point, GEOSGeometry(place))
    return place.y, place.x
