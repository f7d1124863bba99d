"""Venues uploaded as a table by operators, through import-export."""

import pytest
from import_export.formats.base_formats import CSV

from events.models import Venue
from events.resources import COLUMNS, VenueResource
from tests import factories as make

pytestmark = pytest.mark.django_db


def upload(*rows, dry_run=False):
    lines = [",".join(COLUMNS), *rows]
    table = CSV().create_dataset("\n".join(lines))
    return VenueResource().import_data(table, dry_run=dry_run)


def row_of(venue, **changes):
    cells = {name: getattr(venue, name, "") or "" for name in COLUMNS}
    cells |= {"latitude": venue.location.y, "longitude": venue.location.x}
    return ",".join(str(cell) for cell in (cells | changes).values())


NEW = ",Blue Note,,Tokyo,,,JP,35.6612,139.7160,exact,,300,JPY,"


def test_a_new_row_becomes_a_venue_with_its_zone():
    result = upload(NEW)

    assert not result.has_errors()
    assert not result.has_validation_errors()
    venue = Venue.objects.get()
    assert venue.location.coords == (139.716, 35.6612)
    assert venue.time_zone == "Asia/Tokyo"
    assert venue.match_key == "blue note|tokyo|jp"
    assert venue.kept_by_staff


def test_a_row_with_an_id_changes_that_venue_and_moves_its_events():
    venue = make.venue()
    event = make.event(venue=venue)

    result = upload(row_of(venue, name="The New Name", latitude="51.6"))

    assert not result.has_errors()
    venue.refresh_from_db()
    event.refresh_from_db()
    assert venue.name == "The New Name"
    assert event.location.coords == venue.location.coords == (-0.1518, 51.6)
    assert Venue.objects.count() == 1


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (NEW.replace("35.6612", "north"), "latitude 'north' is not a number"),
        (NEW.replace("35.6612", ""), "latitude '' is not a number"),
        (NEW.replace("35.6612,139.7160", "139.7160,35.6612"), "look swapped"),
        (NEW.replace("JPY", "YEN"), "No card can be charged in 'YEN'"),
        (NEW.replace("JP", "ZZ", 1), "no country is called 'ZZ'"),
        (NEW.replace("Blue Note", ""), "This field cannot be blank"),
        (f"7{NEW}", "badly formed"),
    ],
)
def test_a_bad_row_is_told_before_anything_is_written(bad, reason):
    result = upload(bad, dry_run=True)

    told = [str(error.error) for _, errors in result.row_errors() for error in errors]
    told += [str(invalid.error) for invalid in result.invalid_rows]
    assert reason in " ".join(told)
    assert not Venue.objects.exists()


def test_what_was_downloaded_can_be_uploaded_and_changes_nothing():
    make.venue(name="Café Zoë", capacity=90, refund_policy="Two lines,\nand a comma.")
    before = list(Venue.objects.values("pk", "name", "location", "refund_policy"))

    result = VenueResource().import_data(
        CSV().create_dataset(VenueResource().export().csv), raise_errors=True
    )

    assert result.totals["skip"] == 1
    assert before == list(
        Venue.objects.values("pk", "name", "location", "refund_policy")
    )
