"""A bank says no to a card, or asks the buyer first."""

import pytest

from inventory import services as inventory
from inventory.models import HoldStatus
from payments import services
from payments.models import (
    AttemptStatus,
    LedgerEntry,
    Order,
    OrderStatus,
    Payment,
    PaymentAttempt,
    PaymentStatus,
)
from tests.factories import NOON
from tests.paying import (
    DECLINED,
    NO_FUNDS,
    answer_challenge,
    assert_books_are_right,
    challenge_url,
    challenged,
    charges,
    held,
    intents,
    order,
    token,
)

pytestmark = pytest.mark.django_db


# Declines


@pytest.mark.parametrize(
    ("number", "code", "shown"),
    [
        (DECLINED, "generic_decline", "generic_decline"),
        (NO_FUNDS, "insufficient_funds", "insufficient_funds"),
        ("4000000000009987", "lost_card", "generic_decline"),
        ("4000000000000069", "expired_card", "expired_card"),
        ("4000000000000127", "incorrect_cvc", "incorrect_cvc"),
        ("4000000000000119", "processing_error", "processing_error"),
    ],
)
def test_a_declined_card_leaves_the_tickets_held(number, code, shown):
    hold = held()

    with pytest.raises(services.CardDeclined) as refusal:
        order(hold, number)

    placed = Order.objects.get()
    assert refusal.value.details == {
        "order": str(placed.pk),
        "decline_code": shown,
        "charged": False,
    }
    assert "You have not been charged." in str(refusal.value)
    attempt = PaymentAttempt.objects.get()
    assert (attempt.status, attempt.decline_code) == (AttemptStatus.DECLINED, code)
    hold.refresh_from_db()
    assert (hold.status, placed.status) == (HoldStatus.ACTIVE, OrderStatus.PENDING)
    assert placed.payments.get().status == PaymentStatus.CREATED
    assert not LedgerEntry.objects.exists()
    assert_books_are_right()


def test_another_card_pays_the_same_intent():
    hold = held()
    with pytest.raises(services.CardDeclined):
        order(hold, DECLINED)
    placed = Order.objects.get()

    paid = services.pay_order(order=placed, payment_method=token(), now=NOON)

    assert paid.status == OrderStatus.PAID
    assert intents() == ["succeeded"]
    assert charges() == ["failed", "succeeded"]
    assert Payment.objects.count() == 1
    assert_books_are_right()


def test_ordering_again_after_a_decline_is_another_card_too():
    hold = held()
    with pytest.raises(services.CardDeclined):
        order(hold, DECLINED)

    assert order(hold).status == OrderStatus.PAID
    assert intents() == ["succeeded"]


def test_after_a_decline_the_time_of_the_hold_still_counts():
    hold = held()
    with pytest.raises(services.CardDeclined):
        order(hold, DECLINED)

    with pytest.raises(inventory.HoldExpired):
        services.pay_order(
            order=Order.objects.get(), payment_method=token(), now=hold.expires_at
        )

    assert charges() == ["failed"]


# The bank asks


def test_a_challenge_keeps_the_tickets_until_the_hold_ends():
    hold = held()

    placed = challenged(hold)

    hold.refresh_from_db()
    payment = placed.payments.get()
    assert (placed.status, payment.status) == ("pending", "requires_action")
    assert (hold.status, hold.lease_until) == (HoldStatus.PAYING, hold.expires_at)
    assert challenge_url(placed).startswith("http")
    assert_books_are_right()


def test_a_passed_challenge_pays_when_we_ask():
    placed = challenged(held())
    answer_challenge(challenge_url(placed))

    services.ask_about(payment=placed.payments.get(), now=NOON)

    placed.refresh_from_db()
    assert placed.status == OrderStatus.PAID
    assert PaymentAttempt.objects.get().status == AttemptStatus.SUCCEEDED
    assert_books_are_right()


def test_a_failed_challenge_cancels_the_intent_whose_secret_is_out():
    hold = held()
    placed = challenged(hold)
    answer_challenge(challenge_url(placed), passed=False)

    services.ask_about(payment=placed.payments.get(), now=NOON)

    hold.refresh_from_db()
    attempt = PaymentAttempt.objects.get()
    assert attempt.decline_code == "payment_intent_authentication_failure"
    assert (hold.status, intents()) == (HoldStatus.ACTIVE, ["canceled"])
    services.pay_order(order=placed, payment_method=token(), now=NOON)
    assert intents() == ["canceled", "succeeded"]
    assert_books_are_right()


def test_another_card_gives_an_open_challenge_up_first():
    placed = challenged(held())

    paid = services.pay_order(order=placed, payment_method=token(), now=NOON)

    assert paid.status == OrderStatus.PAID
    assert intents() == ["canceled", "succeeded"]
    statuses = PaymentAttempt.objects.order_by("pk").values_list("status", flat=True)
    assert list(statuses) == [AttemptStatus.ABANDONED, AttemptStatus.SUCCEEDED]
    assert_books_are_right()


def test_another_card_after_the_challenge_was_passed_charges_once():
    placed = challenged(held())
    answer_challenge(challenge_url(placed))

    paid = services.pay_order(order=placed, payment_method=token(), now=NOON)

    assert paid.status == OrderStatus.PAID
    assert charges() == ["succeeded"]
    assert_books_are_right()


def test_ordering_again_during_a_challenge_shows_the_same_challenge():
    hold = held()
    placed = challenged(hold)

    again = order(hold)

    assert again == placed
    assert intents() == ["requires_action"]
