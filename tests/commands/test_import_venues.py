import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from events.models import Event, LocationPrecision, Venue, VenueSource
from events.services import save_venue
from tests import factories as make
from tests.factories import NOON

pytestmark = pytest.mark.django_db

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
needs_data = pytest.mark.skipif(
    not DATA.is_dir(), reason=f"the open data is not at {DATA}"
)
HEADER = "name,city,country,lat,lon,capacity,source\n"


def imported(*files, **options):
    """Run the command; the exit code it ends with."""
    try:
        call_command("import_venues", *map(str, files), **options)
    except CommandError as error:
        return error.returncode
    return 0


@pytest.fixture
def table(tmp_path):
    def write(*lines, name="venues.csv"):
        path = tmp_path / name
        path.write_text(HEADER + "\n".join(lines) + "\n")
        return path

    return write


def everything():
    fields = [f.attname for f in Venue._meta.concrete_fields]
    sources = VenueSource.objects.order_by("pk").values_list()
    return list(Venue.objects.order_by("pk").values_list(*fields)), list(sources)


def test_a_new_venue_gets_its_zone_and_money_from_its_place(table):
    imported(table("Blue Note,Tokyo,JP,35.6612,139.7160,300,test"))

    venue = Venue.objects.get()
    assert venue.location.coords == (139.716, 35.6612)
    assert venue.time_zone == "Asia/Tokyo"
    assert venue.currency == "JPY"
    assert venue.capacity == 300
    assert venue.match_key == "blue note|tokyo|jp"


def test_importing_twice_changes_nothing(table):
    path = table("A,London,GB,51.5,-0.1,,x", "A,London,GB,51.5,-0.1,90,y")
    imported(path)
    before = everything()

    assert imported(path) == 0

    assert everything() == before


def test_one_venue_in_two_sources_is_one_with_the_better_point_and_capacity(table):
    imported(
        table(
            "ROUNDHOUSE,LONDON,GB,51.5433,-0.1520,,loud",
            "The Roundhouse,London,GB,51.50853,-0.12574,3000,quiet CITY CENTROID",
        )
    )

    venue = Venue.objects.get()
    assert venue.name == "The Roundhouse"
    assert venue.location.coords == (-0.152, 51.5433)
    assert venue.location_precision == LocationPrecision.EXACT
    assert venue.capacity == 3000
    assert venue.sources.count() == 2


def test_the_order_of_files_does_not_matter(table):
    lines = [
        "Roundhouse,London,GB,51.5433,-0.1520,,one",
        "Röundhouse,London,GB,51.50853,-0.12574,3000,two CITY CENTROID",
        "Roundhouse,London,GB,51.5432,-0.1521,2900,three",
    ]

    def outcome(order):
        Venue.objects.all().delete()
        for number in order:
            imported(table(lines[number]))
        venue = Venue.objects.get()
        return venue.name, venue.location.coords, venue.capacity

    assert outcome([0, 1, 2]) == outcome([2, 1, 0]) == outcome([1, 2, 0])


@pytest.mark.parametrize(
    ("first", "second", "venues"),
    [
        # One name in one city: some way apart is one place, far apart is not.
        ("Hall,London,GB,51.50,-0.10,,a", "Hall,London,GB,51.55,-0.10,,b", 1),
        ("Hall,London,GB,51.50,-0.10,,a", "Hall,London,GB,51.65,-0.10,,b", 2),
        # Two Springfields.
        (
            "Hall,Springfield,US,39.80,-89.64,,a CITY CENTROID",
            "Hall,Springfield,US,42.10,-72.59,,b CITY CENTROID",
            2,
        ),
        # Next door under another city's name, and merely the same name.
        ("Hall,London,GB,51.50,-0.10,,a", "Hall,Camden,GB,51.501,-0.10,,b", 1),
        ("Hall,London,GB,51.50,-0.10,,a", "Hall,Camden,GB,51.53,-0.10,,b", 2),
        # Many venues share the middle of their city.
        (
            "Hall,London,GB,51.50,-0.10,,a CITY CENTROID",
            "Room,London,GB,51.50,-0.10,,b CITY CENTROID",
            2,
        ),
        (
            "St. Jo,St Louis,US,38.6,-90.2,,a",
            "Saint Jo,Saint Louis,US,38.6,-90.2,,b",
            1,
        ),
    ],
)
def test_two_rows_are_one_venue_when_name_and_place_agree(table, first, second, venues):
    imported(table(first, second))

    assert Venue.objects.count() == venues


def test_a_changed_row_updates_its_venue_and_moves_its_events(table):
    imported(table("Hall,London,GB,51.50,-0.10,100,a"))
    event = make.event(venue=Venue.objects.get())

    imported(table("Hall,London,GB,51.51,-0.11,200,a"))

    venue = Venue.objects.get()
    event.refresh_from_db()
    assert venue.capacity == 200
    assert event.location.coords == venue.location.coords == (-0.11, 51.51)


def test_an_import_leaves_alone_what_staff_keep(table):
    imported(table("Hall,London,GB,51.50,-0.10,100,a"))
    venue = Venue.objects.get()
    venue.name, venue.location = "The Great Hall", make.point(51.6, -0.2)
    save_venue(venue=venue, now=NOON)

    imported(table("Hall,London,GB,51.51,-0.11,200,a"))

    venue.refresh_from_db()
    assert venue.name == "The Great Hall"
    assert venue.location.coords == (-0.2, 51.6)


