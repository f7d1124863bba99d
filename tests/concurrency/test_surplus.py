"""Many who hear at once of money on a payment that had ended.

The guards: the question whose money it is (`surplus.is_surplus`), asked under the
order's lock (`books.lock`), and the key of the refund, which is the payment's.
"""

from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from payments import services
from payments.models import OrderStatus, Payment, Refund
from payments.services import surplus
from tests import beside
from tests.cases.test_case_01_paid_after_the_hold_ran_out import (
    forget_what_happened_before,
)
from tests.concurrency.racing import ROUNDS, breaks_within, race
from tests.concurrency.test_settling import take_out_the_orders_lock
from tests.crash.dying import assert_provider_and_books_agree
from tests.factories import NOON
from tests.paying import assert_books_are_right, deliver, held, token

pytestmark = pytest.mark.django_db(transaction=True)
SOON = NOON + timedelta(minutes=1)


def never_ask_whose_it_is(monkeypatch) -> None:
    monkeypatch.setattr(surplus, "is_surplus", lambda order, payment: False)


def assert_paid_once(placed) -> None:
    placed.refresh_from_db()
    assert (placed.status, placed.lines.count()) == (OrderStatus.PAID, 2)
    assert placed.payments.filter(status="succeeded", surplus=False).count() == 1
    assert beside.balance(placed) == placed.amount
    assert_books_are_right(SOON)
    assert_provider_and_books_agree()


# The webhook, beside the second payment's own settling --------------------------------


def both_are_heard_of_at_once() -> None:
    placed, first = beside.with_another_unanswered(held())
    second = placed.payments.exclude(pk=first.pk).get()
    beside.take_by_hand(first)
    deliver()

    hear = partial(services.process_events, now=timezone.now(), limit=2)
    ask = partial(services.ask_about, payment=second, now=SOON)
    told = race([hear, hear, ask, ask])

    assert not [each for each in told if isinstance(each, Exception)], told
    beside.hear()
    beside.assert_gives_back_once(placed, first)
    assert_paid_once(placed)


def test_the_second_payment_buys_and_the_first_goes_back():
    for _ in range(5):
        both_are_heard_of_at_once()


def test_without_asking_whose_it_is_one_of_them_is_lost(monkeypatch):
    never_ask_whose_it_is(monkeypatch)

    assert breaks_within(ROUNDS, both_are_heard_of_at_once)


def test_without_the_orders_lock_both_are_settled_at_once(monkeypatch):
    take_out_the_orders_lock(monkeypatch)

    assert breaks_within(ROUNDS, both_are_heard_of_at_once)


# A second payment that is just begun --------------------------------------------------


def another_card_is_tried_as_the_first_comes() -> None:
    """Either buys the tickets; what the other took, if it did, goes back."""
    placed, first = beside.abandoned(held())
    card = token()
    beside.take_by_hand(first)

    pay = partial(services.pay_order, order=placed, payment_method=card, now=SOON)
    told = race([pay, partial(services.ask_about, payment=first, now=SOON)])

    assert not [each for each in told if isinstance(each, Exception)], told
    services.pay_refunds(now=SOON, limit=10)
    assert_paid_once(placed)


def test_a_card_tried_as_the_first_money_comes_is_not_paid_besides():
    for _ in range(10):
        another_card_is_tried_as_the_first_comes()


def test_without_asking_whose_it_is_the_news_meets_the_other_card(monkeypatch):
    never_ask_whose_it_is(monkeypatch)

    assert breaks_within(ROUNDS, another_card_is_tried_as_the_first_comes)


# The same news twice, at once ---------------------------------------------------------


def the_same_news_comes_often() -> None:
    placed, first = beside.paid_with_another(held())
    beside.take_by_hand(first)
    deliver()

    ask = partial(services.ask_about, payment=first, now=SOON)
    hear = partial(services.process_events, now=timezone.now(), limit=1)
    told = race([ask, ask, ask, hear, hear])

    assert not [each for each in told if isinstance(each, Exception)], told
    beside.assert_gives_back_once(placed, first)
    assert_paid_once(placed)


def test_the_same_news_at_once_gives_back_once():
    for _ in range(5):
        the_same_news_comes_often()


def test_without_the_orders_lock_the_same_news_runs_into_itself(monkeypatch):
    take_out_the_orders_lock(monkeypatch)

    assert breaks_within(ROUNDS, the_same_news_comes_often)


def one_refund_however_often_it_is_owed() -> None:
    _, first = beside.paid_with_another(held())
    beside.take_by_hand(first)
    stale = Payment.objects.get(pk=first.pk)

    race([partial(services.ask_about, payment=stale, now=SOON)] * 8)

    assert Refund.objects.filter(payment=first).count() == 1
    assert_books_are_right(SOON)


def test_by_its_key_it_is_owed_once_whatever_else_fails(monkeypatch):
    forget_what_happened_before(monkeypatch)

    for _ in range(3):
        one_refund_however_often_it_is_owed()


def test_without_its_key_it_is_owed_again(monkeypatch):
    def owe_anew(*, key, defaults):
        return Refund.objects.create(**defaults), True

    forget_what_happened_before(monkeypatch)
    monkeypatch.setattr(Refund.objects, "get_or_create", owe_anew)

    assert breaks_within(ROUNDS, one_refund_however_often_it_is_owed)
