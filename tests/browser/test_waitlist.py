"""Waiting in the app: being told, and having tickets bought."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import User
from events.models import Event
from inventory import services as inventory
from inventory.models import Hold, WaitlistEntry, WaitlistReason, WaitlistStatus
from payments.consent import CURRENT, TEXTS
from payments.models import Mandate, Order, OrderStatus, SavedCard
from tests.browser.conftest import someone_else
from tests.browser.phone import GOOD_CARD
from tests.browser.test_screens import faults
from tests.keeping import MASTERCARD, keep
from tests.paying import ALWAYS_ASKS, ASKS_UNLESS_SAVED


def let_go(ticket_type) -> None:
    rival = Hold.objects.live().filter(ticket_type=ticket_type).first()
    inventory.release_hold(hold=rival, now=timezone.now())


def wait_in_line(phone, ticket_type, way: str) -> None:
    phone.open(f"/events/{ticket_type.event_id}")
    expect(phone.heading("Wait for tickets")).to_be_visible()
    phone.button(way).click()
    phone.sign_in()


def agree(phone, card: str = GOOD_CARD) -> None:
    phone.page.get_by_label("Card number").fill(card)
    phone.page.get_by_label("Expiry").fill("1234")
    phone.page.get_by_label("Security code").fill("123")
    phone.page.get_by_label("I agree to this").check()


def test_who_waits_is_told_and_buys_in_the_ordinary_way(phone, gone):
    wait_in_line(phone, gone, "Tell me")
    expect(phone.heading("You are on the waitlist")).to_be_visible()
    expect(phone.page.get_by_text("You are next.")).to_be_visible()
    expect(phone.page.get_by_text("Nothing is charged unless you buy")).to_be_visible()

    let_go(gone)
    phone.page.get_by_role("link", name="Buy them for £64").click()
    phone.pay_with(GOOD_CARD)
    phone.is_in()
    phone.open(f"/events/{gone.event_id}")

    expect(phone.heading("You have tickets")).to_be_visible()
    assert WaitlistEntry.objects.get().status == WaitlistStatus.PURCHASED
    assert not Mandate.objects.exists()


def test_tickets_are_bought_for_who_agreed_to_it(phone, gone):
    wait_in_line(phone, gone, "Buy them for me")
    sheet = phone.page.get_by_role("dialog")
    expect(sheet).to_contain_text(TEXTS[CURRENT])
    sheet.get_by_label("At most, in GBP").fill("70")
    agree(phone)
    sheet.get_by_role("button", name="Buy them for me").click()
    expect(phone.heading("You are on the waitlist")).to_be_visible()
    expect(phone.page.get_by_text("at most £70.00 in all")).to_be_visible()
    card = phone.page.get_by_text("Visa •••• 4242", exact=True)
    expect(card).to_be_visible()

    let_go(gone)

    expect(phone.heading("The waitlist has bought for you")).to_be_visible(
        timeout=30_000
    )
    mandate, order = Mandate.objects.get(), Order.objects.get()
    assert (mandate.max_total_amount, mandate.consent_version) == (7000, CURRENT)
    assert (order.status, order.amount) == (OrderStatus.PAID, 6400)


def agree_with_a_card_that_asks(phone, ticket_type, card: str = ASKS_UNLESS_SAVED):
    """As far as the bank's page; gives the sheet behind it."""
    wait_in_line(phone, ticket_type, "Buy them for me")
    sheet = phone.page.get_by_role("dialog")
    agree(phone, card)
    sheet.get_by_role("button", name="Buy them for me").click()
    expect(phone.heading("Your bank asks you to confirm")).to_be_visible()
    return sheet


def test_a_card_that_the_bank_was_asked_about_is_charged_later(phone, gone):
    agree_with_a_card_that_asks(phone, gone)
    bank = phone.page.frame_locator("iframe")

    bank.get_by_role("button", name="Complete").click()
    expect(phone.heading("You are on the waitlist")).to_be_visible()
    let_go(gone)

    expect(phone.heading("The waitlist has bought for you")).to_be_visible(
        timeout=30_000
    )
    assert Order.objects.get().status == OrderStatus.PAID


