"""Amounts in their currency's own unit, from the price list to the bank and back."""

import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from events.models import TaxMode
from inventory.pricing import EXPONENTS
from payments import services
from payments.gateways.sandbox import post
from payments.models import Dispute, Order, OrderStatus
from payments.money import in_words
from tests import factories as make
from tests.paying import DISPUTED, VISA, ask, assert_books_are_right, at_provider, token
from tests.refunding import balance, hear_the_bank

pytestmark = pytest.mark.django_db
ADDED, INCLUDED = TaxMode.ADDED, TaxMode.INCLUDED
# Currency, price, fee, tax mode, its hundredths of a per cent; then tax and total of
# one ticket, and how the provider counts the total of one.
PRICES = [
    ("GBP", 2500, 150, INCLUDED, 2000, 442, 2650, 2650),
    ("USD", 2500, 150, ADDED, 875, 232, 2882, 2882),
    ("JPY", 3500, 200, ADDED, 1000, 370, 4070, 4070),
    ("JPY", 3500, 200, INCLUDED, 1000, 336, 3700, 3700),
    ("KWD", 7500, 250, ADDED, 500, 390, 8140, 8140),
    ("KWD", 7500, 250, INCLUDED, 500, 369, 7750, 7750),
    ("ISK", 4900, 0, ADDED, 1100, 539, 5439, 543_900),
    ("MGA", 40_000, 0, INCLUDED, 2000, 6667, 40_000, 40_000),
]


def on_sale(currency, unit, fee, mode, points):
    venue = make.venue(
        currency=currency, tax_mode=mode, tax_basis_points=points, tax_name="VAT"
    )
    return make.ticket_type(
        event=make.tonight(venue=venue),
        stock=2,
        unit_amount=unit,
        fee_amount=fee,
        fee_name="Booking fee" if fee else "",
        currency=currency,
    )


def buy(api, rush, number=VISA) -> dict:
    wanted = {"ticket_type": str(rush.pk), "quantity": 2}
    hold = api.post("/api/v1/holds", wanted).json()
    body = {"hold": hold["id"], "payment_method": token(number)}
    return api.post("/api/v1/orders", body).json()


@pytest.mark.parametrize(
    ("currency", "unit", "fee", "mode", "points", "tax", "total", "counted"), PRICES
)
def test_the_total_with_its_tax_is_shown_charged_and_given_back(
    api, currency, unit, fee, mode, points, tax, total, counted
):
    rush = on_sale(currency, unit, fee, mode, points)
    shown = api.get(f"/api/v1/events/{rush.event_id}/ticket-types").json()["results"][0]
    order = buy(api, rush)

    assert shown["price"]["total"] == {"amount": total, "currency": currency}
    assert shown["price"]["tax"]["amount"] == tax
    assert shown["price"]["tax"]["included"] == (mode == INCLUDED)
    assert order["total"] == {"amount": 2 * total, "currency": currency}
    assert [line["tax"]["amount"] for line in order["lines"]] == [tax, tax]
    assert [c["amount"] for c in at_provider("charge")] == [2 * counted]
    goes_back_by_ticket_and_by_hand(order["id"], counted)


def goes_back_by_ticket_and_by_hand(order_id: str, counted: int) -> None:
    placed = Order.objects.get(pk=order_id)
    services.refund_lines(
        order=placed,
        lines=[placed.lines.first()],
        reason="staff",
        by=None,
        now=timezone.now(),
    )
    services.pay_refunds(now=timezone.now(), limit=10)
    intent_id = placed.payments.get().intent_id
    ask("POST", "/v1/refunds", {"payment_intent": intent_id, "amount": counted})
    hear_the_bank()

    assert [refund["amount"] for refund in at_provider("refund")] == [counted, counted]
    assert balance() == 0
    run = services.reconcile(
        now=timezone.now() + timedelta(minutes=10),
        since=timezone.now() - timedelta(days=1),
        repair=False,
    )
    assert run.differences == []
    assert_books_are_right(timezone.now())


@pytest.mark.parametrize(
    ("currency", "unit", "words"),
    [
        ("JPY", 3500, "JPY 7,000"),
        ("KWD", 7500, "KWD 15.000"),
        ("ISK", 900, "ISK 1,800"),
    ],
)
def test_a_dispute_takes_what_was_paid(api, currency, unit, words):
    buy(api, on_sale(currency, unit, 0, INCLUDED, 0), DISPUTED)

    post.let_mature(now=timezone.now() + timedelta(minutes=1), limit=10)
    hear_the_bank()

    found = Dispute.objects.get()
    assert in_words(found.amount, found.currency) == words
    assert balance() == 0


@pytest.mark.parametrize("currency", ["JPY", "KWD"])
def test_what_costs_nothing_needs_no_payment(api, currency):
    rush = on_sale(currency, 0, 0, ADDED, 1000)
    wanted = {"ticket_type": str(rush.pk), "quantity": 2}
    hold = api.post("/api/v1/holds", wanted).json()

    order = api.post("/api/v1/orders", {"hold": hold["id"]}).json()

    assert (order["status"], order["payment"]) == (OrderStatus.PAID, None)
    assert order["total"] == {"amount": 0, "currency": currency}
    assert at_provider("payment_intent") == []


@pytest.mark.parametrize(
    ("amount", "currency", "words"),
    [
        (-5000, "GBP", "-£50.00"),
        (-7000, "JPY", "-JPY 7,000"),
        (-10, "KWD", "-KWD 0.010"),
        (0, "USD", "$0.00"),
    ],
)
def test_what_went_back_has_its_sign_in_front(amount, currency, words):
    assert in_words(amount, currency) == words


def test_the_page_counts_the_digits_of_a_currency_as_we_do():
    page = settings.BASE_DIR / "ticketapp/static/app/js/lib/format.js"

    whole, in_thousandths = re.findall(r'"((?:[A-Z]{3} ?)+)"\.split', page.read_text())

    counted = dict.fromkeys(whole.split(), 0) | dict.fromkeys(in_thousandths.split(), 3)
    assert counted == EXPONENTS
