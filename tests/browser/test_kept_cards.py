"""Cards that are kept: bought with in two taps, shown when they cannot be."""

import re

import pytest
from playwright.sync_api import expect

from payments.models import Order, OrderStatus, SavedCard
from tests.browser.conftest import someone_else
from tests.browser.phone import DECLINED_CARD, GOOD_CARD
from tests.browser.test_screens import faults
from tests.keeping import detach

ALWAYS_ASKS = "4000002760003184"
KEEP = "Keep this card for next time"


def buy_and_keep(phone, rush, number: str) -> None:
    """A first purchase, with the card typed and left with us."""
    phone.open(f"/events/{rush.event_id}")
    phone.get(2)
    expect(phone.page.get_by_label(KEEP)).not_to_be_checked()
    phone.page.get_by_label(KEEP).check()
    phone.pay_with(number)


def paid_orders() -> int:
    return Order.objects.filter(status=OrderStatus.PAID).count()


def test_a_kept_card_buys_in_two_taps_from_the_event(phone, rush):
    buy_and_keep(phone, rush, GOOD_CARD)
    phone.is_in()
    phone.open(f"/events/{rush.event_id}")

    phone.button("Get 2 · £64").click()
    phone.button("Pay £64 with •••• 4242").click()

    phone.is_in()
    assert paid_orders() == 2


def test_a_kept_card_may_have_to_be_confirmed_on_the_spot(phone, rush):
    bank = phone.page.frame_locator("iframe")
    buy_and_keep(phone, rush, ALWAYS_ASKS)
    bank.get_by_role("button", name="Complete").click()
    phone.is_in()
    phone.open(f"/events/{rush.event_id}")

    phone.button("Get 2 · £64").click()
    phone.button("Pay £64 with •••• 3184").click()
    bank.get_by_role("button", name="Complete").click()

    phone.is_in()
    assert paid_orders() == 2


def sign_in_at(phone, path: str) -> None:
    phone.open(path)
    phone.sign_in()


def add_card(phone, number: str) -> None:
    phone.button("Add a card").click()
    sheet = phone.page.get_by_role("dialog")
    sheet.get_by_label("Card number").fill(number)
    sheet.get_by_label("Expiry").fill("1234")
    sheet.get_by_label("Security code").fill("123")
    sheet.get_by_role("button", name="Keep this card").click()


def test_a_card_left_without_buying_buys_in_two_taps(phone, rush):
    sign_in_at(phone, "/you")
    add_card(phone, GOOD_CARD)
    expect(phone.page.get_by_text("•••• 4242")).to_be_visible()
    assert not Order.objects.exists()
    phone.open(f"/events/{rush.event_id}")

    phone.button("Get 2 · £64").click()
    phone.button("Pay £64 with •••• 4242").click()

    phone.is_in()


def test_the_bank_is_asked_before_a_card_is_kept(phone, rush):
    sign_in_at(phone, "/you")
    add_card(phone, ALWAYS_ASKS)
    bank = phone.page.frame_locator("iframe")

    bank.get_by_role("button", name="Complete").click()

    expect(phone.page.get_by_text("•••• 3184")).to_be_visible()


def test_a_card_whose_owner_fails_at_the_bank_is_not_kept_and_says_why(phone, rush):
    sign_in_at(phone, "/you")
    add_card(phone, ALWAYS_ASKS)
    bank = phone.page.frame_locator("iframe")

    bank.get_by_role("button", name="Fail").click()

    alert = phone.page.get_by_role("dialog").get_by_role("alert")
    expect(alert).to_contain_text("could not confirm that it is you")
    expect(alert).to_contain_text("You have not been charged.")
    assert not SavedCard.objects.exists()


def test_a_card_that_is_declined_is_not_kept_and_another_can_be(phone, rush):
    sign_in_at(phone, "/you")
    add_card(phone, DECLINED_CARD)
    alert = phone.page.get_by_role("dialog").get_by_role("alert")
    expect(alert).to_contain_text("nothing was charged")
    assert not SavedCard.objects.exists()

    phone.page.get_by_label("Card number").fill(GOOD_CARD)
    phone.button("Keep this card").click()

    expect(phone.page.get_by_text("•••• 4242")).to_be_visible()


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_adding_a_card_can_be_done_by_everybody(chromium, stack, rush, colours):
    with someone_else(chromium, stack, color_scheme=colours, bypass_csp=True) as phone:
        sign_in_at(phone, "/you")
        phone.button("Add a card").click()
        expect(phone.page.get_by_label("Card number")).to_be_visible()

        assert faults(phone) == []


def test_who_closes_before_the_card_is_sent_has_kept_none(phone, rush):
    at_the_provider = []
    phone.page.route(
        "**/sandbox/v1/payment_methods", lambda asked: at_the_provider.append(asked)
    )
    told_us = []
    phone.page.on("request", lambda asked: told_us.append(asked.url))
    sign_in_at(phone, "/you")
    with phone.page.expect_request("**/sandbox/v1/payment_methods"):
        add_card(phone, GOOD_CARD)
    phone.button("Close").click()

    with phone.page.expect_response("**/sandbox/v1/payment_methods"):
        at_the_provider[0].continue_()
    phone.page.wait_for_timeout(1_000)

    assert not [url for url in told_us if url.endswith("/payment-methods/setup")]
    assert not SavedCard.objects.exists()


