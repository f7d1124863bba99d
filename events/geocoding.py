"""Where an address is, asked of a geocoder: the only module that knows geopy.

`settings.GEOCODER` names the class. OpenStreetMap's Nominatim lets everybody ask
within its usage policy: one request a second and no more, a User-Agent that
names who asks, answers kept and not asked again, and its data credited.
"""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from hashlib import blake2b
from typing import Any, Protocol
from urllib.parse import urlsplit

import orjson
from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.utils.module_loading import import_string
from geopy.adapters import URLLibAdapter
from geopy.exc import (
    GeocoderInsufficientPrivileges,
    GeocoderParseError,
    GeocoderQueryError,
    GeocoderRateLimited,
    GeocoderServiceError,
)
from geopy.geocoders import Nominatim
from geopy.location import Location

CREDIT = "© OpenStreetMap contributors (ODbL)"
SECONDS_BETWEEN = 1.0
TIMEOUT_SECONDS = 10
ATTEMPTS = 4
FIRST_WAIT_SECONDS = 5.0
LONGEST_WAIT_SECONDS = 300.0
KEPT_SECONDS = 30 * 24 * 3600
# Of a city's middle, this many degrees around are asked for.
AROUND_DEGREES = 0.6
# What a venue can be on the map. A street or a city is no venue.
VENUE_CLASSES = frozenset(
    {"amenity", "building", "club", "craft", "historic", "leisure"}
    | {"man_made", "office", "shop", "tourism"}
)


class GeocodingUnavailable(Exception):
    """The geocoder does not answer, or not any more: try again another day."""


@dataclass(frozen=True)
class Wanted:
    """What is known of a venue; the point is its city's middle, if that is known."""

    name: str
    address: str
    city: str
    country: str
    near: tuple[float, float] | None = None


@dataclass(frozen=True)
class Found:
    """A point, and whether it is the venue itself or only its city."""

    latitude: float
    longitude: float
    is_exact: bool
    called: str


class Geocoder(Protocol):
    name: str
    credit: str

    def locate(self, wanted: Wanted) -> Found | None:
        """The best answer, or None; raises GeocodingUnavailable."""


def get_geocoder() -> Geocoder:
    return import_string(settings.GEOCODER)()


def refuse_inside_transaction() -> None:
    """Raise if a transaction is open: nobody's lock waits for the network."""
    with transaction.atomic(durable=True):
        pass


class NominatimGeocoder:
    """geopy's Nominatim at `settings.GEOCODER_URL`, within the usage policy."""

    name = "nominatim"
    credit = CREDIT

    def __init__(
        self,
        *,
        pause: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not settings.GEOCODER_USER_AGENT.strip():
            raise ImproperlyConfigured(
                "GEOCODER_USER_AGENT is not set. Nominatim's usage policy wants to "
                "know who asks: set it to the name of this installation and an "
                'address that answers, such as "ticketapp (tickets@example.org)".'
            )
        address = urlsplit(settings.GEOCODER_URL)
        self._nominatim = Nominatim(
            user_agent=settings.GEOCODER_USER_AGENT,
            domain=address.netloc,
            scheme=address.scheme,
            timeout=TIMEOUT_SECONDS,
            # The other adapter repeats requests by itself, faster than allowed.
            adapter_factory=URLLibAdapter,
        )
        self._pause, self._clock = pause, clock
        self._asked_at: float | None = None

    def locate(self, wanted: Wanted) -> Found | None:
        """The venue by its name, else its address, else (without a point) its city."""
        refuse_inside_transaction()
        place = f"{wanted.city}, {wanted.country}"
        found = self._ask(f"{wanted.name}, {place}", wanted)
        if (found is None or not found.is_exact) and wanted.address:
            found = self._ask(f"{wanted.address}, {place}", wanted) or found
        if found is None and wanted.near is None:
            found = self._ask(place, wanted)
        return found

    def _ask(self, query: str, wanted: Wanted) -> Found | None:
        """One question, from the cache if it was asked before."""
        key = cache_key(query, wanted.near)
        kept = cache.get(key)
        if kept is None:
            location = self._patiently(partial(self._geocode, query, wanted))
            kept = asdict(found_in(location)) if location else {}
            cache.set(key, kept, KEPT_SECONDS)
        return Found(**kept) if kept else None

    def _geocode(self, query: str, wanted: Wanted) -> Location | None:
        options: dict[str, Any] = {"country_codes": wanted.country.casefold()}
        if wanted.near is not None:
            north, east = wanted.near
            options["viewbox"] = [
                (max(-90, north - AROUND_DEGREES), max(-180, east - AROUND_DEGREES)),
                (min(90, north + AROUND_DEGREES), min(180, east + AROUND_DEGREES)),
            ]
            options["bounded"] = True
        return self._nominatim.geocode(query, **options)

    def _patiently(self, ask: Callable[[], Location | None]) -> Location | None:
        """Ask at the allowed pace; back off, longer each time, while refused."""
        wait = FIRST_WAIT_SECONDS
        for attempt in range(1, ATTEMPTS + 1):
            self._keep_pace()
            try:
                return ask()
            except (GeocoderQueryError, GeocoderParseError):
                return None  # It does not understand this question: none of the others.
            except GeocoderInsufficientPrivileges as error:
                raise GeocodingUnavailable(
                    "The geocoder refuses us (403). Look at GEOCODER_USER_AGENT and "
                    "at its usage policy before asking again."
                ) from error
            except GeocoderServiceError as error:
                if attempt == ATTEMPTS:
                    raise GeocodingUnavailable(
                        f"The geocoder did not answer {ATTEMPTS} times: {error}"
                    ) from error
                self._pause(min(max(wait, asked_wait(error)), LONGEST_WAIT_SECONDS))
                wait *= 4
        return None

    def _keep_pace(self) -> None:
        if self._asked_at is not None:
            passed = self._clock() - self._asked_at
            if passed < SECONDS_BETWEEN:
                self._pause(SECONDS_BETWEEN - passed)
        self._asked_at = self._clock()


def asked_wait(error: GeocoderServiceError) -> float:
    """Seconds that a 429 asks us to wait, if it says so."""
    return (error.retry_after or 0) if isinstance(error, GeocoderRateLimited) else 0


def cache_key(query: str, near: tuple[float, float] | None) -> str:
    asked = orjson.dumps([settings.GEOCODER_URL, query, near])
    return f"geocoded:{blake2b(asked, digest_size=16).hexdigest()}"


def found_in(location: Location) -> Found:
    """Our words for an answer: a building or an amenity is the venue itself."""
    kind = location.raw.get("class") or location.raw.get("category")
    is_house = (kind, location.raw.get("type")) == ("place", "house")
    return Found(
        latitude=location.latitude,
        longitude=location.longitude,
        is_exact=kind in VENUE_CLASSES or is_house,
        called=str(location.raw.get("display_name", ""))[:300],
    )
