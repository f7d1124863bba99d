from datetime import timedelta

import pytest
from django.db import connection, transaction

from events.models import EventStatus
from inventory import services as inventory
from inventory.models import HoldStatus
from notifications.models import Notification
from payments import services
from payments.gateways import GatewayUnavailable, PaymentMethodRefused, get_gateway
from payments.gateways.sandbox.switches import outage, switched
from payments.models import (
    AttemptStatus,
    LedgerEntry,
    Order,
    OrderStatus,
    Payment,
    PaymentAttempt,
    PaymentStatus,
)
from payments.services import cards
from tests.factories import NOON
from tests.paying import (
    ALWAYS_ASKS,
    DECLINED,
    NO_FUNDS,
    VISA,
    answer_challenge,
    assert_books_are_right,
    at_provider,
    challenge_url,
    challenged,
    held,
    order,
    token,
)

pytestmark = pytest.mark.django_db
LEASE_OVER = NOON + timedelta(seconds=121)


def tickets(hold) -> list[str]:
    return sorted(hold.ticket_type.tickets.values_list("status", flat=True))


def intents() -> list[str]:
    return [intent["status"] for intent in at_provider("payment_intent")]


def charges() -> list[str]:
    return [charge["status"] for charge in at_provider("charge")]


# The ordinary way


def test_a_card_that_is_taken_pays_for_what_is_held():
    hold = held(quantity=2, unit_amount=2500, fee_amount=150, fee_name="Booking fee")

    placed = order(hold)

    assert (placed.status, placed.amount, placed.paid_at) == (
        OrderStatus.PAID,
        5300,
        NOON,
    )
    assert tickets(hold) == ["available", "available", "sold", "sold"]
    assert [(line.total_amount, line.fee_amount) for line in placed.lines.all()] == [
        (2650, 150),
        (2650, 150),
    ]
    payment = placed.payments.get()
    assert (payment.status, payment.succeeded_at) == (PaymentStatus.SUCCEEDED, NOON)
    entry = LedgerEntry.objects.get()
    assert (entry.kind, entry.amount, entry.source) == (
        "capture",
        5300,
        payment.intent_id,
    )
    assert Notification.objects.get().kind == "receipt"
    assert_books_are_right()


def test_the_intent_says_whose_it_is():
    placed = order(held())

    [intent] = at_provider("payment_intent")
    payment = placed.payments.get()
    assert intent["metadata"] == {"order": str(placed.pk), "payment": str(payment.pk)}
    assert (intent["amount"], intent["currency"]) == (5000, "gbp")


def test_free_tickets_need_no_payment():
    hold = held(unit_amount=0)

    placed = services.place_order(
        user=hold.user, hold=hold, payment_method=None, now=NOON
    )

    assert (placed.status, placed.amount) == (OrderStatus.PAID, 0)
    assert tickets(hold).count("sold") == 2
    assert not Payment.objects.exists()
    assert not at_provider("payment_intent")
    assert_books_are_right()


def test_what_costs_something_needs_a_card():
    hold = held()

    with pytest.raises(services.PaymentMethodMissing):
        order(hold, payment_method=None)

    assert not Order.objects.exists()


@pytest.mark.parametrize("method", ["tok_visa", "", "pm_unknown"])
def test_an_unknown_card_is_refused_and_the_tickets_stay_held(method):
    hold = held()

    with pytest.raises((PaymentMethodRefused, services.PaymentMethodMissing)):
        order(hold, payment_method=method)

    hold.refresh_from_db()
    assert hold.status == HoldStatus.ACTIVE
    assert order(hold).status == OrderStatus.PAID
    assert_books_are_right()


def test_ordering_again_gives_the_same_paid_order():
    hold = held()
    placed = order(hold)

    again = order(hold)

    assert again == placed
    assert (Order.objects.count(), charges()) == (1, ["succeeded"])


def test_a_hold_that_ran_out_is_not_paid_for():
    hold = held()

    with pytest.raises(inventory.HoldExpired):
        order(hold, now=hold.expires_at)

    assert not at_provider("payment_intent")
    assert not Order.objects.exists()


@pytest.mark.parametrize("status", [EventStatus.CANCELLED, EventStatus.POSTPONED])
def test_a_hold_may_outlive_its_event_but_not_be_paid(status):
    hold = held()
    hold.event.move_to(status)

    with pytest.raises(services.EventOff):
        order(hold)

    hold.refresh_from_db()
    assert hold.status == HoldStatus.ACTIVE
    assert not at_provider("payment_intent")


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


# Two at once


def test_a_hold_that_is_being_paid_is_not_paid_again():
    hold = held()
    with outage("after", "/confirm"):
        placed = order(hold)

    with pytest.raises(services.PaymentInProgress) as refusal:
        order(hold)

    assert refusal.value.details == {"order": str(placed.pk)}
    assert charges() == ["succeeded"]


def test_of_two_devices_the_second_is_told_that_the_bank_waits(monkeypatch):
    hold = held()
    look_up = cards.customer_for

    def while_another_device_pays(**wish):
        monkeypatch.setattr(cards, "customer_for", look_up)
        challenged(hold)
        return look_up(**wish)

    monkeypatch.setattr(cards, "customer_for", while_another_device_pays)
    with pytest.raises(services.PaymentInProgress) as refusal:
        order(hold)

    assert refusal.value.action == "authenticate_payment"
    assert intents() == ["requires_action"]
    assert_books_are_right()


