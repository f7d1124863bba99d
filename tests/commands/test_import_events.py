import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from events import services
from events.models import Event, EventStatus, Performer, Venue
from tests import factories as make

pytestmark = pytest.mark.django_db

DOCUMENTS = (
    Path(__file__).resolve().parents[3] / "shared" / "data" / "events" / "ticketmaster"
)
needs_data = pytest.mark.skipif(
    not DOCUMENTS.is_dir(), reason=f"the open data is not at {DOCUMENTS}"
)


def imported(*files, **options):
    """Run the command; the exit code it ends with."""
    try:
        call_command(
            "import_events", *map(str, files), format="ticketmaster", **options
        )
    except CommandError as error:
        return error.returncode
    return 0


def listing(**changes):
    """A show in London in 2036: long after any run of these tests."""
    start = {"localDate": "2036-06-01", "localTime": "20:00:00"}
    return {
        "id": "E1",
        "name": "Late Show",
        "url": "https://tickets.example/e1",
        "dates": {
            "start": start | changes.pop("start", {}),
            "timezone": "Europe/London",
            "status": {"code": changes.pop("code", "onsale")},
        },
        "classifications": [{"primary": True, "segment": {"name": "Music"}}],
        "_embedded": {
            "venues": [
                {
                    "id": "V1",
                    "name": "Roundhouse",
                    "city": {"name": "London"},
                    "country": {"countryCode": "GB"},
                    "location": {"latitude": "51.5433", "longitude": "-0.1520"},
                }
            ],
            "attractions": [{"id": "A1", "name": "The Night Shift Quartet"}],
        },
    } | changes


@pytest.fixture
def feed(tmp_path):
    def write(*events, name="feed.json"):
        path = tmp_path / name
        path.write_text(json.dumps({"_embedded": {"events": list(events)}}, indent=1))
        return path

    return write


def everything():
    events = Event.objects.order_by("pk").values()
    return list(events), list(Performer.objects.order_by("pk").values())


def test_a_listing_is_published_with_its_venue_performers_and_category(feed):
    assert imported(feed(listing())) == 0

    event = Event.objects.select_related("venue", "category").get()
    assert event.status == EventStatus.PUBLISHED
    assert event.venue.name == "Roundhouse"
    assert event.location.coords == (-0.152, 51.5433)
    assert event.category.slug == "music"
    assert [p.name for p in event.performers.all()] == ["The Night Shift Quartet"]
    assert event.listing_url == "https://tickets.example/e1"
    assert not event.kept_by_staff


def test_a_feed_brings_no_stock(feed):
    imported(feed(listing()))

    assert not Event.objects.get().ticket_types.exists()


def test_importing_twice_changes_nothing(feed, capsys):
    path = feed(listing(), listing(id="E2", code="cancelled"))
    imported(path)
    before = everything()

    imported(path)

    assert everything() == before
    assert "0 created, 0 updated, 2 unchanged" in capsys.readouterr().out


def test_an_event_twice_in_a_file_is_one(feed):
    imported(feed(listing(), listing(name="Again")))

    assert Event.objects.get().name == "Late Show"


def test_a_listing_joins_the_venue_that_is_known_already(feed):
    known = make.venue(name="The Roundhouse", at=(51.5434, -0.1518))

    imported(feed(listing()))

    assert Event.objects.get().venue == known
    assert Venue.objects.count() == 1


def test_a_changed_listing_updates_its_event(feed):
    imported(feed(listing()))

    imported(feed(listing(name="Later Show", start={"localTime": "22:00:00"})))

    event = Event.objects.get()
    assert event.name == "Later Show"
    assert f"{event.starts_at:%H:%M}" == "21:00"


def test_an_event_without_a_certain_time_is_never_tonight(feed):
    imported(feed(listing(start={"localTime": "00:00:00", "timeTBA": True})))

    event = Event.objects.get()
    now = timezone.now()
    assert event.starts_at is None
    assert str(event.local_date) == "2036-06-01"
    assert not Event.objects.starting_within(now, 24 * 365 * 20).exists()


