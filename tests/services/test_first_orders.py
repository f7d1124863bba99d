"""What a buyer is told and charged when something changes as they order."""

import pytest

from events.models import Event, EventStatus
from inventory import services as inventory
from inventory.models import Ticket, TicketType
from inventory.services import quoting
from payments import services
from payments.models import Order, OrderStatus, PaymentAttempt
from payments.services import books, cards, opening, settling
from tests.factories import NOON
from tests.paying import (
    DECLINED,
    assert_books_are_right,
    at_provider,
    held,
    order,
    token,
)

pytestmark = pytest.mark.django_db


def just_after(monkeypatch, name: str, then) -> None:
    """Let something happen between `cards.<name>` and what follows it."""
    look = getattr(cards, name)

    def looked(**wish):
        found = look(**wish)
        then()
        return found

    monkeypatch.setattr(cards, name, looked)


def without_a_card(hold, now) -> Order:
    return services.place_order(user=hold.user, hold=hold, payment_method=None, now=now)


def test_a_fall_while_the_provider_makes_a_customer_is_the_buyers(monkeypatch):
    hold = held(unit_amount=2500)
    reprice = TicketType.objects.update
    just_after(monkeypatch, "customer_for", lambda: reprice(unit_amount=100))

    placed = order(hold, save_card=True)

    assert (placed.status, placed.amount) == (OrderStatus.PAID, 200)
    assert [charge["amount"] for charge in at_provider("charge")] == [200]
    assert_books_are_right()


def test_an_expired_hold_is_told_before_a_card_is_asked_for():
    hold = held()

    with pytest.raises(inventory.HoldExpired) as refusal:
        without_a_card(hold, hold.expires_at)

    assert refusal.value.details["total"] == {"amount": 5000, "currency": "GBP"}


def test_a_cancelled_event_is_told_before_a_card_is_asked_for():
    hold = held()
    Event.objects.filter(pk=hold.event_id).update(status=EventStatus.CANCELLED)

    with pytest.raises(services.EventOff):
        without_a_card(hold, NOON)


def honour_late_money(placed: Order) -> None:
    """As `settling._settle_late` does for a hold that ended before the money came."""
    ended, payment = books.lock(placed.payments.get().pk)
    inventory.release_hold(hold=ended.hold, now=NOON)
    books.capture(payment, intent_id=payment.intent_id, amount=payment.amount, now=NOON)
    ended.hold = inventory.retake_tickets(hold=ended.hold, now=NOON)
    ended.save(update_fields=["hold"])
    settling._complete(ended, list(ended.hold.tickets.order_by("slot")), NOON)


def test_nobody_whose_order_is_paid_hears_that_nothing_was_charged(monkeypatch):
    hold = held()
    with pytest.raises(services.CardDeclined):
        order(hold, DECLINED)
    placed = Order.objects.select_related("hold", "user").get()
    honour = honour_late_money
    just_after(monkeypatch, "card_to_pay_with", lambda: honour(placed))

    found = services.pay_order(order=placed, payment_method=token(), now=NOON)

    assert (found.pk, found.status) == (placed.pk, OrderStatus.PAID)


def fields(row) -> dict:
    return {f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields}


def test_what_is_not_read_again_is_as_it_was_written():
    hold = held()
    price = quoting.price_due(hold=hold, now=NOON)

    turn = opening.open_order(hold=hold, price=price, customer="cus_1", now=NOON)
    first = [turn.order, turn.payment, turn.order.hold]
    assert [fields(row) for row in first] == [
        fields(type(row).objects.get(pk=row.pk)) for row in first
    ]

    attempt = opening.begin_attempt(
        turn,
        opening.Opened("pi_1", "secret"),
        payment_method="pm_1",
        customer="cus_1",
        save_card=True,
        now=NOON,
    )
    assert fields(attempt) == fields(PaymentAttempt.objects.get())
    assert turn.order.event.name == hold.event.name


def test_a_hold_that_is_short_of_tickets_sells_nothing():
    hold = held(quantity=2)
    Ticket.objects.filter(pk=hold.tickets.first().pk).update(
        status="available", hold=None
    )

    with pytest.raises(RuntimeError, match="of 2, not 1"):
        order(hold)

    assert Order.objects.get().status == OrderStatus.PENDING