def test_a_card_that_the_bank_does_not_confirm_waits_for_nothing(phone, gone):
    sheet = agree_with_a_card_that_asks(phone, gone)
    bank = phone.page.frame_locator("iframe")

    bank.get_by_role("button", name="Fail").click()

    refusal = sheet.get_by_role("alert")
    expect(refusal).to_contain_text("This card could not be kept")
    expect(refusal).to_contain_text("You have not been charged")
    expect(phone.page.get_by_label("I agree to this")).to_be_checked()
    assert not WaitlistEntry.objects.exists()


def test_who_closes_the_banks_page_can_take_another_card(phone, gone):
    sheet = agree_with_a_card_that_asks(phone, gone)
    phone.button("Close").click()
    expect(sheet.get_by_role("alert")).to_contain_text("has not confirmed this card")

    agree(phone)
    sheet.get_by_role("button", name="Buy them for me").click()

    expect(phone.heading("You are on the waitlist")).to_be_visible()
    assert WaitlistEntry.objects.get().charges_card


def test_who_closes_the_sheet_meanwhile_has_agreed_to_nothing(phone, gone):
    kept_back = []
    phone.page.route("**/payment-methods/setup", lambda asked: kept_back.append(asked))
    wait_in_line(phone, gone, "Buy them for me")
    sheet = phone.page.get_by_role("dialog")
    agree(phone)
    with phone.page.expect_request("**/payment-methods/setup"):
        sheet.get_by_role("button", name="Buy them for me").click()
    phone.button("Close").click()

    with phone.page.expect_response("**/payment-methods/setup"):
        kept_back[0].continue_()
    phone.page.wait_for_timeout(1_000)

    assert not WaitlistEntry.objects.exists()


def test_the_sheet_stays_as_it_is_when_tickets_come_back_meanwhile(phone, gone):
    wait_in_line(phone, gone, "Buy them for me")
    sheet = phone.page.get_by_role("dialog")
    agree(phone)

    let_go(gone)
    expect(phone.page.locator("button", has_text=re.compile("^Get 2"))).to_be_visible()
    sheet.get_by_role("button", name="Buy them for me").click()

    expect(sheet.get_by_role("alert")).to_be_visible()
    expect(sheet.get_by_label("I agree to this")).to_be_checked()
    assert not WaitlistEntry.objects.exists()


def test_nobody_agrees_by_accident(phone, gone):
    wait_in_line(phone, gone, "Buy them for me")
    sheet = phone.page.get_by_role("dialog")
    expect(sheet.get_by_label("I agree to this")).not_to_be_checked()

    sheet.get_by_role("button", name="Buy them for me").click()
    expect(sheet.get_by_role("alert")).to_contain_text("have us tell you instead")
    assert not WaitlistEntry.objects.exists()
    sheet.get_by_role("button", name="Only tell me").click()

    expect(phone.heading("You are on the waitlist")).to_be_visible()
    assert not WaitlistEntry.objects.get().charges_card


def test_saying_yes_and_saying_no_are_as_easy(phone, gone):
    phone.open(f"/events/{gone.event_id}")
    told, bought = (
        phone.button(name).bounding_box() for name in ("Tell me", "Buy them for me")
    )

    assert (told["width"], told["height"]) == (bought["width"], bought["height"])


def test_the_line_is_found_again_and_can_be_left(phone, gone):
    wait_in_line(phone, gone, "Tell me")
    expect(phone.heading("You are on the waitlist")).to_be_visible()
    phone.open("/you")
    phone.page.get_by_role("link", name="Late Show On the waitlist").click()

    phone.button("Leave the waitlist").click()

    expect(phone.page.get_by_text("You have left this waitlist")).to_be_visible()
    expect(phone.button(re.compile("^Tell me$"))).to_be_visible()
    assert WaitlistEntry.objects.get().status == WaitlistStatus.WITHDRAWN


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_waiting_can_be_used_by_everybody(chromium, stack, gone, colours):
    with someone_else(chromium, stack, color_scheme=colours, bypass_csp=True) as phone:
        phone.open(f"/events/{gone.event_id}")
        expect(phone.heading("Wait for tickets")).to_be_visible()
        found = {"ways": faults(phone)}
        phone.button("Buy them for me").click()
        phone.sign_in()
        expect(phone.page.get_by_label("I agree to this")).to_be_visible()
        found["sheet"] = faults(phone)
        phone.button("Only tell me").click()
        expect(phone.heading("You are on the waitlist")).to_be_visible()
        found["place"] = faults(phone)

    assert {screen: wrong for screen, wrong in found.items() if wrong} == {}


