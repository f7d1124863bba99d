"""What the parsers make of rows and documents: no database is needed."""

import json
from datetime import UTC, date, datetime

import pytest

from events import countries
from events.feeds import located_json, ticketmaster, venues_csv, venues_geojson
from events.feeds.casing import readable
from events.feeds.rows import UnreadableDocument
from events.feeds.text import mended
from events.folding import fold_name
from events.matching import match_key

HEADER = "name,city,country,lat,lon,capacity,source\n"
ROUNDHOUSE = "Roundhouse,London,GB,51.5433,-0.1520,3000,test\n"


@pytest.mark.parametrize(
    ("shouted", "quiet"),
    [
        ("MADISON SQUARE GARDEN", "Madison Square Garden"),
        ("AT&T STADIUM", "AT&T Stadium"),
        ("JONES AT&T STADIUM", "Jones AT&T Stadium"),
        ("USTA BILLIE JEAN KING CENTER", "USTA Billie Jean King Center"),
        ("PNC PARK", "PNC Park"),
        ("LEVI'S STADIUM", "Levi's Stadium"),
        ("LEVI\u2019S STADIUM", "Levi\u2019s Stadium"),
        ("DUNKIN' DONUTS CENTER", "Dunkin' Donuts Center"),
        ("STEPHEN C. O'CONNELL CENTER", "Stephen C. O'Connell Center"),
        ("MCKALE MEMORIAL CENTER", "McKale Memorial Center"),
        ("DAVID S. MACK COMPLEX", "David S. Mack Complex"),
        ("U.S. BANK STADIUM", "U.S. Bank Stadium"),
        ('C.M. "TAD" SMITH COLISEUM', 'C.M. "Tad" Smith Coliseum'),
        ("HENRY VIII HALL", "Henry VIII Hall"),
        ("BANK OF AMERICA STADIUM", "Bank of America Stadium"),
        ("THE PAVILION AT OLE MISS", "The Pavilion at Ole Miss"),
        ("MOODY COLISEUM (SMU)", "Moody Coliseum (SMU)"),
        ("BRYANT-DENNY STADIUM", "Bryant-Denny Stadium"),
        ("CIUDAD DEL CARMEN", "Ciudad del Carmen"),
        ("LAS VEGAS", "Las Vegas"),
        ("LAKE LAS VEGAS", "Lake Las Vegas"),
        ("ROYAL MONTRÉAL GOLF CLUB", "Royal Montréal Golf Club"),
        ("EAST 161ST & RIVER AVENUE", "East 161st & River Avenue"),
        ("600 E STADIUM BLVD", "600 E Stadium Blvd"),
        ("SE UNIVERSITY AVENUE", "SE University Avenue"),
        ("13929 OH 118", "13929 OH 118"),
        ("FEDEX FIELD", "FedEx Field"),
        ("The O2", "The O2"),  # Not in capitals: left as it is.
        ("", ""),
    ],
)
def test_capitals_become_a_name_that_one_can_read(shouted, quiet):
    assert readable(shouted) == quiet


@pytest.mark.parametrize(
    ("broken", "right"),
    [
        ("MaracanÃ£", "Maracanã"),
        ("Estadi OlÃ\xadmpic LluÃ\xads Companys", "Estadi Olímpic Lluís Companys"),
        ("PoznaÅ„", "Poznań"),
        ("América\u2019s", "América\u2019s"),
        ("Ângela", "Ângela"),
        ("Señor Ãß", "Señor Ãß"),  # Not broken in every letter: not touched.
    ],
)
def test_misread_utf8_is_mended_only_when_all_of_it_can_be(broken, right):
    assert mended(broken) == right


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The Boot & Saddle", "Boot and Saddle"),
        ("Henry Fonda Theatre", "HENRY FONDA THEATER"),
        ("Saint Vitus", "St. Vitus"),
        ("Café Zoë", "CAFE ZOE"),
        ("Rhein-Neckar-Arena", "Rhein Neckar Arena"),
    ],
)
def test_two_spellings_fold_to_one_name(one, other):
    assert fold_name(one) == fold_name(other)


