"""Money on a payment that we had ended, as another payment of its order lives."""

from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from payments import services
from payments.gateways.sandbox import intents
from payments.gateways.sandbox.calls import Call
from payments.gateways.sandbox.switches import outage
from payments.gateways.stripe import StripeGateway
from payments.models import LedgerEntry, Order, OrderStatus, Payment
from tests.crash.dying import assert_provider_and_books_agree
from tests.factories import NOON
from tests.paying import (
    ALWAYS_ASKS,
    VISA,
    assert_books_are_right,
    challenged,
    deliver,
    token,
)

LONG = timedelta(days=3650)


def take_by_hand(payment: Payment, number: str = VISA) -> None:
    """A person takes the money in the dashboard, or our cancellation never was."""
    take_intent_by_hand(payment.intent_id or "", number)


@transaction.atomic
def take_intent_by_hand(intent_id: str, number: str = VISA) -> None:
    params = {"payment_method": token(number)}
    call = Call(method="", path="", params=params, now=timezone.now())
    intents.take_by_hand(call, intent_id)
    call.write()


# Orders with a payment that has ended


def given_up(hold) -> tuple[Order, Payment]:
    """An order that its buyer cancelled, and its payment."""
    placed = services.cancel_order(order=challenged(hold), now=NOON)
    return placed, placed.payments.get()


def paid_with_another(hold) -> tuple[Order, Payment]:
    """An order that its second payment paid; and its first, which was cancelled."""
    return _another_card(challenged(hold), token())


def with_another_at_the_bank(hold) -> tuple[Order, Payment]:
    """An order whose second payment waits for the buyer; and its first."""
    return _another_card(challenged(hold), token(ALWAYS_ASKS))


def with_another_unanswered(hold) -> tuple[Order, Payment]:
    """An order whose second payment was charged, and the reply lost; and its first."""
    placed = challenged(hold)
    with outage("after", "/confirm"):
        return _another_card(placed, token())


def _another_card(placed: Order, card: str) -> tuple[Order, Payment]:
    first = placed.payments.get()
    services.pay_order(order=placed, payment_method=card, now=NOON)
    placed.refresh_from_db()
    first.refresh_from_db()
    assert first.status == "cancelled"
    return placed, first


def abandoned(hold) -> tuple[Order, Payment]:
    """A pending order that nobody pays for, while its hold is still the buyer's."""
    placed = challenged(hold)
    services.cancel_payment(payment=placed.payments.get(), now=NOON)
    assert placed.status == OrderStatus.PENDING
    return placed, placed.payments.get()


# Ways to hear of it


def by_webhook(payment: Payment) -> None:
    take_by_hand(payment)
    hear()


def hear() -> None:
    later = timezone.now() + timedelta(minutes=1)
    deliver(now=later)
    services.process_events(now=later, limit=100)


def by_asking(payment: Payment) -> None:
    take_by_hand(payment)
    services.ask_about(payment=payment, now=NOON)


def by_comparing(payment: Payment) -> None:
    take_by_hand(payment)
    compare(repair=True)


def compare(*, repair: bool):
    later = NOON + timedelta(minutes=5)
    return services.reconcile(now=later, since=NOON - LONG, repair=repair)


@contextmanager
def before_the_provider_is_asked(meanwhile):
    """Do `meanwhile` once, after a sweep took a payment up and before it asks."""
    left = [meanwhile]

    def after_it(call):
        def ask(gateway, **what):
            if left:
                left.pop()()
            return call(gateway, **what)

        return ask

    with pytest.MonkeyPatch.context() as patch:
        for name in ("retrieve_intent", "cancel_intent"):
            patch.setattr(StripeGateway, name, after_it(getattr(StripeGateway, name)))
        yield


def balance(placed: Order) -> int:
    entries = LedgerEntry.objects.filter(order=placed)
    return sum(entries.values_list("amount", flat=True))


def assert_sound(now: datetime = NOON) -> None:
    assert_books_are_right(now)
    assert_provider_and_books_agree()


def assert_gives_back_once(placed: Order, first: Payment) -> None:
    """The books have it, and all of it went back by the key of its payment."""
    services.pay_refunds(now=NOON + timedelta(minutes=1), limit=10)
    first.refresh_from_db()
    assert (first.status, first.surplus) == ("succeeded", True)
    [refund] = first.refunds.all()
    assert (refund.amount, refund.reason) == (5000, "surplus")
    assert (refund.status, refund.key) == ("succeeded", f"back-{first.key}")
    placed.refresh_from_db()
    bought = placed.status == OrderStatus.PAID
    assert balance(placed) == (placed.amount if bought else 0)
    assert placed.lines.count() == (2 if bought else 0)
