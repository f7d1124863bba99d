from datetime import timedelta

import pytest
from django.utils import timezone

from inventory import services as inventory
from inventory.models import HoldStatus
from payments import services
from payments.gateways.sandbox.switches import switched
from payments.models import Order, OrderStatus, Refund, RefundReason
from payments.services import repaying
from tests.crash.dying import assert_provider_and_books_agree, every_death
from tests.crash.test_surplus_crashes import ask_anew
from tests.factories import NOON
from tests.paying import (
    ALWAYS_ASKS,
    answer_challenge,
    assert_books_are_right,
    at_provider,
    challenge_url,
    challenged,
    deliver,
    held,
    order,
    paid,
    token,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]
LEASE_OVER = NOON + timedelta(seconds=121)
SOON = NOON + timedelta(minutes=5)
THE_END = NOON + timedelta(minutes=20)


def sweep(now) -> None:
    inventory.release_expired_holds(now=now, limit=100)
    services.sweep_payments(now=now, limit=100)
    services.pay_refunds(now=now, limit=100)


def assert_sound(now) -> None:
    assert_books_are_right(now)
    assert_provider_and_books_agree()


def test_a_buyer_whose_payment_died_is_helped_by_the_sweeps_alone():
    """Killed before and after each commit and call; five minutes later all is well."""
    hold = None

    def prepare():
        nonlocal hold
        hold, card = held(), token()
        return lambda: order(hold, payment_method=card)

    for at in every_death(prepare, at_least=16):
        sweep(LEASE_OVER)
        assert_sound(SOON)
        sweep(THE_END)
        hold.refresh_from_db()
        placed = Order.objects.filter(hold=hold).first()
        bought = hold.status == HoldStatus.CONVERTED
        assert bought == bool(placed and placed.status == OrderStatus.PAID), at
        assert bought or hold.status == HoldStatus.EXPIRED, at
        assert_sound(THE_END)


def test_a_buyer_whose_payment_died_and_who_tries_again_pays_once():
    hold = None

    def prepare():
        nonlocal hold
        hold, card = held(), token()
        return lambda: order(hold, payment_method=card)

    for at in every_death(prepare, at_least=16):
        again = order(hold, now=LEASE_OVER)
        assert again.status == OrderStatus.PAID, at
        assert_sound(LEASE_OVER)


def test_a_free_order_is_whole_or_not_at_all():
    hold = None

    def prepare():
        nonlocal hold
        hold = held(unit_amount=0)
        return lambda: order(hold, payment_method=None)

    for at in every_death(prepare, at_least=6):
        assert_sound(LEASE_OVER)
        assert order(hold).status == OrderStatus.PAID, at


def test_a_challenge_survives_the_death_of_whoever_asked_for_it():
    hold = None

    def prepare():
        nonlocal hold
        hold, card = held(), token(ALWAYS_ASKS)
        return lambda: order(hold, payment_method=card)

    for at in every_death(prepare, at_least=16):
        sweep(LEASE_OVER)
        assert_sound(SOON)
        sweep(THE_END)
        hold.refresh_from_db()
        assert hold.status == HoldStatus.EXPIRED, at
        assert_sound(THE_END)


def test_a_worker_that_dies_over_a_webhook_leaves_it_to_the_next():
    placed = None

    def prepare():
        nonlocal placed
        placed = challenged(held())
        answer_challenge(challenge_url(placed))
        deliver()
        return lambda: services.process_events(now=timezone.now(), limit=100)

    for at in every_death(prepare, at_least=8):
        services.process_events(now=timezone.now() + timedelta(minutes=2), limit=100)
        placed.refresh_from_db()
        assert placed.status == OrderStatus.PAID, at
        assert_sound(NOON)


def test_a_worker_that_dies_over_a_sweep_leaves_it_to_the_next():
    hold = None

    def prepare():
        nonlocal hold
        hold = held()
        challenged(hold)
        return lambda: services.sweep_payments(now=hold.expires_at, limit=100)

    for at in every_death(prepare, at_least=7):
        sweep(THE_END)
        hold.refresh_from_db()
        assert hold.status == HoldStatus.EXPIRED, at
        assert_sound(THE_END)


def a_worker_dies_over_a_refund() -> None:
    """Of one ticket: of all the provider itself would pay no second one."""

    def prepare():
        placed = paid()
        services.refund_lines(
            order=placed,
            lines=[placed.lines.first()],
            reason=RefundReason.STAFF,
            by=None,
            now=NOON,
        )
        return lambda: services.pay_refunds(now=NOON, limit=100)

    for _ in every_death(prepare, at_least=3):
        services.pay_refunds(now=THE_END, limit=100)
        assert len(at_provider("refund")) == 1
        assert_sound(THE_END)


def test_a_worker_that_dies_over_a_refund_pays_it_once():
    a_worker_dies_over_a_refund()


def test_with_a_new_key_for_each_try_it_pays_twice(monkeypatch):
    """The control: nor is the provider asked first which refunds it has made."""
    monkeypatch.setattr(repaying, "_ask_for", ask_anew)

    with pytest.raises(AssertionError, match="assert 2 == 1"):
        a_worker_dies_over_a_refund()


def test_a_worker_that_dies_over_a_short_balance_pays_once_it_is_topped_up():
    """Before and after it took a new key: the old one, or the new one, pays once."""

    def prepare():
        services.refund_order(order=paid(), by=None, now=NOON)
        return lambda: services.pay_refunds(now=NOON, limit=100)

    with switched(balance_is_short=True):
        for _ in every_death(prepare, at_least=5):
            with switched(balance_is_short=False):
                for hours in (1, 2, 3):
                    later = NOON + timedelta(hours=hours)
                    services.pay_refunds(now=later, limit=100)
                assert not Refund.objects.exclude(status="succeeded").exists()
                assert len(at_provider("refund")) == Refund.objects.count() == 1
                assert_sound(THE_END)


def test_a_refund_that_was_being_ordered_is_ordered_whole_or_not_at_all():
    placed = None

    def prepare():
        nonlocal placed
        placed = paid()
        return lambda: services.refund_order(order=placed, by=None, now=NOON)

    for _ in every_death(prepare, at_least=2):
        assert_sound(NOON)
        services.refund_order(order=placed, by=None, now=NOON)
        services.pay_refunds(now=NOON, limit=100)
        assert_sound(NOON)


def test_cancelling_dies_without_losing_anything():
    hold = None

    def prepare():
        nonlocal hold
        hold = held()
        placed = challenged(hold)
        return lambda: services.cancel_order(order=placed, now=NOON)

    for at in every_death(prepare, at_least=6):
        assert_sound(NOON)
        services.cancel_order(order=Order.objects.get(hold=hold), now=NOON)
        hold.refresh_from_db()
        assert hold.status == HoldStatus.RELEASED, at
        assert_sound(NOON)