def test_the_same_name_in_two_cities_is_two_keys():
    assert match_key("Apollo", "Manchester", "GB") != match_key("Apollo", "Leeds", "GB")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("GB", "GB"), ("gb", "GB"), ("USA", "US"), ("United Kingdom", "GB"),
        ("United States Of America", "US"), ("Österreich", "AT"), ("PRI", "PR"),
        ("Norway", "NO"), ("XX", None), ("Narnia", None), ("", None),
    ],
)  # fmt: skip
def test_a_country_is_known_by_code_or_name(text, code):
    assert countries.code_of(text) == code


# The table ---------------------------------------------------------------------


def test_a_table_may_have_its_columns_in_any_order_and_a_mark_at_its_start():
    text = "lon,lat,name,country,city\n-0.1520,51.5433,Roundhouse,GB,London\n"

    [row] = venues_csv.parse(text).rows

    assert (row.facts.latitude, row.facts.longitude) == (51.5433, -0.152)
    assert row.facts.capacity is None
    assert row.facts.is_exact


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (",London,GB,51.5,-0.1,,", "the name is empty"),
        ("   ,London,GB,51.5,-0.1,,", "the name is empty"),
        ("---,London,GB,51.5,-0.1,,", "the name is empty"),
        ("X,,GB,51.5,-0.1,,", "the city is empty"),
        ("X,London,ZZ,51.5,-0.1,,", "no country is called 'ZZ'"),
        ("X,London,,51.5,-0.1,,", "no country is called ''"),
        ("X,London,GB,north,-0.1,,", "latitude 'north' is not a number"),
        ("X,London,GB,51.5,nan,,", "longitude 'nan' is not a number"),
        ("X,London,GB,51.5,,,", "longitude '' is not a number"),
        ("X,London,GB,0,0,,", "a point in the sea"),
        ("X,London,GB,200,-0.1,,", "latitude 200 is not between"),
        ("X,London,GB,51.5,-190,,", "longitude -190 is not between"),
        ("X,Tokyo,JP,139.69,35.69,,", "look swapped"),
        ("X,London,GB,-0.12,51.5,,", "look swapped"),
        ("X,Chicago,US,41.88,87.63,,", "is in CN, not in US"),
        ("X,London,GB,51.5", "fewer fields"),
        ("X,London,GB,51.5,-0.1,,src,more", "more fields"),
        (f"{'X' * 201},London,GB,51.5,-0.1,,", "longer than 200"),
    ],
)
def test_a_bad_line_is_left_out_with_its_number_and_reason(line, reason):
    parsed = venues_csv.parse(HEADER + ROUNDHOUSE + line + "\n" + ROUNDHOUSE)

    [error] = parsed.errors
    assert error.line == 3
    assert reason in error.text
    assert len(parsed.rows) == 2


def test_a_line_is_counted_in_the_file_also_behind_a_name_of_two_lines():
    text = HEADER + '"Two\nlines",London,GB,51.5,-0.1,,\n' + ",London,GB,51.5,-0.1,,\n"

    parsed = venues_csv.parse(text)

    assert [error.line for error in parsed.errors] == [4]
    assert parsed.rows[0].facts.name == "Two lines"


@pytest.mark.parametrize("text", ["", "\n\n", "a,b\n1,2\n", "name,city\nX,Y\n"])
def test_a_file_without_the_columns_is_not_a_table_of_venues(text):
    with pytest.raises(UnreadableDocument, match="no column"):
        venues_csv.parse(text)


@pytest.mark.parametrize(
    ("capacity", "known"),
    [("3000", 3000), ("3000.0", 3000), ("-999", None), ("0", None), ("", None),
     ("NOT AVAILABLE", None), ("many", None), ("1e99", None)],
)  # fmt: skip
def test_a_capacity_is_a_number_of_people_or_unknown(capacity, known):
    text = HEADER + f"X,London,GB,51.5,-0.1,{capacity},\n"

    [row] = venues_csv.parse(text).rows

    assert row.facts.capacity == known


