"""Paying through Stripe's Payment Element, with Stripe's library stood in for.

The stack runs on the sandbox, so the page is told by a changed answer that cards
are taken by Stripe, and its policy is the one that is sent when they are.
"""

import json

import pytest
from django.conf import settings
from django.utils import timezone
from playwright.sync_api import expect

from inventory.models import WaitlistEntry
from payments.gateways.sandbox import challenges
from payments.models import Order, OrderStatus, SavedCard
from tests.browser.phone import CHALLENGED_CARD, DECLINED_CARD, GOOD_CARD
from tests.paying import ASKS_UNLESS_SAVED

LIBRARY = settings.BASE_DIR / "tests/data/stripe_js.js"
NEVER_ANSWERS = "window.confirmAtTheBank = () => new Promise(() => {});"
STRIPE = {
    "provider": "stripe",
    "publishable_key": "pk_test_of_ours",
    "tokenize_url": None,
    "test_cards": [],
}


def allow_stripe(route) -> None:
    response = route.fetch()
    policy = response.headers["content-security-policy"]
    stripe = "script-src https://js.stripe.com"
    headers = response.headers | {
        "content-security-policy": policy.replace("script-src", stripe)
    }
    route.fulfill(response=response, headers=headers)


def as_stripe_asks(route) -> None:
    """Stripe's own library asks for the bank's word, not a page in a frame."""
    response = route.fetch()
    answer = response.json()
    action = (answer.get("payment") or answer).get("next_action")
    if action:
        action.update(type="use_stripe_sdk", url=None)
    route.fulfill(response=response, body=json.dumps(answer))


@pytest.fixture
def live_phone(phone):
    """A phone for which Stripe takes the cards."""
    context = phone.page.context
    for page in ["**/events/*", "**/you"]:
        context.route(page, lambda route: only_pages(route, allow_stripe))
    context.route("**/api/v1/payments/config", lambda route: route.fulfill(json=STRIPE))
    context.route("**/api/v1/orders**", as_stripe_asks)
    context.route("**/api/v1/payment-methods/setup**", as_stripe_asks)
    context.route(
        "https://js.stripe.com/v3/",
        lambda route: route.fulfill(path=LIBRARY, content_type="text/javascript"),
    )
    return phone


def only_pages(route, change) -> None:
    if route.request.resource_type == "document":
        change(route)
    else:
        route.fallback()


def pay_at_stripe(phone, number: str) -> None:
    phone.page.get_by_label("Number at Stripe").fill(number)
    phone.button("Pay £64").click()


def calls(phone) -> list[str]:
    return phone.page.evaluate("window.stripeCalls")


def test_a_card_given_to_stripe_buys_the_tickets(live_phone, rush):
    live_phone.open(f"/events/{rush.event_id}")
    live_phone.get(2)
    expect(live_phone.page.get_by_label("Card number")).to_have_count(0)
    expect(live_phone.page.get_by_text("Test cards")).to_have_count(0)
    sent = []
    live_phone.page.on("request", lambda asked: sent.append(asked))

    pay_at_stripe(live_phone, GOOD_CARD)
    live_phone.is_in()

    assert calls(live_phone) == [
        "Stripe(pk_test_of_ours)",
        "elements(payment, 6400, gbp, en-GB)",
        "mount",
        "submit",
        "createPaymentMethod",
    ]
    [order] = [asked for asked in sent if asked.url.endswith("/api/v1/orders")]
    assert order.post_data_json["payment_method"].startswith("pm_")
    assert GOOD_CARD not in order.post_data
    assert Order.objects.get().status == OrderStatus.PAID


def test_what_is_missing_is_shown_by_stripe_and_nothing_is_sent(live_phone, rush):
    live_phone.open(f"/events/{rush.event_id}")
    live_phone.get(2)
    expect(live_phone.page.get_by_label("Number at Stripe")).to_be_visible()

    live_phone.button("Pay £64").click()
    expect(live_phone.button("Pay £64")).to_be_enabled()

    assert calls(live_phone)[-1] == "submit"
    assert not Order.objects.exists()


