"""A card that is taken pays for what is held; and what is never done with one."""

import pytest
from django.db import connection, transaction

from events.models import EventStatus
from inventory import services as inventory
from inventory.models import HoldStatus
from notifications.models import Notification
from payments import services
from payments.gateways import PaymentMethodRefused, get_gateway
from payments.models import LedgerEntry, Order, OrderStatus, Payment, PaymentStatus
from tests.factories import NOON
from tests.paying import (
    ALWAYS_ASKS,
    DECLINED,
    VISA,
    assert_books_are_right,
    at_provider,
    charges,
    held,
    order,
    tickets,
)

pytestmark = pytest.mark.django_db


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
