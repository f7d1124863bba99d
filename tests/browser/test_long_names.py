"""German has words that are longer than a phone is wide."""

import re

import pytest
from playwright.sync_api import expect

from events.models import Venue
from inventory.models import TicketType
from tests.browser.conftest import DESK, someone_else

HALL = "The Great Hall of the Royal Borough of Kensington and Chelsea, Upper Foyer"
TO_THE_EAST = {"latitude": 51.5400, "longitude": -0.1330}
LONG = "Donaudampfschifffahrtsgesellschaftskapitänsmützenversteigerungsabend"


def test_long_words_widen_no_screen(phone, rush):
    event = rush.event
    for row in (event, event.venue):
        type(row).objects.filter(pk=row.pk).update(name=LONG)
    TicketType.objects.update(name=LONG, fee_name=LONG[:40])

    phone.open(f"/events/{event.pk}")
    expect(phone.button(re.compile("^Get 2 "))).to_be_visible()
    phone.fits()
    phone.get(2)
    expect(phone.button("Pay £64")).to_be_visible()
    phone.fits()
    phone.pay_with("4242424242424242")
    phone.is_in()
    phone.fits()
    for path in ("/tickets", "/you"):
        phone.open(path)
        expect(phone.page.get_by_text(LONG).first).to_be_visible()
        phone.fits()
    phone.open("/tickets")
    phone.page.get_by_role("link", name=re.compile(LONG)).click()
    expect(phone.heading(LONG)).to_be_visible()
    phone.fits()


@pytest.mark.parametrize("size", [{}, DESK])
@pytest.mark.parametrize("name", [LONG, HALL])
def test_a_map_shows_the_whole_name_of_a_venue_at_its_side(
    chromium, stack, rush, size, name
):
    Venue.objects.update(name=name)
    with someone_else(chromium, stack, geolocation=TO_THE_EAST, **size) as phone:
        phone.find_near("Late Show")
        pin = phone.page.locator(".map-pin span")
        pin.wait_for()
        label, around = pin.bounding_box(), phone.page.locator(".map").bounding_box()
        words = pin.evaluate("e => [e.textContent, e.scrollWidth - e.clientWidth]")

    assert words == [name, 0]
    assert around["x"] <= label["x"]
    assert label["x"] + label["width"] <= around["x"] + around["width"]
    assert around["y"] <= label["y"]
