"""Whatever a file holds, a parser gives rows and remarks, or says it cannot."""

import copy
import json
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from events.feeds import ticketmaster, venues_csv, venues_geojson
from events.feeds.rows import UnreadableDocument
from tests.feeds import VENUE, discovery, feature

ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["2026-13-45", "9999-12-31", "0001-01-01T00:00:00Z", "\ud800"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)
ABROAD = {
    "id": "1",
    "domain_id": "norway",
    "name": "Show",
    "eventdate": {"format": "datetime", "value": "2026-07-15T17:00:00Z"},
    "timezone": "Europe/Berlin",
    "localeventdate": "2026-07-15T19:00:00",
    "images": [{"url": "http://a.example/b.jpg", "width": 205}],
    "onsale": {"format": "datetime", "value": "2026-06-29T13:05:00Z"},
    "properties": {"canceled": False},
    "venue": {
        "id": "8653",
        "name": "Apotekergaarden",
        "location": {
            "address": {"city": "Grimstad", "country": "Norway", "long": 8.6, "lat": 58}
        },
    },
    "categories": [{"name": "Teater", "id": 10002}],
    "attractions": [{"id": 961604, "name": "Show"}],
}


def paths_in(value, here=()):
    yield here
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from paths_in(inner, (*here, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from paths_in(inner, (*here, index))


@st.composite
def spoilt(draw, sample):
    """The sample with something else in one or two of its places."""
    document = copy.deepcopy(sample)
    for _ in range(draw(st.integers(1, 2))):
        path = draw(st.sampled_from([p for p in paths_in(document) if p]))
        holder = document
        for step in path[:-1]:
            holder = holder[step]
        holder[path[-1]] = draw(ANYTHING)
    return document


@given(spoilt({"_embedded": {"events": [discovery(), discovery()]}}))
def test_a_spoilt_feed_is_read_all_the_same(document):
    ticketmaster.parse(json.dumps(document))


@given(spoilt({"events": [ABROAD]}))
def test_a_spoilt_feed_from_abroad_is_read_all_the_same(document):
    ticketmaster.parse(json.dumps(document))


@given(spoilt(discovery(_embedded={"venue": [VENUE], "categories": [{"name": "X"}]})))
def test_a_spoilt_event_of_version_1_is_read_all_the_same(document):
    ticketmaster.parse(json.dumps(document))


@given(spoilt({"type": "FeatureCollection", "features": [feature(), feature()]}))
def test_a_spoilt_collection_is_read_or_refused(document):
    try:
        venues_geojson.parse(json.dumps(document))
    except UnreadableDocument:
        assert not isinstance(document.get("features"), list)


@given(st.text())
def test_any_text_is_read_or_refused(text):
    for parse in (ticketmaster.parse, venues_geojson.parse, venues_csv.parse):
        with suppress(UnreadableDocument):
            parse(text)


@given(st.lists(st.text(), min_size=7, max_size=7))
def test_any_line_of_a_table_is_a_row_or_told(cells):
    line = ",".join('"{}"'.format(cell.replace('"', '""')) for cell in cells)
    text = f"name,city,country,lat,lon,capacity,source\n{line}\n"

    parsed = venues_csv.parse(text)

    assert len(parsed.rows) + len(parsed.errors) <= 1


def test_the_sample_from_abroad_is_good_unless_spoilt():
    parsed = ticketmaster.parse(json.dumps({"events": [ABROAD]}))

    assert (len(parsed.rows), parsed.errors) == (1, [])
