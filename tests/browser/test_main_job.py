"""The main job through the page: find, hold, sign in, pay, be let in."""

import re
from datetime import timedelta

from django.utils import timezone
from playwright.sync_api import expect

from events.models import Role
from inventory.models import CheckIn, Hold, HoldStatus, TicketStatus
from payments.models import Order, OrderStatus
from tests import factories as make
from tests.browser.conftest import DESK, code_of, someone_else
from tests.browser.phone import CHALLENGED_CARD, DECLINED_CARD, GOOD_CARD


def test_a_ticket_is_found_bought_and_let_in_once(chromium, stack, phone, rush):
    phone.find_near("Late Show")
    phone.get(1)
    phone.pay_with(GOOD_CARD)
    phone.is_in()
    ticket = rush.tickets.get(status=TicketStatus.SOLD)
    steward = make.staff(venue=rush.event.venue, role=Role.DOOR)

    with someone_else(chromium, stack) as door:
        door.open_door(steward.email, gate="North door")
        with door.page.expect_response("**/check-ins") as first:
            door.scan(code_of(ticket))
        expect(door.answer).to_contain_text("Let in")
        expect(door.answer).to_contain_text("Standing")
        with door.page.expect_response("**/check-ins") as second:
            door.scan(code_of(ticket))
        expect(door.answer).to_contain_text("Already in")

        admitted = CheckIn.objects.get(admitted=True)
        at = admitted.scanned_at.astimezone(rush.event.venue.zone)
        expect(door.answer).to_contain_text(f"{at:%H:%M}, 1\u00a0min ago")
        expect(door.answer).to_contain_text("North door")
    assert (first.value.status, second.value.status) == (201, 409)
    assert (admitted.ticket, admitted.staff) == (ticket, steward)
    phone.page.get_by_role("link", name="Show your ticket").click()
    expect(phone.page.get_by_text("It admits once")).to_be_visible()


def test_a_ticket_is_readable_without_network(phone, rush):
    phone.find_near("Late Show")
    expect(phone.button("Get 2 · £64")).to_be_visible()
    phone.get(2)
    expect(phone.page.get_by_text(re.compile(r"^Yours until \d"))).to_be_visible()
    phone.pay_with(GOOD_CARD)
    phone.is_in()
    phone.page.get_by_role("link", name="Show your 2 tickets").click()
    code = phone.page.get_by_role("img", name="The code of your ticket")
    expect(code).to_be_visible()

    phone.page.context.set_offline(True)
    phone.page.reload()
    expect(code).to_be_visible()
    expect(phone.page.get_by_text(re.compile("Offline, as of"))).to_be_visible()
    phone.page.get_by_role("link", name="Tickets", exact=True).click()
    expect(phone.page.get_by_text("2 tickets")).to_be_visible()

    order = Order.objects.get()
    assert order.status == OrderStatus.PAID
    assert order.amount == 6400
    assert rush.tickets.filter(status=TicketStatus.SOLD).count() == 2


def test_a_declined_card_leaves_the_tickets_held_for_another(phone, rush):
    phone.open(f"/events/{rush.event_id}")
    phone.get(1)

    phone.pay_with(DECLINED_CARD)
    refusal = phone.page.get_by_role("alert")
    expect(refusal).to_contain_text("declined")
    expect(refusal).to_contain_text("not been charged")
    focused = phone.page.locator(":focus")
    expect(focused).to_contain_text("not been charged")
    assert Hold.objects.get().status in (HoldStatus.ACTIVE, HoldStatus.PAYING)
    phone.pay_with(GOOD_CARD)
    phone.is_in()

    assert Order.objects.get().status == OrderStatus.PAID
    assert rush.tickets.filter(status=TicketStatus.SOLD).count() == 1


def test_the_bank_may_ask_before_it_pays(phone, rush):
    phone.open(f"/events/{rush.event_id}")
    phone.get(1)

    phone.pay_with(CHALLENGED_CARD)
    bank = phone.page.frame_locator("iframe")
    bank.get_by_role("button", name="Complete").click()
    phone.is_in()

    assert Order.objects.get().status == OrderStatus.PAID


def test_who_leaves_the_banks_page_is_told_where_they_are(phone, rush):
    phone.open(f"/events/{rush.event_id}")
    phone.get(1)
    phone.pay_with(CHALLENGED_CARD)
    expect(phone.heading("Your bank asks you to confirm")).to_be_visible()

    phone.page.keyboard.press("Escape")

    expect(phone.page.locator(":focus")).to_contain_text("has not confirmed")


def test_refusing_at_the_bank_charges_nothing_and_keeps_the_tickets(phone, rush):
    phone.open(f"/events/{rush.event_id}")
    phone.get(1)

    phone.pay_with(CHALLENGED_CARD)
    bank = phone.page.frame_locator("iframe")
    bank.get_by_role("button", name="Fail").click()
    expect(phone.heading("Your card was not accepted")).to_be_visible()
    expect(phone.page.get_by_role("alert")).to_contain_text("not been charged")
    phone.pay_with(GOOD_CARD)
    phone.is_in()

    assert Order.objects.get().status == OrderStatus.PAID


def test_the_main_job_is_done_on_a_wide_screen_too(chromium, stack, rush):
    steward = make.staff(venue=rush.event.venue, role=Role.DOOR)
    with someone_else(chromium, stack, **DESK) as desk:
        desk.find_near("Late Show")
        desk.fits()
        desk.get(2)
        desk.fits()
        desk.pay_with(GOOD_CARD)
        desk.is_in()
        desk.fits()
        desk.page.get_by_role("link", name="Show your 2 tickets").click()
        expect(
            desk.page.get_by_role("img", name="The code of your ticket")
        ).to_be_visible()
        desk.fits()
    ticket = rush.tickets.filter(status=TicketStatus.SOLD).first()
    with someone_else(chromium, stack, **DESK) as door:
        door.open_door(steward.email)
        door.scan(code_of(ticket))
        expect(door.answer).to_contain_text("Let in")
        door.fits()

    assert Order.objects.get().status == OrderStatus.PAID
    assert CheckIn.objects.get().admitted


def fall(rush, amount: int, *, seconds: int) -> None:
    at = timezone.now() + timedelta(seconds=seconds)
    rush.price_steps.create(starts_at=at, unit_amount=amount)


def test_a_price_that_falls_while_one_pays_is_shown_when_it_does(phone, rush):
    phone.open(f"/events/{rush.event_id}")
    phone.get(2)
    fall(rush, 2000, seconds=12)
    phone.page.reload()
    expect(phone.button("Pay £64")).to_be_visible()

    expect(phone.button("Pay £48")).to_be_visible(timeout=20_000)
    phone.pay_with(GOOD_CARD)
    phone.is_in()

    assert Order.objects.get().amount == 4800


def test_the_price_is_looked_at_again_when_one_comes_back(phone, rush):
    phone.open(f"/events/{rush.event_id}")
    phone.get(2)
    expect(phone.button("Pay £64")).to_be_visible()
    fall(rush, 2000, seconds=-1)

    phone.page.evaluate("dispatchEvent(new Event('focus'))")

    expect(phone.button("Pay £48")).to_be_visible()