def test_a_point_that_is_a_city_is_marked_as_one():
    text = HEADER + "X,London,GB,51.5,-0.1,,some + GeoNames CITY CENTROID (CC-BY)\n"

    [row] = venues_csv.parse(text).rows

    assert not row.facts.is_exact
    assert row.source == "some"
    assert row.credit == "some + GeoNames CITY CENTROID (CC-BY)"


def test_capitals_stay_where_a_source_means_them():
    quiet = "".join(f"Room {n},London,GB,51.5,-0.1,,a\n" for n in range(9))
    loud = "".join(f"ROOM {n},LONDON,GB,51.5,-0.1,,b\n" for n in range(9))
    rows = venues_csv.parse(
        HEADER + quiet + "SO36,Berlin,DE,52.5,13.4,,a\n" + loud
    ).rows

    assert rows[9].facts.name == "SO36"
    assert rows[10].facts.name == "Room 0"
    assert rows[10].facts.city == "London"


def test_a_border_is_not_held_against_a_venue():
    text = HEADER + "Stade Louis II,Monaco,FR,43.727606,7.415614,18500,\n"

    assert len(venues_csv.parse(text).rows) == 1


# GeoJSON -----------------------------------------------------------------------


def feature(**changes):
    properties = {
        "venue_id": 7, "name": "BLUE ROOM", "address": "1 MAIN STREET",
        "city": "BOSTON", "state": "MA", "zip": "02108", "country": "USA",
        "population": -999.0,
    }  # fmt: skip
    geometry = {"type": "Point", "coordinates": [-71.06, 42.36]}
    return {
        "type": "Feature",
        "properties": properties | changes.pop("properties", {}),
        "geometry": geometry,
    } | changes


def collection(*features):
    lines = ",\n".join(json.dumps(f) for f in features)
    return f'{{"type": "FeatureCollection",\n"features": [\n{lines}\n]}}'


def test_a_feature_is_a_venue_with_readable_names_and_unknown_capacity():
    [row] = venues_geojson.parse(collection(feature())).rows

    assert row.source_id == "7"
    assert row.facts.name == "Blue Room"
    assert row.facts.address == "1 Main Street"
    assert row.facts.country == "US"
    assert row.facts.capacity is None
    assert (row.facts.latitude, row.facts.longitude) == (42.36, -71.06)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (feature(properties={"name": "NOT AVAILABLE"}), "the name is empty"),
        (feature(geometry={"type": "Polygon", "coordinates": []}), "not a point"),
        (feature(geometry={"type": "Point", "coordinates": []}), "no coordinates"),
        (feature(properties={"country": "ATL"}), "no country"),
        (
            feature(geometry={"type": "Point", "coordinates": [42.36, -71.06]}),
            "look swapped",
        ),
        ({"type": "Feature", "properties": None}, "no properties"),
        ("nonsense", "no properties"),
    ],
)
def test_a_bad_feature_is_left_out_with_its_line_and_reason(bad, reason):
    parsed = venues_geojson.parse(collection(feature(), bad, feature()))

    [error] = parsed.errors
    assert reason in error.text
    assert error.line in (4, 1)  # A string has no line of its own.
    assert len(parsed.rows) == 2


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"type": "Topology"}', "[" * 5000])
def test_what_is_no_collection_is_said_to_be_none(text):
    with pytest.raises(UnreadableDocument):
        venues_geojson.parse(text)


def test_a_json_object_knows_its_line():
    document = located_json.load('{"a": [\n{},\n\n{"b": {}}]}')

    assert document.line == 1
    assert [item.line for item in document["a"]] == [2, 4]
    assert document["a"][1]["b"].line == 4


# Ticketmaster ------------------------------------------------------------------

VENUE = {
    "id": "V1",
    "name": "Roundhouse",
    "city": {"name": "London"},
    "country": {"countryCode": "GB"},
    "location": {"latitude": "51.5433", "longitude": "-0.1520"},
    "timezone": "Europe/London",
}


