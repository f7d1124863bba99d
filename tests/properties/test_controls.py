"""With a guard taken out, the machine must find what goes wrong without it.

A search ends with the first program that fails, without looking for the shortest
one; where that takes minutes it is slow, and an evening written by hand stands
beside it.
"""

from dataclasses import replace
from datetime import datetime
from uuid import uuid4

import pytest
from django.db import transaction
from django.db.models import Value

from inventory import availability, documents
from inventory import services as inventory
from inventory.listing import cards
from inventory.models import Ticket, TicketStatus
from inventory.models.waitlist import WaitlistEntryQuerySet
from inventory.services.holds import quote_of
from payments.gateways import get_gateway
from payments.models import RefundReason
from payments.services import asking, books, refunds, repaying, surplus, sweeping
from payments.services.errors import PaymentStuck
from tests.properties.remembering import complaints_at_rest
from tests.properties.running import DEFAULT, run, tonight

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(900)]
BUDGET = replace(DEFAULT, examples=200, shrinks=False)


@pytest.fixture
def a_sweep_that_frees_first(monkeypatch):
    def free_first(payment, now: datetime) -> None:
        inventory.free_paying_hold(hold=payment.order.hold, now=now)
        asking.cancel_payment(payment=payment, now=now)

    monkeypatch.setattr(sweeping, "_finish", free_first)


@pytest.fixture
def money_never_surplus(monkeypatch):
    monkeypatch.setattr(surplus, "is_surplus", lambda order, payment: False)


def test_finds_a_sweep_that_frees_tickets_first(a_sweep_that_frees_first):
    evening = tonight()
    evening.buy("ann", "stalls", 2, "asks", "fine")
    evening.time_passes(9, "cancel refused")

    with pytest.raises(AssertionError, match="under a payment that may still succeed"):
        evening.nothing_is_wrong()


@pytest.mark.slow
def test_searches_for_a_sweep_that_frees_tickets_first(a_sweep_that_frees_first):
    with pytest.raises(AssertionError, match="under a payment that may still succeed"):
        run(BUDGET)


def test_finds_a_refusal_to_cancel_that_is_taken_for_a_cancellation(monkeypatch):
    def take_no_for_an_end(payment, unknown, *, now: datetime) -> list[str]:
        if isinstance(unknown, PaymentStuck):
            inventory.free_paying_hold(hold=payment.order.hold, now=now)
        return []

    monkeypatch.setattr(sweeping, "note_unknown", take_no_for_an_end)

    evening = tonight()
    evening.buy("ann", "stalls", 2, "asks", "fine")
    evening.time_passes(9, "cancel refused")

    with pytest.raises(AssertionError, match="under a payment that may still succeed"):
        evening.nothing_is_wrong()


def test_hears_of_a_bug_that_a_job_has_met(monkeypatch):
    """The job logs it and goes on with the next payment."""

    def trip(payment, now: datetime) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(sweeping, "_finish", trip)

    evening = tonight()
    evening.buy("ann", "stalls", 2, "asks", "fine")

    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        evening.time_passes(9, "fine")


def test_finds_money_on_a_cancelled_payment_taken_for_the_orders(money_never_surplus):
    with pytest.raises(AssertionError, match=r"is_one_live_per_order|charged"):
        an_evening_that_pays_twice()


@pytest.mark.slow
def test_searches_for_money_taken_for_the_orders(money_never_surplus):
    with pytest.raises(AssertionError, match=r"is_one_live_per_order|charged"):
        run(BUDGET)


def test_finds_money_on_a_cancelled_payment_that_is_kept(monkeypatch):
    def keep(order, payment, intent, *, now: datetime) -> None:
        amount = intent.amount_received
        books.capture(
            payment, intent_id=intent.id, amount=amount, surplus=True, now=now
        )

    monkeypatch.setattr(surplus, "give_back", keep)

    with pytest.raises(AssertionError, match="Surplus money goes back whole"):
        an_evening_that_pays_twice()


def an_evening_that_pays_twice() -> None:
    evening = tonight()
    evening.buy("ann", "stalls", 2, "asks", "fine")
    evening.look()
    evening.pay(0, "visa", "fine", True)
    evening.look()
    evening.take_a_cancelled_intent_by_hand(0)
    evening.nothing_is_wrong()
    evening.time_passes(9, "fine")
    evening.all_webhooks_come(False, 1)
    evening.process_webhooks("fine")
    evening.nothing_is_wrong()


