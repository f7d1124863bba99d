"""What the parsers make of tables and maps of venues: no database is needed."""

import json

import pytest

from events.feeds import located_json, venues_csv, venues_geojson
from events.feeds.rows import UnreadableDocument
from tests.feeds import feature

HEADER = "name,city,country,lat,lon,capacity,source\n"
ROUNDHOUSE = "Roundhouse,London,GB,51.5433,-0.1520,3000,test\n"


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