def test_a_card_that_is_declined_leaves_stripes_form_for_another(live_phone, rush):
    live_phone.open(f"/events/{rush.event_id}")
    live_phone.get(2)

    pay_at_stripe(live_phone, DECLINED_CARD)
    expect(live_phone.page.get_by_role("alert")).to_contain_text("not been charged")
    pay_at_stripe(live_phone, GOOD_CARD)
    live_phone.is_in()

    assert Order.objects.get().status == OrderStatus.PAID


def confirm_at_the_bank(secret: str) -> None:
    intent = secret.partition("_secret_")[0]
    found = challenges.waiting_for_cardholder(intent, secret)
    challenges.answer(found, passed=True, now=timezone.now())


def test_the_bank_is_asked_through_stripes_library(live_phone, rush):
    live_phone.page.expose_function("confirmAtTheBank", confirm_at_the_bank)
    live_phone.open(f"/events/{rush.event_id}")
    live_phone.get(2)

    pay_at_stripe(live_phone, CHALLENGED_CARD)
    live_phone.is_in()

    assert calls(live_phone)[-1] == "handleNextAction with nothing above the page"
    assert Order.objects.get().status == OrderStatus.PAID


def test_a_card_for_later_is_set_up_through_stripes_library(live_phone, gone):
    live_phone.page.expose_function("confirmAtTheBank", confirm_at_the_bank)
    live_phone.open(f"/events/{gone.event_id}")
    live_phone.button("Buy them for me").click()
    live_phone.sign_in()
    live_phone.page.get_by_label("I agree to this").check()

    live_phone.page.get_by_label("Number at Stripe").fill(ASKS_UNLESS_SAVED)
    sheet = live_phone.page.get_by_role("dialog")
    sheet.get_by_role("button", name="Buy them for me").click()
    expect(live_phone.heading("You are on the waitlist")).to_be_visible()

    assert "elements(setup, undefined, gbp, en-GB)" in calls(live_phone)
    assert "handleNextAction with nothing above the page" in calls(live_phone)
    assert WaitlistEntry.objects.get().charges_card


def test_a_bank_that_never_answers_can_be_left(live_phone, rush):
    live_phone.page.add_init_script(NEVER_ANSWERS)
    live_phone.open("/you")
    live_phone.sign_in()
    live_phone.button("Add a card").click()
    live_phone.page.get_by_label("Number at Stripe").fill(ASKS_UNLESS_SAVED)
    live_phone.button("Keep this card").click()

    live_phone.button("Not now").click()

    told = live_phone.page.get_by_role("dialog").get_by_role("alert")
    expect(told).to_contain_text("has not confirmed this card")
    assert not SavedCard.objects.exists()


def test_a_card_is_left_through_stripes_library_without_buying(live_phone, rush):
    live_phone.open("/you")
    live_phone.sign_in()
    live_phone.button("Add a card").click()

    live_phone.page.get_by_label("Number at Stripe").fill(GOOD_CARD)
    live_phone.button("Keep this card").click()

    expect(live_phone.page.get_by_text("•••• 4242")).to_be_visible()
    assert "elements(setup, undefined, usd, en-GB)" in calls(live_phone)
    assert SavedCard.objects.exists()


def test_a_library_that_does_not_load_charges_nothing(live_phone, rush):
    live_phone.page.route("https://js.stripe.com/v3/", lambda route: route.abort())
    live_phone.open(f"/events/{rush.event_id}")
    live_phone.get(2)

    told = live_phone.page.get_by_text("The payment form could not be loaded")

    expect(told).to_contain_text("You have not been charged")


def test_stripes_form_is_told_of_a_price_that_falls(live_phone, rush):
    live_phone.open(f"/events/{rush.event_id}")
    live_phone.get(2)
    expect(live_phone.page.get_by_label("Number at Stripe")).to_be_visible()
    rush.price_steps.create(starts_at=timezone.now(), unit_amount=2000)

    live_phone.page.evaluate("dispatchEvent(new Event('focus'))")
    expect(live_phone.button("Pay £48")).to_be_visible()

    assert calls(live_phone)[-1] == "update(4800)"
