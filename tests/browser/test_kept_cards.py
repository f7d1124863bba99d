"""Cards that are kept: bought with in two taps, shown when they cannot be."""

import re

from playwright.sync_api import expect

from payments.models import Order, OrderStatus, SavedCard
from tests.browser.phone import GOOD_CARD
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
    detach(SavedCard.objects.get())
    phone.open(f"/events/{rush.event_id}")

    phone.button("Get 2 · £64").click()
    phone.button("Pay £64 with •••• 4242").click()

    expect(phone.page.get_by_text("You have not been charged")).to_be_visible()
    expect(phone.page.get_by_role("radio", name=re.compile("4242"))).to_be_disabled()
    phone.pay_with(GOOD_CARD)
    phone.is_in()
    assert paid_orders() == 2
