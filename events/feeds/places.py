"""Points from files: a number, on Earth, and in the country of its row."""

import math

from events import zones
from events.feeds.rows import BadRow


def coordinate(text: object, name: str) -> float:
    try:
        value = float(str(text).strip())
    except ValueError:
        raise BadRow(f"{name} {text!r} is not a number") from None
    if not math.isfinite(value):
        raise BadRow(f"{name} {text!r} is not a number")
    return value


def checked_point(
    latitude: object, longitude: object, country: str
) -> tuple[float, float]:
    """The point as two floats, or BadRow with what is impossible about it."""
    north, east = coordinate(latitude, "latitude"), coordinate(longitude, "longitude")
    if (north, east) == (0, 0):
        raise BadRow("latitude and longitude are both 0, a point in the sea")
    if abs(north) > 90 and abs(east) <= 90 and abs(north) <= 180:
        raise BadRow(
            f"latitude {north:g} is impossible: latitude and longitude look swapped"
        )
    if abs(north) > 90:
        raise BadRow(f"latitude {north:g} is not between -90 and 90")
    if abs(east) > 180:
        raise BadRow(f"longitude {east:g} is not between -180 and 180")
    _check_country(north, east, country)
    return north, east


def _check_country(north: float, east: float, country: str) -> None:
    if country in zones.countries_at(north, east):
        return
    around = zones.countries_around(north, east)
    if country in around:  # At a border, or a little out at sea.
        return
    if abs(east) <= 90 and country in zones.countries_around(east, north):
        raise BadRow(
            f"{north:g}, {east:g} is not in {country}, but {east:g}, {north:g} is: "
            "latitude and longitude look swapped"
        )
    where = f"in {'/'.join(sorted(around))}" if around else "out at sea"
    raise BadRow(f"{north:g}, {east:g} is {where}, not in {country}")
