"""The real geopy class against a stand-in on this machine, never the real service."""

import json
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import transaction

from events import geocoding, services
from events.geocoding import GeocodingUnavailable, NominatimGeocoder, Wanted
from events.models import LocationPrecision, VenueSource
from tests import factories as make
from tests.factories import NOON

ROUNDHOUSE = Wanted("Roundhouse", "Chalk Farm Road", "London", "GB")


def answer(kind, kind_type, lat=51.5433, lon=-0.152, name="Roundhouse, London"):
    """One place, in the shape that Nominatim's `format=json` has."""
    return [
        {
            "place_id": 258891571,
            "licence": "Data © OpenStreetMap contributors, ODbL 1.0.",
            "osm_type": "way",
            "osm_id": 4959629,
            "lat": str(lat),
            "lon": str(lon),
            "class": kind,
            "type": kind_type,
            "place_rank": 30,
            "importance": 0.41,
            "addresstype": kind,
            "name": name.split(",")[0],
            "display_name": name,
            "boundingbox": ["51.5428", "51.5437", "-0.1526", "-0.1514"],
        }
    ]


VENUE = answer("amenity", "arts_centre")
CITY = answer("boundary", "administrative", 51.5074, -0.1278, "London, England")


class StandIn:
    """Answers in turn; the last answer is given for ever. A number is a status."""

    def __init__(self):
        self.answers, self.asked, self.agents, self.headers = [[]], [], [], {}

    def next_answer(self):
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    @property
    def queries(self):
        return [question["q"][0] for question in self.asked]


@contextmanager
def serving(stand_in):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            stand_in.asked.append(parse_qs(urlsplit(self.path).query))
            stand_in.agents.append(self.headers["User-Agent"])
            said = stand_in.next_answer()
            status = said if isinstance(said, int) else 200
            self.send_response(status)
            for name, value in stand_in.headers.items():
                self.send_header(name, value)
            self.end_headers()
            body = said if isinstance(said, str) else json.dumps(said)
            self.wfile.write(body.encode() if status == 200 else b"no")

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def nominatim(settings):
    stand_in = StandIn()
    with serving(stand_in) as address:
        settings.GEOCODER_URL = address
        settings.GEOCODER_USER_AGENT = "ticketapp-tests (tests@example.org)"
        yield stand_in


class Clock:
    """A clock that moves only when somebody waits."""

    def __init__(self):
        self.now, self.waits = 1000.0, []

    def pause(self, seconds):
        self.waits.append(seconds)
        self.now += seconds

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def geocoder(nominatim, clock):
    return NominatimGeocoder(pause=clock.pause, clock=clock)


@pytest.fixture
def unhurried(monkeypatch, clock):
    """The command's own geocoder, with a clock that nobody waits for."""
    monkeypatch.setattr(geocoding.time, "sleep", clock.pause)
    init = NominatimGeocoder.__init__
    monkeypatch.setattr(
        NominatimGeocoder,
        "__init__",
        lambda self: init(self, pause=clock.pause, clock=clock),
    )
    return clock


def city_venue(**fields):
    return make.venue(
        name="Roundhouse",
        at=(51.5085, -0.1257),
        location_precision=LocationPrecision.CITY,
        **fields,
    )


@pytest.mark.django_db
def test_a_question_names_us_the_country_and_the_surroundings(geocoder, nominatim):
    nominatim.answers = [VENUE]
    wanted = Wanted("Roundhouse", "", "London", "GB", near=(51.5, -0.1))

    found = geocoder.locate(wanted)

    assert (found.latitude, found.longitude, found.is_exact) == (51.5433, -0.152, True)
    [question] = nominatim.asked
    assert question["q"] == ["Roundhouse, London, GB"]
    assert question["countrycodes"] == ["gb"]
    assert question["bounded"] == ["1"]
    assert nominatim.agents == ["ticketapp-tests (tests@example.org)"]


