"""The real geopy class against a stand-in on this machine, never the real service."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from events.geocoding import GeocodingUnavailable, NominatimGeocoder, Wanted
from tests.nominatim import VENUE, answer

ROUNDHOUSE = Wanted("Roundhouse", "Chalk Farm Road", "London", "GB")


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
