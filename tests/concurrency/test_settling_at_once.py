"""Money that buys what it was asked for, in one statement that looks as it acts.

The guards are the conditions of `at_once.SETTLE`, each of which leaves the payment to
the careful way of `settling`; the lock of order and payment before it (`books.LOCK`);
and its own of the hold. Each story ends with the audit, as far as its beginning lets
it, and has a control without its guard.
"""

from datetime import timedelta
from functools import partial

import pytest
from django.db import DatabaseError, transaction

from events.models import Event, EventStatus
from inventory import services as inventory
from inventory.models import HoldStatus, Ticket, WaitlistStatus
from inventory.services import quoting
from notifications.models import Notification
from payments import services
from payments.gateways import CardDetails, Intent, IntentStatus
from payments.models import (
    Incident,
    LedgerEntry,
    Order,
    OrderLine,
    OrderStatus,
    Payment,
    PaymentAttempt,
    Refund,
    RefundReason,
    SavedCard,
)
from payments.services import at_once, books, opening
from tests import factories as make
from tests import lining_up
from tests.concurrency.racing import Rival, race
from tests.factories import NOON
from tests.paying import assert_books_are_right, held

pytestmark = pytest.mark.django_db(transaction=True)
CARD = CardDetails(id="pm_1", brand="visa", last4="4242", exp_month=12, exp_year=2034)


def asked(hold=None, *, save_card=False) -> Payment:
    """The payment of a first order whose card is being asked."""
    hold = hold or held()
    price = quoting.price_due(hold=hold, now=NOON)
    turn = opening.open_order(hold=hold, price=price, customer="", now=NOON)
    opening.begin_attempt(
        turn,
        opening.Opened(f"pi_{turn.payment.pk}", "secret"),
        payment_method="pm_1",
        customer="",
        save_card=save_card,
        now=NOON,
    )
    return turn.payment


def pays(payment: Payment, *, now=NOON, **told) -> Order:
    told = {"amount_received": payment.amount, "currency": payment.currency} | told
    intent = Intent(
        id=f"pi_{payment.pk}",
        status=IntentStatus.SUCCEEDED,
        amount=payment.amount,
        client_secret="secret",
        card=CARD,
        **told,
    )
    return services.apply_intent(payment=payment, intent=intent, now=now)


def goes_back(payment: Payment, reason: RefundReason) -> None:
    refunds = Refund.objects.filter(payment=payment)
    assert [refund.reason for refund in refunds] == [reason]
    assert not OrderLine.objects.filter(order=payment.order).exists()


# What every payment comes to, by whichever way ----------------------------------------


def rows_of(order: Order) -> list:
    """All that is written of an order, but for ids and what is drawn by lot."""
    found = [
        order.payments.values_list("status", "amount", "succeeded_at", "flag"),
        Order.objects.filter(pk=order.pk).values_list("status", "amount", "paid_at"),
        PaymentAttempt.objects.filter(payment__order=order).values_list("status"),
        order.hold.tickets.order_by("slot").values_list("status"),
        order.lines.order_by("pk").values_list(
            "unit_amount", "fee_amount", "tax_amount", "total_amount", "returned_at"
        ),
        order.ledger_entries.values_list("kind", "amount", "currency"),
        Notification.objects.filter(user=order.user_id).values_list(
            "kind", "title", "status", "attempts", "send_after", "expires_at", "payload"
        ),
    ]
    order.hold.refresh_from_db()
    return [list(rows) for rows in found] + [order.hold.status, order.hold.lease_until]


def test_both_ways_write_the_same():
    show = make.event()
    quick, careful = asked(held(event=show)), asked(held(event=show))

    pays(quick)
    pays(Payment.objects.get(pk=careful.pk))

    assert rows_of(quick.order) == rows_of(careful.order)
    assert_books_are_right()


def test_the_lines_of_an_order_are_in_the_order_of_its_tickets():
    order = pays(asked(held(quantity=4)))

    lines = list(order.lines.order_by("pk").values_list("ticket", flat=True))
    assert lines == list(
        order.hold.tickets.order_by("slot").values_list("pk", flat=True)
    )


def test_the_usual_payment_takes_one_round_trip(django_assert_num_queries):
    payment = asked()

    with django_assert_num_queries(1):
        order = pays(payment)

    assert (order.status, order.hold.status) == (OrderStatus.PAID, HoldStatus.CONVERTED)
    assert_books_are_right()


def test_news_of_it_that_comes_again_changes_nothing():
    payment = asked()
    order = pays(payment)
    before = rows_of(order)

    pays(payment, now=NOON + timedelta(minutes=1))

    assert rows_of(order) == before


# What is left to the careful way ------------------------------------------------------


def money_that_is_short() -> None:
    payment = asked()

    pays(payment, amount_received=4999)

    goes_back(payment, RefundReason.MISMATCH)
    assert_books_are_right()


def money_of_another_country() -> None:
    payment = asked()

    pays(payment, currency="EUR")

    goes_back(payment, RefundReason.MISMATCH)
    assert_books_are_right()


def ends(payment: Payment) -> None:
    """And nobody may buy with it any more: what comes is a surplus (ADR 18)."""
    Payment.objects.filter(pk=payment.pk).update(status="failed")
    Event.objects.update(status=EventStatus.POSTPONED)


def money_on_a_payment_that_had_ended() -> None:
    payment = asked()
    ends(payment)

    pays(payment)

    goes_back(payment, RefundReason.SURPLUS)
    assert_books_are_right()