def test_how_long_one_waits_is_told_with_its_day(phone, gone):
    noon = timezone.now().astimezone(gone.event.venue.zone).replace(hour=12, minute=0)
    starts_at = noon + timedelta(days=3)
    Event.objects.filter(pk=gone.event_id).update(
        starts_at=starts_at, sales_close_at=starts_at
    )

    wait_in_line(phone, gone, "Buy them for me")

    chosen = phone.page.get_by_label("Until").locator("option:checked")
    expect(chosen).to_have_text(f"{starts_at:%a} {starts_at.day} {starts_at:%b} 12:00")


def test_the_usual_card_is_the_one_that_waits(phone, gone):
    phone.open("/you")
    phone.sign_in()
    expect(phone.button("Sign out")).to_be_visible()
    keep(User.objects.get(email=phone.email), GOOD_CARD)
    keep(User.objects.get(email=phone.email), MASTERCARD)
    phone.open(f"/events/{gone.event_id}")

    phone.button("Buy them for me").click()

    usual = SavedCard.objects.get(is_default=True)
    expect(phone.page.get_by_role("radio", name=usual.last4)).to_be_checked()
    newest = SavedCard.objects.latest("created_at")
    assert usual != newest


def test_a_decline_is_still_told_when_tickets_are_on_sale_again(phone, gone):
    wait_in_line(phone, gone, "Tell me")
    expect(phone.heading("You are on the waitlist")).to_be_visible()
    WaitlistEntry.objects.update(
        status=WaitlistStatus.PASSED,
        reason=WaitlistReason.CARD_DECLINED,
        closed_at=timezone.now(),
    )
    let_go(gone)

    phone.open(f"/events/{gone.event_id}")

    expect(phone.button("Get 2 · £64")).to_be_visible()
    expect(phone.page.get_by_text("Your card was declined.")).to_be_visible()


def test_a_charge_that_the_bank_asks_about_is_confirmed_and_nothing_else(phone, gone):
    agree_with_a_card_that_asks(phone, gone, ALWAYS_ASKS)
    bank = phone.page.frame_locator("iframe")
    bank.get_by_role("button", name="Complete").click()
    expect(phone.heading("You are on the waitlist")).to_be_visible()
    let_go(gone)

    confirm = phone.page.get_by_role("link", name="Confirm with your bank")
    expect(confirm).to_be_visible(timeout=30_000)
    expect(phone.heading("Somebody holds the last tickets")).to_have_count(0)
    expect(phone.button(re.compile("^Get"))).to_have_count(0)
    confirm.click()
    bank.get_by_role("button", name="Complete").click()

    phone.is_in()
    assert Order.objects.get().status == OrderStatus.PAID


@pytest.mark.parametrize(
    ("typed", "currency", "amount"),
    [
        ("64", "GBP", 6400),
        ("32.50", "GBP", 3250),
        ("32,5", "GBP", 3250),
        ("1,200", "GBP", 120_000),
        ("1,200.50", "GBP", 120_050),
        ("1.200,50", "EUR", 120_050),
        ("1 200,50", "EUR", 120_050),
        ("1'200", "CHF", 120_000),
        ("12,000", "JPY", 12_000),
        ("10,000,000", "VND", 10_000_000),
        ("10000000", "VND", 10_000_000),
        ("10.000.000", "IDR", 1_000_000_000),
        ("1.200", "KWD", 1200),
        ("7,5", "KWD", 7500),
        ("1,200.500", "KWD", 1_200_500),
        ("1.200", "EUR", None),
        ("1.200", "JPY", None),
        ("1,200", "KWD", None),
        ("12.5", "JPY", None),
        ("0,500", "EUR", None),
        ("1,20,000", "GBP", None),
        ("0", "GBP", None),
        ("-5", "GBP", None),
        ("", "GBP", None),
        ("99999999999999999999", "GBP", None),
    ],
)
def test_a_maximum_is_read_as_it_was_meant_or_not_at_all(
    phone, typed, currency, amount
):
    phone.open("/you")

    read = phone.page.evaluate(
        "async (given) => (await import('/static/app/js/lib/format.js'))"
        ".inMinor(...given)",
        [typed, currency],
    )

    assert read == (amount and {"amount": amount, "currency": currency})