@pytest.mark.django_db
def test_questions_are_a_second_apart(geocoder, nominatim, clock):
    nominatim.answers = [[]]

    geocoder.locate(ROUNDHOUSE)

    assert nominatim.queries == [
        "Roundhouse, London, GB",
        "Chalk Farm Road, London, GB",
        "London, GB",
    ]
    assert clock.waits == [1.0, 1.0]


@pytest.mark.django_db
def test_an_answer_is_kept_also_when_it_is_that_there_is_none(geocoder, nominatim):
    nominatim.answers = [[], VENUE]
    geocoder.locate(ROUNDHOUSE)

    geocoder.locate(ROUNDHOUSE)

    assert len(nominatim.asked) == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "kind_type", "is_exact"),
    [
        ("amenity", "theatre", True),
        ("building", "yes", True),
        ("leisure", "stadium", True),
        ("tourism", "museum", True),
        ("place", "house", True),
        ("place", "suburb", False),
        ("highway", "residential", False),
        ("boundary", "administrative", False),
        ("natural", "water", False),
    ],
)
def test_only_a_building_or_the_like_is_exact(
    geocoder, nominatim, kind, kind_type, is_exact
):
    nominatim.answers = [answer(kind, kind_type)]

    found = geocoder.locate(Wanted("Roundhouse", "", "London", "GB"))

    assert found.is_exact is is_exact


@pytest.mark.django_db
def test_too_many_questions_are_answered_by_waiting_longer_each_time(
    geocoder, nominatim, clock
):
    nominatim.answers = [429, 503, VENUE]

    assert geocoder.locate(ROUNDHOUSE).is_exact

    assert clock.waits == [5.0, 20.0]


@pytest.mark.django_db
def test_the_wait_that_a_429_asks_for_is_kept(geocoder, nominatim, clock):
    nominatim.headers = {"Retry-After": "60"}
    nominatim.answers = [429, VENUE]

    geocoder.locate(ROUNDHOUSE)

    assert clock.waits == [60.0]


@pytest.mark.django_db
def test_a_geocoder_that_stays_away_is_given_up(geocoder, nominatim, clock):
    nominatim.answers = [500]

    with pytest.raises(GeocodingUnavailable, match="did not answer 4 times"):
        geocoder.locate(ROUNDHOUSE)

    assert len(nominatim.asked) == 4
    assert clock.waits == [5.0, 20.0, 80.0]


@pytest.mark.django_db
def test_being_blocked_ends_it_at_once(geocoder, nominatim):
    nominatim.answers = [403]

    with pytest.raises(GeocodingUnavailable, match="refuses us"):
        geocoder.locate(ROUNDHOUSE)

    assert len(nominatim.asked) == 1


@pytest.mark.django_db
@pytest.mark.parametrize("nonsense", ["<html>", 400])
def test_nonsense_is_no_answer(geocoder, nominatim, nonsense):
    nominatim.answers = [nonsense]

    assert geocoder.locate(ROUNDHOUSE) is None


@pytest.mark.parametrize("agent", ["", "   "])
def test_without_a_name_of_ours_nobody_is_asked(settings, agent):
    settings.GEOCODER_USER_AGENT = agent

    with pytest.raises(ImproperlyConfigured, match="GEOCODER_USER_AGENT is not set"):
        NominatimGeocoder()


@pytest.mark.django_db(transaction=True)
def test_nobody_is_asked_inside_a_transaction(geocoder, nominatim):
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        geocoder.locate(ROUNDHOUSE)

    assert not nominatim.asked


# What becomes of an answer ------------------------------------------------------