def test_who_closes_while_the_card_is_kept_finds_it_and_their_newer_form(phone, rush):
    on_the_way = []
    phone.page.route("**/payment-methods/setup", lambda asked: on_the_way.append(asked))
    sign_in_at(phone, "/you")
    with phone.page.expect_request("**/payment-methods/setup"):
        add_card(phone, GOOD_CARD)
    phone.button("Close").click()
    phone.button("Add a card").click()
    expect(phone.page.get_by_role("dialog")).to_be_visible()

    on_the_way[0].continue_()

    expect(phone.page.get_by_text("•••• 4242")).to_have_count(1)
    expect(phone.page.get_by_role("dialog")).to_be_visible()


def test_a_sheet_that_the_browser_closed_by_itself_can_be_opened_again(phone, rush):
    sign_in_at(phone, "/you")
    phone.button("Add a card").click()
    expect(phone.page.get_by_role("dialog")).to_be_visible()
    phone.page.evaluate("document.querySelector('dialog').close()")
    expect(phone.page.get_by_role("dialog")).to_have_count(0)

    phone.button("Add a card").click()

    expect(phone.page.get_by_role("dialog")).to_be_visible()


def test_a_card_that_has_expired_is_shown_and_not_offered(phone, rush):
    buy_and_keep(phone, rush, GOOD_CARD)
    phone.is_in()
    SavedCard.objects.update(exp_year=2020)
    phone.open(f"/events/{rush.event_id}")

    phone.button("Get 2 · £64").click()

    expect(phone.page.get_by_role("radio", name=re.compile("4242"))).to_be_disabled()
    phone.pay_with(GOOD_CARD)
    phone.is_in()
    assert paid_orders() == 2


def test_a_card_that_was_removed_is_gone_from_the_next_purchase(phone, rush):
    buy_and_keep(phone, rush, GOOD_CARD)
    phone.is_in()
    phone.open("/you")
    phone.button("Remove the card ending in 4242").click()
    expect(phone.page.get_by_text("•••• 4242")).to_have_count(0)
    phone.open(f"/events/{rush.event_id}")

    phone.button("Get 2 · £64").click()

    expect(phone.button("Pay £64")).to_be_visible()
    expect(phone.page.get_by_text("•••• 4242")).to_have_count(0)
    assert SavedCard.objects.get().removed_at


def test_a_card_that_the_provider_has_lost_says_so_and_another_pays(phone, rush):
    buy_and_keep(phone, rush, GOOD_CARD)
    phone.is_in()
    phone.open(f"/events/{rush.event_id}")
    phone.button("Get 2 · £64").click()
    expect(phone.button("Pay £64 with •••• 4242")).to_be_visible()
    # No sooner: the news of it would take the card from the page.
    detach(SavedCard.objects.get())

    phone.button("Pay £64 with •••• 4242").click()

    expect(phone.page.get_by_text("You have not been charged")).to_be_visible()
    expect(phone.page.get_by_role("radio", name=re.compile("4242"))).to_be_disabled()
    phone.pay_with(GOOD_CARD)
    phone.is_in()
    assert paid_orders() == 2


def test_the_kept_cards_are_waited_for(phone, rush):
    buy_and_keep(phone, rush, GOOD_CARD)
    phone.is_in()
    phone.open(f"/events/{rush.event_id}")
    on_the_way = []
    phone.page.route("**/payment-methods", lambda asked: on_the_way.append(asked))
    with phone.page.expect_request("**/payment-methods"):
        phone.button("Get 2 · £64").click()
    expect(phone.page.get_by_text(re.compile(r"^Yours until \d"))).to_be_visible()
    expect(phone.page.get_by_role("button", name=re.compile("^Pay"))).to_have_count(0)

    on_the_way[0].continue_()

    expect(phone.button("Pay £64 with •••• 4242")).to_be_visible()


def test_cards_that_cannot_be_loaded_are_not_called_none(phone, rush):
    buy_and_keep(phone, rush, GOOD_CARD)
    phone.is_in()
    busy = {"code": "busy", "title": "Busy"}
    for path, kept in [
        ("/you", phone.page.get_by_text("•••• 4242")),
        (f"/events/{rush.event_id}", phone.button("Pay £64 with •••• 4242")),
    ]:
        phone.page.route(
            "**/payment-methods", lambda asked: asked.fulfill(status=503, json=busy)
        )
        phone.open(path)
        if path != "/you":
            phone.button("Get 2 · £64").click()
        expect(phone.heading("Your kept cards could not be loaded")).to_be_visible()
        phone.page.unroute("**/payment-methods")

        phone.button("Try again").click()

        expect(kept).to_be_visible()
