"""What the parser makes of Ticketmaster's documents: no database is needed."""

import json
from datetime import UTC, date, datetime

import pytest

from events.feeds import ticketmaster
from tests.feeds import VENUE, discovery


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
