"""The time zone at a point, and which country a point is in, as zones tell it."""

from functools import lru_cache

from timezonefinder import TimezoneFinder

from events import countries

# About 30 km: a venue on a border, or a point a little out at sea.
NEARBY_DEGREES = 0.3


@lru_cache(maxsize=1)
def _finder() -> TimezoneFinder:
    return TimezoneFinder(in_memory=True)


@lru_cache(maxsize=4096)
def time_zone_at(latitude: float, longitude: float) -> str:
    """The IANA name of the zone at a point; at sea it is a nautical one."""
    name = _finder().timezone_at(lng=longitude, lat=latitude)
    if name is None:
        raise ValueError(f"No time zone covers {latitude}, {longitude}.")
    return name


def countries_at(latitude: float, longitude: float) -> frozenset[str]:
    """Countries whose zone covers the point; none at sea."""
    return countries.of_zone(time_zone_at(latitude, longitude))


def countries_around(latitude: float, longitude: float) -> frozenset[str]:
    """Countries of the point and of what is some 30 km from it."""
    steps = (-NEARBY_DEGREES, 0, NEARBY_DEGREES)
    found: frozenset[str] = frozenset()
    for north in steps:
        for east in steps:
            near = (
                max(-90.0, min(90.0, latitude + north)),
                (longitude + east + 180) % 360 - 180,
            )
            found |= countries_at(*near)
    return found