def test_what_a_venue_said_before_its_first_import_is_not_lost(table):
    make.venue(name="Hall", city="London", at=(51.5, -0.1), address="1 High Street")

    imported(table("HALL,London,GB,51.50,-0.10,100,a"))
    imported(table("HALL,London,GB,51.50,-0.10,120,a"))

    venue = Venue.objects.get()
    assert (venue.name, venue.address) == ("Hall", "1 High Street")
    assert venue.capacity == 120


def test_a_corrected_zone_keeps_the_hour_on_the_poster(table):
    imported(table("Hall,Chicago,US,41.88,-87.63,,a CITY CENTROID"))
    venue = Venue.objects.get()
    starts_at = datetime(2036, 6, 2, 1, tzinfo=UTC)  # 20:00 in Chicago.
    event = make.event(venue=venue, starts_at=starts_at, sales_close_at=starts_at)
    Venue.objects.filter(pk=venue.pk).update(location=make.point(40.7, -74.0))

    Venue.objects.filter(pk=venue.pk).update(time_zone="America/New_York")
    imported(table("Hall,Chicago,US,41.88,-87.63,50,a CITY CENTROID"))

    event.refresh_from_db()
    # 21:00 it said in New York's zone; 21:00 it says in Chicago's.
    assert event.starts_at == starts_at + timedelta(hours=1)


def test_bad_lines_are_told_with_file_and_line_and_the_good_ones_kept(table, capsys):
    path = table(
        "A,London,GB,51.5,-0.1,,", ",London,GB,51.5,-0.1,,", "B,London,GB,51.5,-0.1,,"
    )

    code = imported(path)

    assert code == 1
    assert f"{path}:3: the name is empty" in capsys.readouterr().err
    assert set(Venue.objects.values_list("name", flat=True)) == {"A", "B"}


def test_nothing_readable_is_its_own_exit_code(tmp_path, capsys):
    binary = tmp_path / "venues.csv"
    binary.write_bytes(b"\xff\xfe\x00")
    (tmp_path / "other.csv").write_text("a,b\n")

    assert imported(tmp_path / "missing.csv", binary, tmp_path / "other.csv") == 2

    said = capsys.readouterr().err
    assert "missing.csv: No such file or directory" in said
    assert "venues.csv: not UTF-8 at byte 0" in said
    assert "other.csv: no column name" in said


def test_one_unreadable_file_does_not_stop_the_others(table, tmp_path):
    assert imported(tmp_path / "missing.csv", table("A,London,GB,51.5,-0.1,,")) == 1

    assert Venue.objects.count() == 1


def test_a_venue_of_a_geojson_and_of_a_table_is_one(table, tmp_path):
    imported(table("ROUNDHOUSE,LONDON,GB,51.5433,-0.1520,,hifld"))
    geojson = tmp_path / "venues.geojson"
    properties = {
        "venue_id": 5, "name": "ROUNDHOUSE", "city": "LONDON", "country": "GBR",
        "address": "CHALK FARM ROAD", "population": 3000,
    }  # fmt: skip
    point = {"type": "Point", "coordinates": [-0.152, 51.5433]}
    one = {"type": "Feature", "properties": properties, "geometry": point}
    geojson.write_text(json.dumps({"features": [one, one]}))

    assert imported(geojson) == 0

    venue = Venue.objects.get()
    assert venue.name == "Roundhouse"
    assert venue.address == "Chalk Farm Road"
    assert venue.capacity == 3000


def test_a_whole_file_takes_few_questions(table, django_assert_max_num_queries):
    path = table(*(f"Room {n},London,GB,51.5,-0.1,,a" for n in range(400)))

    with django_assert_max_num_queries(25):
        imported(path)


@needs_data
def test_the_open_data_comes_in_whole(capsys):
    table, geojson = (
        DATA / "venues.csv",
        DATA / "venues/hifld_major_sport_venues.geojson",
    )

    assert imported(table, geojson) == 0

    said = capsys.readouterr()
    assert "2591 rows read" in said.out
    assert "895 rows read" in said.out
    city = Venue.objects.filter(location_precision=LocationPrecision.CITY)
    # 1,624 rows of the table are the middle of a city; 25 of them are a venue that
    # another row places exactly, or that the table has twice.
    assert city.count() == 1599
    assert Venue.objects.count() == 2566
    assert not Venue.objects.filter(capacity__lte=0).exists()
    assert not Venue.objects.filter(time_zone="").exists()
    assert Venue.objects.get(match_key__startswith="stade velodrome|").name == (
        "Stade Vélodrome"
    )
    garden = Venue.objects.get(match_key="madison square garden|new york|us")
    assert garden.name == "Madison Square Garden"
    assert garden.location_precision == LocationPrecision.EXACT
    assert garden.capacity
    assert garden.address
    assert "note: name 'MaracanÃ£'" in said.err


@needs_data
def test_importing_the_open_data_again_changes_nothing(capsys):
    files = DATA / "venues.csv", DATA / "venues/hifld_major_sport_venues.geojson"
    imported(*files)
    before = everything()

    imported(*reversed(files))

    assert everything() == before
    assert not Event.objects.exists()


def test_two_imports_at_once_take_turns_and_no_limit_of_time_ends_them(table):
    imported(table("A,London,GB,51.5,-0.1,,"))

    with connection.cursor() as cursor:
        cursor.execute("show lock_timeout")
        [limit] = cursor.fetchone()
        cursor.execute("select count(*) from pg_locks where locktype = 'advisory'")
        [held] = cursor.fetchone()
    # Of the import's transaction, which this test's encloses.
    assert limit == "0"
    assert held >= 1