def discovery(**changes):
    start = {"localDate": "2026-06-01", "localTime": "20:00:00"}
    event = {
        "type": "event",
        "id": "E1",
        "name": "Late Show",
        "dates": {
            "start": start | changes.pop("start", {}),
            "timezone": changes.pop("timezone", "Europe/London"),
            "status": {"code": changes.pop("code", "onsale")},
        },
        "_embedded": {"venues": [VENUE | changes.pop("venue", {})]},
    }
    return event | changes


def read(*events):
    return ticketmaster.parse(json.dumps({"_embedded": {"events": list(events)}}))


def test_a_local_time_is_read_in_the_zone_of_the_venue():
    [row] = read(discovery(start={"dateTime": "2026-06-01T19:00:00Z"})).rows

    assert row.starts_at == datetime(2026, 6, 1, 19, tzinfo=UTC)
    assert row.local_date == date(2026, 6, 1)


@pytest.mark.parametrize(
    "start",
    [
        {"localTime": None},
        {"localTime": None, "dateTime": "2026-06-01T19:00:00Z"},
        {"timeTBA": True},
        {"noSpecificTime": True},
        {"dateTBD": True},
        {"dateTBA": True, "localTime": "00:00:00"},
    ],
)
def test_an_event_without_a_certain_time_has_a_date_and_no_start(start):
    [row] = read(discovery(start=start)).rows

    assert row.starts_at is None
    assert row.local_date == date(2026, 6, 1)


def test_midnight_in_version_1_means_that_nobody_knows():
    event = discovery(start={"localTime": "00:00:00"})
    event["_embedded"] = {"venue": [VENUE]}

    [row] = read(event).rows

    assert row.starts_at is None
    assert row.source == "ticketmaster-v1"


def test_midnight_said_to_be_certain_is_midnight():
    certain = {"timeTBA": False, "noSpecificTime": False, "localTime": "00:00:00"}

    [row] = read(discovery(start=certain)).rows

    assert row.starts_at == datetime(2026, 5, 31, 23, tzinfo=UTC)


def test_the_poster_wins_over_an_instant_that_contradicts_it():
    parsed = read(discovery(start={"dateTime": "2026-06-01T20:00:00Z"}))

    [row], [note] = parsed.rows, parsed.notes
    assert row.starts_at == datetime(2026, 6, 1, 19, tzinfo=UTC)
    assert "kept the local time" in note.text


def test_the_point_of_the_venue_wins_over_the_zone_the_feed_names():
    parsed = read(discovery(timezone="America/New_York"))

    assert parsed.rows[0].starts_at == datetime(2026, 6, 1, 19, tzinfo=UTC)
    assert "the venue is in Europe/London" in parsed.notes[0].text


def test_an_unknown_zone_is_reported_and_the_venues_used():
    parsed = read(discovery(timezone="Mars/Olympus"))

    assert parsed.rows[0].starts_at == datetime(2026, 6, 1, 19, tzinfo=UTC)
    assert "Mars/Olympus" in parsed.notes[0].text


def test_the_zone_of_the_feed_is_used_where_the_venue_has_no_point():
    parsed = read(discovery(venue={"location": None, "timezone": "Asia/Tokyo"}))

    assert parsed.rows[0].starts_at == datetime(2026, 6, 1, 11, tzinfo=UTC)


def test_a_repeated_hour_is_the_one_the_instant_names():
    second = {
        "localDate": "2026-10-25",
        "localTime": "01:30:00",
        "dateTime": "2026-10-25T01:30:00Z",
    }
    parsed = read(
        discovery(start=second), discovery(id="E2", start=second | {"dateTime": None})
    )

    assert parsed.rows[0].starts_at == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert parsed.rows[1].starts_at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert all("comes twice" in note.text for note in parsed.notes)


