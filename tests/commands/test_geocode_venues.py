"""Venues without a place of their own get one from the geocoder."""

import pytest
from django.core.management import CommandError, call_command

from events import services
from events.models import LocationPrecision, VenueSource
from tests import factories as make
from tests.factories import NOON
from tests.nominatim import CITY, VENUE, answer


def city_venue(**fields):
    return make.venue(
        name="Roundhouse",
        at=(51.5085, -0.1257),
        location_precision=LocationPrecision.CITY,
        **fields,
    )


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