# The provider does not answer


def test_silence_before_anything_is_confirmed_leaves_everything_as_it_was():
    hold = held()

    cut = outage("after", "POST /v1/payment_intents", times=1)
    with cut, pytest.raises(GatewayUnavailable):
        order(hold)

    hold.refresh_from_db()
    assert hold.status == HoldStatus.ACTIVE
    assert order(hold).status == OrderStatus.PAID
    assert intents() == ["succeeded"]
    assert_books_are_right()


@pytest.mark.parametrize("moment", ["before", "after"])
def test_silence_at_the_confirmation_keeps_the_hold_and_tells_no_lie(moment):
    hold = held()

    with outage(moment, "/confirm"):
        placed = order(hold)

    hold.refresh_from_db()
    assert (placed.status, hold.status) == (OrderStatus.PENDING, HoldStatus.PAYING)
    assert PaymentAttempt.objects.get().status == AttemptStatus.STARTED


def test_after_the_lease_the_buyer_finds_out_that_it_was_paid():
    hold = held()
    with outage("after", "/confirm"):
        order(hold)

    again = order(hold, now=LEASE_OVER)

    assert again.status == OrderStatus.PAID
    assert charges() == ["succeeded"]
    assert_books_are_right(LEASE_OVER)


def test_after_the_lease_an_attempt_that_never_arrived_is_made_again():
    hold = held()
    with outage("before", "/confirm"):
        order(hold)

    again = order(hold, now=LEASE_OVER)

    assert again.status == OrderStatus.PAID
    assert (charges(), intents()) == (["succeeded"], ["succeeded"])
    statuses = PaymentAttempt.objects.order_by("pk").values_list("status", flat=True)
    assert list(statuses) == [AttemptStatus.ABANDONED, AttemptStatus.SUCCEEDED]
    assert_books_are_right(LEASE_OVER)


def test_a_payment_that_is_processing_keeps_the_tickets():
    hold = held()

    with switched(processing=True):
        placed = order(hold)

    hold.refresh_from_db()
    assert placed.payments.get().status == PaymentStatus.PROCESSING
    assert hold.status == HoldStatus.PAYING
    assert_books_are_right()


# Cancelling


def test_a_buyer_may_cancel_before_paying():
    hold = held()
    with pytest.raises(services.CardDeclined):
        order(hold, DECLINED)

    cancelled = services.cancel_order(order=Order.objects.get(), now=NOON)

    hold.refresh_from_db()
    assert (cancelled.status, hold.status) == (
        OrderStatus.CANCELLED,
        HoldStatus.RELEASED,
    )
    assert intents() == ["canceled"]
    assert tickets(hold) == ["available"] * 4
    assert_books_are_right()


def test_cancelling_during_a_challenge_asks_the_provider_first():
    hold = held()
    placed = challenged(hold)

    services.cancel_order(order=placed, now=NOON)

    assert intents() == ["canceled"]
    assert tickets(hold) == ["available"] * 4
    assert_books_are_right()


def test_cancelling_what_the_provider_has_charged_honours_it():
    hold = held()
    placed = challenged(hold)
    answer_challenge(challenge_url(placed))

    with pytest.raises(services.OrderPaid):
        services.cancel_order(order=placed, now=NOON)

    placed.refresh_from_db()
    assert placed.status == OrderStatus.PAID
    assert tickets(hold).count("sold") == 2
    assert_books_are_right()


def test_cancelling_waits_when_the_provider_does_not_answer():
    hold = held()
    placed = challenged(hold)

    with outage("before"), pytest.raises(services.PaymentUnknown):
        services.cancel_order(order=placed, now=NOON)

    placed.refresh_from_db()
    hold.refresh_from_db()
    assert (placed.status, hold.status) == (OrderStatus.PENDING, HoldStatus.PAYING)


def test_cancelling_twice_is_no_error_and_a_cancelled_order_is_not_paid():
    hold = held()
    with pytest.raises(services.CardDeclined):
        order(hold, DECLINED)
    placed = Order.objects.get()
    services.cancel_order(order=placed, now=NOON)

    services.cancel_order(order=placed, now=NOON)

    with pytest.raises(services.OrderClosed):
        services.pay_order(order=placed, payment_method=token(), now=NOON)
    with pytest.raises(services.OrderClosed):
        order(hold)
    assert charges() == ["failed"]


# The network


def test_no_provider_call_is_made_inside_a_transaction():
    gateway, hold = get_gateway(), held()

    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        gateway.create_intent(
            amount=5000, currency="GBP", key="k", customer=None, metadata={}
        )
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        order(hold)

    assert not at_provider("payment_intent")


def test_card_numbers_are_in_none_of_our_tables(caplog):
    for number in [VISA, ALWAYS_ASKS]:
        order(held(), number)
    with pytest.raises(services.CardDeclined):
        order(held(), DECLINED)

    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT string_agg(t::text, ' ') FROM \"{table}\" AS t")
            [text] = cursor.fetchone()
            for number in [VISA, ALWAYS_ASKS, DECLINED]:
                assert number not in (text or ""), table
    assert VISA not in caplog.text