@pytest.mark.django_db
def test_a_venue_known_by_its_city_is_placed_and_its_events_with_it(
    geocoder, nominatim
):
    nominatim.answers = [VENUE]
    venue = city_venue()
    event = make.event(venue=venue)

    placed = services.locate_venue(venue=venue, geocoder=geocoder, now=NOON)

    venue.refresh_from_db()
    event.refresh_from_db()
    assert placed == services.Placed.EXACTLY
    assert venue.location_precision == LocationPrecision.EXACT
    assert event.location.coords == venue.location.coords == (-0.152, 51.5433)
    assert VenueSource.objects.get(source="nominatim").credit.startswith("©")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("said", "placed"),
    [
        ([], services.Placed.NOWHERE),
        (CITY, services.Placed.NO_BETTER),
        (answer("amenity", "pub", 53.8, -1.55), services.Placed.TOO_FAR),
    ],
)
def test_an_answer_that_is_no_better_changes_nothing(geocoder, nominatim, said, placed):
    nominatim.answers = [said]
    venue = city_venue()

    assert services.locate_venue(venue=venue, geocoder=geocoder, now=NOON) == placed

    venue.refresh_from_db()
    assert venue.location.coords == (-0.1257, 51.5085)
    assert venue.location_precision == LocationPrecision.CITY
    assert not VenueSource.objects.exists()


@pytest.mark.django_db
def test_a_venue_without_a_point_gets_at_least_its_city(geocoder, nominatim):
    nominatim.answers = [[], CITY]
    venue = make.venue(location=None, time_zone="")

    placed = services.locate_venue(venue=venue, geocoder=geocoder, now=NOON)

    venue.refresh_from_db()
    assert placed == services.Placed.BY_CITY
    assert venue.location_precision == LocationPrecision.CITY
    assert venue.time_zone == "Europe/London"


@pytest.mark.django_db
def test_an_import_does_not_undo_what_was_found(geocoder, nominatim, tmp_path):
    table = tmp_path / "venues.csv"

    def imported(capacity):
        table.write_text(
            "name,city,country,lat,lon,capacity,source\n"
            f"Roundhouse,London,GB,51.5085,-0.1257,{capacity},x CITY CENTROID\n"
        )
        call_command("import_venues", str(table))
        return VenueSource.objects.get(source="x").venue

    nominatim.answers = [VENUE]
    services.locate_venue(venue=imported(100), geocoder=geocoder, now=NOON)

    venue = imported(200)

    assert venue.name == "Roundhouse"
    assert venue.capacity == 200
    assert venue.location.coords == (-0.152, 51.5433)
    assert venue.location_precision == LocationPrecision.EXACT


# The command --------------------------------------------------------------------


@pytest.mark.django_db
def test_the_command_asks_for_venues_without_a_place_of_their_own(
    nominatim, unhurried, capsys
):
    nominatim.answers = [VENUE]
    wanted = city_venue()
    make.venue(name="Placed already")
    city_venue(kept_by_staff=True)

    call_command("geocode_venues")

    wanted.refresh_from_db()
    said = capsys.readouterr().out
    assert wanted.location_precision == LocationPrecision.EXACT
    assert "Roundhouse, London: placed exactly." in said
    assert "1 placed exactly" in said
    assert len(nominatim.asked) == 1


@pytest.mark.django_db
def test_the_command_stops_at_its_limit(nominatim, unhurried):
    nominatim.answers = [VENUE]
    for _ in range(3):
        city_venue()

    call_command("geocode_venues", limit=2)

    assert VenueSource.objects.filter(source="nominatim").count() == 2


@pytest.mark.django_db
def test_the_command_keeps_what_it_found_before_the_geocoder_went_away(
    nominatim, unhurried, capsys
):
    for city in ("London", "Richmond"):
        city_venue(city=city)
    nominatim.answers = [VENUE, 403]

    with pytest.raises(CommandError, match="Run it again later") as stopped:
        call_command("geocode_venues")

    assert stopped.value.returncode == 1
    assert VenueSource.objects.filter(source="nominatim").count() == 1


@pytest.mark.django_db
def test_the_command_says_how_to_name_oneself(settings):
    settings.GEOCODER_USER_AGENT = ""

    with pytest.raises(CommandError, match="GEOCODER_USER_AGENT is not set"):
        call_command("geocode_venues")


@pytest.mark.django_db
def test_the_command_has_nothing_to_do_when_all_is_known(nominatim, capsys):
    make.venue()

    call_command("geocode_venues")

    assert "No venue to ask for." in capsys.readouterr().out