def test_finds_tickets_that_stay_good_after_a_refund(monkeypatch):
    monkeypatch.setattr(refunds, "take_back", lambda order, lines, *, now: None)

    evening = tonight()
    evening.buy("ann", "stalls", 2, "visa", "fine")
    evening.look()
    evening.refund(0, 0, RefundReason.STAFF)
    evening.pay_refunds("fine")
    evening.look()

    [complaint] = complaints_at_rest(evening.view)
    assert "its tickets are good" in complaint


# What is shown


def show_prices_without_the_fee(monkeypatch) -> None:
    price_of = cards.price_of

    def unit_first(quote, *names):
        return price_of(quote, *names) | {
            "total": cards.money(quote.unit_amount, quote.currency)
        }

    monkeypatch.setattr(cards, "price_of", unit_first)


def show_one_too_many(monkeypatch) -> None:
    monkeypatch.setattr(
        availability.TypeFacts, "left", property(lambda facts: facts.available + 1)
    )


def show_no_fall_to_come(monkeypatch) -> None:
    monkeypatch.setattr(
        availability.EventFacts, "next_fall_of", lambda event, facts, now: None
    )


def show_a_hold_at_its_old_price(monkeypatch) -> None:
    monkeypatch.setattr(documents, "price_shown", lambda hold, now: quote_of(hold))


def show_everybody_as_the_first_in_line(monkeypatch) -> None:
    def with_ahead(entries):
        return entries.annotate(ahead=Value(0))

    monkeypatch.setattr(WaitlistEntryQuerySet, "with_ahead", with_ahead)


@pytest.mark.parametrize(
    ("lie", "told"),
    [
        (show_prices_without_the_fee, "stalls is shown as"),
        (show_one_too_many, "stalls is shown as"),
        (show_no_fall_to_come, "stalls is shown as"),
        (show_a_hold_at_its_old_price, "A hold is shown at"),
        (show_everybody_as_the_first_in_line, "are shown ahead"),
    ],
)
def test_finds_what_is_shown_and_is_not_so(lie, told, monkeypatch):
    lie(monkeypatch)

    evening = tonight()
    evening.hold("ann", "stalls", 2)
    evening.hold("bob", "balcony", 2)
    for who in ("cat", "dan"):
        evening.join_waitlist(who, "balcony", 1, None, 12)
    evening.schedule_a_lower_price("stalls", 999, 30)
    evening.schedule_a_lower_price("stalls", 500, 600)
    evening.a_moment_passes(60)

    with pytest.raises(AssertionError, match=told):
        evening.nothing_is_wrong()


def test_finds_tickets_that_are_sold_again_after_a_refund(monkeypatch):
    @transaction.atomic
    def put_back(*, tickets, now: datetime) -> None:
        Ticket.objects.filter(pk__in=[ticket.pk for ticket in tickets]).update(
            status=TicketStatus.AVAILABLE, hold=None
        )

    monkeypatch.setattr(inventory, "return_tickets", put_back)

    with pytest.raises(AssertionError, match="A ticket that was sold is"):
        run(BUDGET)


def test_finds_refunds_that_are_paid_again_when_the_reply_is_lost(monkeypatch):
    def ask_anew(refund, now: datetime):
        return get_gateway().refund(
            intent_id=refund.payment.intent_id,
            amount=refund.amount,
            currency=refund.currency,
            key=uuid4().hex,
            reference=uuid4().hex,
        )

    monkeypatch.setattr(repaying, "_ask_for", ask_anew)

    evening = tonight()
    evening.buy("ann", "stalls", 2, "visa", "fine")
    evening.nothing_is_wrong()
    evening.refund(0, 1, "staff")
    evening.pay_refunds("cut after refund")
    evening.nothing_is_wrong()

    with pytest.raises(AssertionError, match="made by nobody"):
        time_goes_on(evening)


def time_goes_on(evening) -> None:
    for _ in range(3):
        evening.time_passes(3, "fine")
        evening.nothing_is_wrong()
        evening.all_webhooks_come(False, 1)
        evening.process_webhooks("fine")
        evening.nothing_is_wrong()