def test_an_event_of_the_past_comes_in_finished(feed):
    imported(feed(listing(start={"localDate": "2016-06-01"})))

    assert Event.objects.get().status == EventStatus.FINISHED


@pytest.mark.parametrize(
    ("here", "said", "after"),
    [
        ("published", "cancelled", "cancelled"),
        ("published", "postponed", "postponed"),
        ("published", "rescheduled", "published"),
        ("postponed", "rescheduled", "published"),
        ("postponed", "cancelled", "cancelled"),
        ("paused", "onsale", "paused"),
        ("paused", "cancelled", "cancelled"),
        ("cancelled", "onsale", "cancelled"),
        ("finished", "cancelled", "finished"),
    ],
)
def test_a_feed_may_stop_an_event_but_not_undo_what_staff_stopped(
    feed, here, said, after
):
    imported(feed(listing()))
    Event.objects.update(status=here)

    imported(feed(listing(code=said)))

    assert Event.objects.get().status == after


def test_an_event_that_staff_keep_is_left_alone_and_the_difference_told(feed, capsys):
    imported(feed(listing()))
    event = Event.objects.get()
    event.name = "Our Own Words"
    services.save_event(event=event, now=timezone.now())

    at_ten = {"localTime": "10:00:00"}
    imported(feed(listing(name="Their Words", code="cancelled", start=at_ten)))

    event.refresh_from_db()
    assert (event.name, event.status) == ("Our Own Words", EventStatus.PUBLISHED)
    assert f"{event.starts_at:%H:%M}" == "19:00"
    assert "the feed says cancelled; staff keep this event" in capsys.readouterr().err


def test_a_performer_with_a_new_name_is_the_same_performer(feed):
    imported(feed(listing()))
    renamed = listing()
    renamed["_embedded"]["attractions"][0]["name"] = "The Late Shift Quartet"

    imported(feed(renamed))

    assert Performer.objects.get().name == "The Late Shift Quartet"


def test_bad_events_are_told_with_file_and_line_and_the_good_ones_kept(feed, capsys):
    path = feed(listing(), listing(id="E2", name=""))

    assert imported(path) == 1

    said = capsys.readouterr().err
    line = path.read_text()[: path.read_text().index('"E2"')].count("\n")
    assert f"{path}:{line}: event E2: it has no name" in said
    assert Event.objects.count() == 1


def test_a_document_without_events_is_reported_and_not_an_error(tmp_path, capsys):
    path = tmp_path / "cart.json"
    path.write_text('{"cart": {"type": "carts"}}')

    assert imported(path) == 0

    assert "no events in this document" in capsys.readouterr().out


def test_what_is_not_json_is_an_unreadable_file(tmp_path, capsys):
    path = tmp_path / "feed.json"
    path.write_text("<html>")

    assert imported(path) == 2

    assert f"{path}: line 1: not JSON" in capsys.readouterr().err


@needs_data
def test_every_document_of_the_open_data_is_read(capsys):
    files = sorted(DOCUMENTS.glob("*.json"))

    assert imported(*files) == 1

    said = capsys.readouterr()
    assert len(files) == 47
    assert said.out.count("no events in this document") == 37
    assert Event.objects.count() == 9
    assert said.err.count("its source marks it as a test") == 2
    # Only the date of these is known.
    assert set(Event.objects.filter(starts_at=None).values_list("name", flat=True)) == {
        "WGC Cadillac Championship - Sunday Ticket",
        "Hands On History At Yankee Stadium",
        "Aquarium Admission",
    }


@needs_data
def test_importing_the_open_data_again_changes_nothing(capsys):
    files = sorted(DOCUMENTS.glob("*.json"))
    imported(*files, quiet=True)
    before = everything()

    imported(*files, quiet=True)

    assert everything() == before