def test_a_skipped_hour_is_moved_on_and_reported():
    skipped = {"localDate": "2026-03-29", "localTime": "01:30:00"}
    parsed = read(discovery(start=skipped))

    assert parsed.rows[0].starts_at == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert "01:30 is skipped that night: took 02:30" in parsed.notes[0].text


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("onsale", "published"),
        ("offsale", "published"),
        ("rescheduled", "published"),
        ("postponed", "postponed"),
        ("cancelled", "cancelled"),
        ("canceled", "cancelled"),
        ("", "published"),
        ("sideways", "published"),
    ],
)
def test_status_codes_become_our_states(code, status):
    assert read(discovery(code=code)).rows[0].status == status


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"name": ""}, "it has no name"),
        ({"name": "X" * 201}, "longer than 200"),
        ({"id": None}, "it has no id"),
        ({"test": True}, "marks it as a test"),
        ({"start": {"localDate": None}}, "its date is not known"),
        ({"start": {"localDate": "tomorrow"}}, "'tomorrow' is not a date"),
        ({"start": {"localTime": "late"}}, "'late' is not a time of day"),
        ({"_embedded": {}}, "it names no venue"),
        ({"_embedded": None}, "it names no venue"),
        ({"venue": {"name": ""}}, "its venue: the name is empty"),
        ({"venue": {"country": {"countryCode": "ZZ"}}}, "its venue: no country"),
        (
            {"venue": {"location": {"latitude": "-0.15", "longitude": "51.54"}}},
            "its venue: -0.15, 51.54 is not in GB",
        ),
    ],
)
def test_an_event_that_cannot_be_listed_is_left_out_with_the_reason(changes, reason):
    parsed = read(discovery(), discovery(**changes))

    [error] = parsed.errors
    assert reason in error.text
    assert len(parsed.rows) == 1


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "//evil.example", "ftp://a.example", "http://[", "x"]
)
def test_only_a_web_address_is_taken_as_a_link(url):
    parsed = read(discovery(url=url, images=[{"url": url, "width": 900}]))

    assert parsed.rows[0].listing_url == ""
    assert parsed.rows[0].image_url == ""
    assert len(parsed.notes) == 2


def test_the_picture_is_wide_enough_for_a_phone_and_loaded_over_https():
    pictures = [
        {"url": "http://a.example/small.jpg", "ratio": "16_9", "width": 205},
        {"url": "http://a.example/tall.jpg", "ratio": "3_2", "width": 1024},
        {"url": "http://a.example/right.jpg", "ratio": "16_9", "width": 1136},
        {"url": "http://a.example/huge.jpg", "ratio": "16_9", "width": 2048},
        {
            "url": "http://a.example/any.jpg",
            "ratio": "16_9",
            "width": 1024,
            "fallback": True,
        },
    ]

    [row] = read(discovery(images=pictures)).rows

    assert row.image_url == "https://a.example/right.jpg"


def test_times_that_cannot_be_true_together_are_left_out():
    sales = {
        "public": {
            "startDateTime": "2026-06-02T09:00:00Z",
            "endDateTime": "2026-05-02T09:00:00Z",
        }
    }
    event = discovery(sales=sales)
    event["dates"]["end"] = {"dateTime": "2026-06-01T18:00:00Z"}
    parsed = read(event)

    [row] = parsed.rows
    assert (row.ends_at, row.sales_open_at, row.sales_close_at) == (None, None, None)
    assert len(parsed.notes) == 2


@pytest.mark.parametrize(
    "document",
    ["{}", "[]", "3", '{"venues": []}', '{"cart": {"type": "carts"}}',
     '{"_embedded": {"events": {"data": []}}}', '{"type": "event", "images": []}'],
)  # fmt: skip
def test_a_document_about_something_else_has_no_events(document):
    parsed = ticketmaster.parse(document)

    assert (parsed.rows, parsed.errors) == ([], [])


def test_nonsense_in_a_list_of_events_is_reported_and_not_a_crash():
    parsed = ticketmaster.parse('{"events": [1, null, "x", {}, []]}')

    assert len(parsed.errors) == 5
