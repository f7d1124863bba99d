"""The map on a venue's admin page, in a real browser."""

import pytest

from events.models import LocationPrecision
from tests import factories as make
from tests.browser.desk import at_a_desk


@pytest.fixture
def venue(transactional_db):
    make.venue(name="Next Door", at=(51.5390, -0.1425))
    return make.venue(
        name="Camden Room", location_precision=LocationPrecision.CITY, city="London"
    )


@pytest.fixture
def desk(chromium, stack, venue):
    """A manager's browser, signed in; everything it asks for is noted."""
    with at_a_desk(chromium, stack.url, make.staff(venue=venue)) as page:
        page.asked, page.faults = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        page.goto(f"/admin/events/venue/{venue.pk}/change/")
        page.wait_for_selector(".venue-pin")
        yield page


def save(page):
    page.locator("[name=_save]").press("Enter")
    page.wait_for_selector("text=was changed successfully")


# One test, because the stack remembers content types that the next test makes anew.
def test_the_pin_and_the_numbers_say_the_same(desk, venue):
    pin = desk.locator(".venue-pin").bounding_box()
    x, y = pin["x"] + pin["width"] / 2, pin["y"] + pin["height"] / 2
    desk.mouse.move(x, y)
    desk.mouse.down()
    desk.mouse.move(x + 90, y - 60, steps=6)
    desk.mouse.up()
    assert "Save to keep it" in desk.inner_text("#venue-map-note")
    save(desk)

    before = venue.location.coords
    venue.refresh_from_db()
    assert venue.location.x > before[0]
    assert venue.location.y > before[1]
    assert venue.location_precision == LocationPrecision.EXACT

    desk.goto(f"/admin/events/venue/{venue.pk}/change/")
    desk.fill("#id_latitude", "48.8566")
    desk.fill("#id_longitude", "2.3522")
    desk.keyboard.press("Tab")
    desk.fill("#id_country", "FR")
    save(desk)

    venue.refresh_from_db()
    assert venue.location.coords == (2.3522, 48.8566)
    assert venue.time_zone == "Europe/Paris"
    assert desk.faults == []


def test_the_map_names_the_neighbours_and_asks_nobody_outside(desk, stack):
    assert desk.locator(".venue-name", has_text="Next Door").is_visible()
    outside = [
        address
        for address in desk.asked
        if not address.startswith((stack.url, "data:", "blob:"))
    ]
    assert outside == []
    assert any("/static/vendor/leaflet/leaflet.js" in address for address in desk.asked)
