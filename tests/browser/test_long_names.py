"""German has words that are longer than a phone is wide."""

import re

from playwright.sync_api import expect

from inventory.models import TicketType

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
