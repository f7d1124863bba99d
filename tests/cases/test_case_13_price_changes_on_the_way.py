"""Case 13. The price or fee changes between view, hold and payment.

A fall before a payment is begun is given to the buyer, also after a declined
card; a rise never reaches a hold. A quote that expired is refused with 409 and
the new price, so that the buyer says yes to it anew. Amounts follow the
currency's exponent.

The guards: `quoting.price_due`, after which alone a held quote changes, and its
comparison: only a lower total is taken; `checkout._has_fallen`, by which an intent
at the old price is cancelled first; and the end of the hold in `selling.START`,
after which its quote is no more.
"""

from datetime import timedelta

import pytest

from inventory import services as inventory
from inventory.models import PriceStep
from inventory.services import quoting
from inventory.services.holds import quote_of
from payments import services
from payments.models import Order, OrderStatus
from payments.money import in_words
from payments.services import checkout, opening
from tests.factories import NOON
from tests.paying import (
    DECLINED,
    assert_books_are_right,
    at_provider,
    challenged,
    charged,
    held,
    order,
    token,
)

pytestmark = pytest.mark.django_db
SOON = NOON + timedelta(minutes=3)


def reprice(hold, unit_amount: int) -> None:
    hold.ticket_type.unit_amount = unit_amount
    hold.ticket_type.save(update_fields=["unit_amount"])


def fall_at(hold, when, unit_amount: int) -> None:
    PriceStep.objects.create(
        ticket_type=hold.ticket_type, starts_at=when, unit_amount=unit_amount
    )


def test_case_13_a_fall_before_paying_is_the_buyers():
    hold = held(unit_amount=2500)
    fall_at(hold, SOON, 1800)

    placed = order(hold, now=SOON)

    assert (placed.amount, charged()) == (3600, [3600])
    assert [line.total_amount for line in placed.lines.all()] == [1800, 1800]
    assert_books_are_right(SOON)


def test_case_13_a_rise_never_reaches_a_hold():
    hold = held(unit_amount=2500)
    reprice(hold, 9900)

    placed = order(hold, now=SOON)

    assert (placed.amount, charged()) == (5000, [5000])
    assert_books_are_right(SOON)


def test_case_13_without_the_comparison_a_rise_does(monkeypatch):
    """The control: take whatever costs today."""
    monkeypatch.setattr(quoting, "price_due", quoting.todays_quote)

    with pytest.raises(AssertionError):
        test_case_13_a_rise_never_reaches_a_hold()


def test_case_13_a_fall_after_a_declined_card_is_the_buyers_too():
    hold = held(unit_amount=2500)
    with pytest.raises(services.CardDeclined):
        order(hold, DECLINED)
    fall_at(hold, SOON, 1800)

    paid = services.pay_order(
        order=Order.objects.get(), payment_method=token(), now=SOON
    )

    assert (paid.status, paid.amount) == (OrderStatus.PAID, 3600)
    assert charged() == [3600]
    statuses = [intent["status"] for intent in at_provider("payment_intent")]
    assert statuses == ["canceled", "succeeded"]
    assert_books_are_right(SOON)


def test_case_13_a_fall_while_the_bank_asks_changes_nothing():
    hold = held(unit_amount=2500)
    placed = challenged(hold)
    fall_at(hold, SOON, 1800)

    again = order(hold, now=SOON)

    assert (again, again.amount) == (placed, 5000)
    assert_books_are_right(SOON)


def test_case_13_a_fall_to_nothing_needs_no_payment():
    hold = held(unit_amount=2500)
    fall_at(hold, SOON, 0)

    placed = order(hold, now=SOON)

    assert (placed.status, placed.amount) == (OrderStatus.PAID, 0)
    assert charged() == []
    assert_books_are_right(SOON)


def test_case_13_an_expired_quote_is_refused_with_the_new_price():
    hold = held(unit_amount=2500, fee_amount=150, fee_name="Booking fee")
    reprice(hold, 3000)

    with pytest.raises(inventory.HoldExpired) as refusal:
        order(hold, now=hold.expires_at)

    assert refusal.value.details["total"] == {"amount": 6300, "currency": "GBP"}
    assert charged() == []
    assert not Order.objects.exists()


def test_case_13_after_a_declined_card_it_is_refused_with_the_new_price_too():
    hold = held(unit_amount=2500)
    with pytest.raises(services.CardDeclined):
        order(hold, DECLINED)
    reprice(hold, 3000)

    with pytest.raises(inventory.HoldExpired) as refusal:
        services.pay_order(
            order=Order.objects.get(), payment_method=token(), now=hold.expires_at
        )

    assert refusal.value.details["total"] == {"amount": 6000, "currency": "GBP"}
    assert charged() == []
    assert_books_are_right(SOON)


def test_case_13_and_once_the_tickets_went_back_on_sale():
    hold = held(unit_amount=2500)
    with pytest.raises(services.CardDeclined):
        order(hold, DECLINED)
    reprice(hold, 3000)
    services.sweep_payments(now=hold.expires_at, limit=10)
    inventory.release_expired_holds(now=hold.expires_at, limit=10)
    services.sweep_payments(now=hold.expires_at, limit=10)

    with pytest.raises(services.OrderClosed, match=r"£60\.00 today\.$") as refusal:
        services.pay_order(
            order=Order.objects.get(), payment_method=token(), now=hold.expires_at
        )

    assert refusal.value.details["total"] == {"amount": 6000, "currency": "GBP"}
    assert refusal.value.details["charged"] is False
    assert charged() == []


FALLS = [
    test_case_13_a_fall_before_paying_is_the_buyers,
    test_case_13_a_fall_after_a_declined_card_is_the_buyers_too,
    test_case_13_a_fall_to_nothing_needs_no_payment,
]


@pytest.mark.parametrize("story", FALLS, ids=lambda story: story.__name__)
def test_case_13_without_passing_it_on_a_fall_is_kept(story, monkeypatch):
    monkeypatch.setattr(quoting, "price_due", lambda *, hold, now: quote_of(hold))

    with pytest.raises(AssertionError):
        story()


def test_case_13_without_a_look_the_next_card_pays_the_old_price(monkeypatch):
    monkeypatch.setattr(checkout, "_has_fallen", lambda order, now: False)

    with pytest.raises(AssertionError):
        test_case_13_a_fall_after_a_declined_card_is_the_buyers_too()


def test_case_13_without_its_end_an_old_quote_is_honoured(monkeypatch):
    its_end = "AND hold.expires_at > %(now)s"
    assert its_end in opening.OPEN_ORDER
    endless = opening.OPEN_ORDER.replace(its_end, "")
    monkeypatch.setattr(opening, "OPEN_ORDER", endless)

    with pytest.raises(pytest.fail.Exception):
        test_case_13_an_expired_quote_is_refused_with_the_new_price()


@pytest.mark.parametrize(
    ("currency", "unit", "at_provider_is", "words"),
    [
        ("JPY", 3500, 7000, "JPY 7,000"),
        ("KWD", 7500, 15_000, "KWD 15.000"),
        ("ISK", 4900, 980_000, "ISK 9,800"),
        ("EUR", 1250, 2500, "€25.00"),
    ],
)
def test_case_13_amounts_follow_the_exponent(currency, unit, at_provider_is, words):
    hold = held(unit_amount=unit, currency=currency)

    placed = order(hold)

    assert charged() == [at_provider_is]
    assert in_words(placed.amount, currency) == words
    assert_books_are_right()
