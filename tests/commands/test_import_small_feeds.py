"""The rules of import, on small files in the shapes of the real ones.

`tests/data/feeds/SOURCE.md` says where their rows are from. The whole files are read
by the tests beside this one, where they are at hand.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from events.models import Event, LocationPrecision, Performer, Venue, VenueSource
from tests import factories as make

pytestmark = pytest.mark.django_db

FEEDS = Path(__file__).parents[1] / "data" / "feeds"
TABLE, GEOJSON = FEEDS / "venues.csv", FEEDS / "venues.geojson"
DISCOVERY = sorted(FEEDS.glob("discovery_*.json"))


def run(command, *files, **options) -> int:
    """Run a command; the exit code it ends with."""
    try:
        call_command(command, *map(str, files), **options)
    except CommandError as error:
        return error.returncode
    return 0


def import_venues(*files) -> int:
    return run("import_venues", *files)


def import_events(*files) -> int:
    return run("import_events", *files, format="ticketmaster")


def everything():
    models = Venue, VenueSource, Event, Performer
    return [list(model.objects.order_by("pk").values()) for model in models]


def test_duplicates_are_one_by_name_and_place():
    import_venues(TABLE, GEOJSON)

    # 21 good rows and 6 good features; these five are two, three or more of them.
    assert Venue.objects.count() == 18
    for name in ["Madison Square Garden", "Camp Nou", "Stade Vélodrome"]:
        assert Venue.objects.get(name=name).sources.count() >= 2
    assert set(Venue.objects.filter(name="Academy").values_list("city", flat=True)) == {
        "Glasgow",
        "Leeds",
    }


def test_of_two_rows_the_exact_point_and_the_fuller_facts_are_kept():
    import_venues(TABLE, GEOJSON)

    garden = Venue.objects.get(name="Madison Square Garden")
    assert garden.location_precision == LocationPrecision.EXACT
    assert garden.location.coords == pytest.approx((-73.993468, 40.750518), abs=1e-5)
    assert garden.address == "4 Pennsylvania Plaza"
    assert garden.capacity == 19812


@pytest.mark.parametrize("file", [TABLE, GEOJSON])
def test_a_capacity_of_minus_999_is_unknown(file):
    import_venues(file)

    assert Venue.objects.get(name="Streets of St. Petersburg").capacity is None
    assert not Venue.objects.filter(capacity__lte=0).exists()


@pytest.mark.parametrize("file", [TABLE, GEOJSON])
def test_names_in_capitals_are_made_readable(file):
    import_venues(file)

    names = set(Venue.objects.values_list("name", flat=True))
    assert {"McKale Memorial Center", "MetLife Stadium"} <= names
    assert Venue.objects.get(name="MetLife Stadium").city == "East Rutherford"


def test_capitals_that_are_meant_stay():
    import_venues(TABLE)

    names = set(Venue.objects.values_list("name", flat=True))
    assert {"SO36", "Jones AT&T Stadium"} <= names


def test_letters_of_every_language_are_kept_and_broken_ones_mended(capsys):
    import_venues(TABLE)

    names = set(Venue.objects.values_list("name", flat=True))
    assert {"San Mamés", "Stade Vélodrome", "Maracanã"} <= names
    assert f"{TABLE}:13: note: name 'MaracanÃ£'" in capsys.readouterr().err


def test_a_venue_known_by_its_city_alone_is_never_so_many_metres_away(anonymous):
    import_venues(TABLE)
    starts_at = datetime.now(UTC) + timedelta(hours=2)
    for name in ["Berghain Kantine", "Madison Square Garden"]:
        make.event(
            venue=Venue.objects.get(name=name),
            name=name,
            starts_at=starts_at,
            sales_open_at=starts_at - timedelta(days=1),
            sales_close_at=starts_at,
            local_date=starts_at.date(),
        )

    cards = anonymous.get("/api/v1/events?lat=40.75&lon=-74").json()["results"]

    metres = {card["name"]: card["distance_m"] for card in cards}
    assert metres["Berghain Kantine"] is None
    assert metres["Madison Square Garden"] > 0


def test_bad_rows_are_told_with_file_line_and_reason_and_the_good_ones_kept(capsys):
    code = import_venues(TABLE)

    said = capsys.readouterr().err
    assert code == 1
    assert f"{TABLE}:11: the name is empty" in said
    assert f"{TABLE}:18: latitude 139.692 is impossible" in said
    assert f"{TABLE}:25: no country is called 'ZZ'" in said
    assert Venue.objects.count() == 18


def test_a_bad_feature_is_told_with_its_line(capsys):
    code = import_venues(GEOJSON)

    text = GEOJSON.read_text()
    line = text[: text.index("A FIELD WITHOUT A POINT")].count("\n") + 1
    assert code == 1
    assert f"{GEOJSON}:{line}: " in capsys.readouterr().err
    assert Venue.objects.count() == 4


def test_an_event_without_a_certain_local_time_is_never_tonight_at_midnight():
    import_events(*DISCOVERY)

    timeless = Event.objects.filter(starts_at=None)
    assert {(e.name, str(e.local_date)) for e in timeless} == {
        ("A Whole Day of Brass", "2036-06-01"),  # Its time is to be announced.
        ("Ships in Small Bottles", "2036-06-01"),  # Version 1 writes midnight.
    }
    before = datetime(2036, 6, 1, 0, tzinfo=UTC)
    assert set(
        Event.objects.starting_within(before, 48).values_list("name", flat=True)
    ) == {"The Quiet Hour", "Zoë und die Nachtigallen"}


def test_the_good_events_of_a_feed_are_kept_and_the_bad_one_told(capsys):
    code = import_events(*DISCOVERY)

    [v2] = [path for path in DISCOVERY if path.stem.endswith("v2")]
    assert code == 1
    assert f"{v2}:" in (said := capsys.readouterr().err)
    assert "Trying the Ticket Page: its source marks it as a test" in said
    assert Event.objects.count() == 4


def test_an_event_of_a_feed_is_at_the_venue_that_is_known_already():
    import_venues(TABLE, GEOJSON)

    import_events(*DISCOVERY)

    garden = Venue.objects.get(name="Madison Square Garden")
    assert garden.events.count() == 2


def test_importing_everything_twice_changes_nothing():
    import_venues(TABLE, GEOJSON)
    import_events(*DISCOVERY)
    before = everything()

    assert (import_venues(GEOJSON, TABLE), import_events(*DISCOVERY)) == (1, 1)

    assert everything() == before


def test_files_without_a_bad_row_end_with_0_and_none_that_is_readable_with_2(tmp_path):
    [good] = [path for path in DISCOVERY if path.stem.endswith("v1")]

    assert import_events(good) == 0
    assert import_events(tmp_path / "missing.json") == 2