def money_for_an_order_that_is_paid() -> None:
    """That cannot be while its hold is being paid; so there is no audit."""
    payment = asked()
    Order.objects.filter(payments=payment).update(status="paid", paid_at=NOON)

    pays(payment)

    goes_back(payment, RefundReason.TOO_LATE)


def money_for_an_event_that_was_called_off() -> None:
    payment = asked()
    Event.objects.update(status=EventStatus.CANCELLED)

    pays(payment)

    goes_back(payment, RefundReason.EVENT_CANCELLED)
    assert_books_are_right()


def is_honoured_on_another_hold(order: Order, ended) -> None:
    assert order.hold_id != ended.pk
    assert Incident.objects.filter(order=order, kind="late_honoured").exists()
    assert_books_are_right(order.paid_at)


def money_for_a_hold_that_was_let_go_of() -> None:
    """After a decline it was the buyer's again, until its time was over."""
    payment = asked()
    hold = payment.order.hold
    inventory.pause_paying(hold=hold, now=NOON)

    order = pays(payment, now=hold.expires_at)

    is_honoured_on_another_hold(order, hold)


def money_for_an_offer() -> None:
    rush = make.ticket_type(stock=1)
    theirs = lining_up.held(rush)
    entry = lining_up.join(rush)
    inventory.release_hold(hold=theirs, now=NOON)

    pays(asked(lining_up.fresh(entry).hold))

    assert lining_up.fresh(entry).status == WaitlistStatus.PURCHASED
    assert_books_are_right()


def money_of_a_card_to_keep() -> None:
    pays(asked(save_card=True))

    assert [card.provider_id for card in SavedCard.objects.all()] == [CARD.id]
    assert_books_are_right()


def money_for_a_hold_that_is_short() -> None:
    payment = asked()
    one = payment.order.hold.tickets.first()
    Ticket.objects.filter(pk=one.pk).update(status="available", hold=None)

    [outcome] = race([partial(pays, payment)])

    assert isinstance(outcome, RuntimeError), outcome
    assert Order.objects.get().status == OrderStatus.PENDING
    assert not LedgerEntry.objects.exists()


# What happens while it waits ----------------------------------------------------------


def money_that_waits_while_its_payment_ends() -> None:
    payment = asked()
    money = Rival(partial(pays, payment))

    with transaction.atomic():
        ends(payment)
        money.start_and_run_as_far_as_it_can()

    assert isinstance(money.outcome(), Order), money.outcome()
    goes_back(payment, RefundReason.SURPLUS)
    assert_books_are_right()


def money_that_waits_while_its_hold_is_let_go_of() -> None:
    payment = asked()
    hold = payment.order.hold
    money = Rival(partial(pays, payment, now=hold.expires_at))

    with transaction.atomic():
        inventory.pause_paying(hold=hold, now=NOON)
        money.start_and_run_as_far_as_it_can()

    is_honoured_on_another_hold(money.outcome(), hold)


def test_money_that_waits_for_what_stays_its_own_is_settled():
    payment = asked()
    hold = payment.order.hold
    money = Rival(partial(pays, payment))

    with transaction.atomic():
        inventory.keep_paying(hold=hold, until=hold.expires_at)
        hold.tickets.update(status="held")
        money.start_and_run_as_far_as_it_can()

    assert (money.outcome().status, money.outcome().hold_id) == ("paid", hold.pk)
    assert_books_are_right()


def test_many_hear_of_the_same_money_by_both_ways():
    for _ in range(5):
        payment = asked()
        again = Payment.objects.get(pk=payment.pk)

        told = race([partial(pays, payment), partial(pays, again)] * 4)

        assert {order.status for order in told} == {OrderStatus.PAID}, told
        assert payment.order.ledger_entries.count() == 1
        assert Notification.objects.filter(user=payment.order.user_id).count() == 1
        assert_books_are_right()


HAS_ORDER = "FOR NO KEY UPDATE OF ordered, payment"
IS_OPEN = "payment.status IN ('created', 'requires_action', 'processing')"
GUARDS = [
    (money_that_is_short, "payment.amount = %(amount)s", "true"),
    (money_of_another_country, "payment.currency = %(currency)s", "true"),
    (money_on_a_payment_that_had_ended, IS_OPEN, "true"),
    (money_for_an_order_that_is_paid, "ordered.status = 'pending'", "true"),
    (money_for_an_event_that_was_called_off, "event.status <> 'cancelled'", "true"),
    (money_for_a_hold_that_was_let_go_of, "hold.status = 'paying'", "true"),
    (money_for_an_offer, "NOT hold.from_waitlist", "true"),
    (money_of_a_card_to_keep, "AND attempt.save_card", "AND false"),
    (
        money_for_a_hold_that_is_short,
        "due.quantity = (SELECT count(*) FROM held)",
        "true",
    ),
    (money_that_waits_while_its_payment_ends, HAS_ORDER, ""),
    (
        money_that_waits_while_its_hold_is_let_go_of,
        "FOR NO KEY UPDATE OF hold",
        "",
    ),
]
each_story = pytest.mark.parametrize(
    ("story", "guard", "instead"), GUARDS, ids=[story.__name__ for story, *_ in GUARDS]
)


@each_story
def test_money_that_is_not_as_usual_is_settled_with_care(story, guard, instead):
    story()


@each_story
def test_without_its_guard_it_is_taken_as_usual(story, guard, instead, monkeypatch):
    module, name = (books, "LOCK") if guard == HAS_ORDER else (at_once, "SETTLE")
    text = getattr(module, name)
    assert guard in text
    monkeypatch.setattr(module, name, text.replace(guard, instead))

    with pytest.raises((AssertionError, DatabaseError)):
        story()
