"""Kill -9 over money on a payment that had ended: it goes back, and once."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from payments import services
from payments.gateways import get_gateway
from payments.models import Payment
from payments.services import repaying
from tests import beside
from tests.crash.dying import assert_provider_and_books_agree, every_death
from tests.factories import NOON
from tests.paying import assert_books_are_right, at_provider, deliver, held

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(900)]
MINUTE = timedelta(minutes=1)


def hear_and_pay(minutes: int = 0) -> None:
    services.process_events(now=timezone.now() + minutes * MINUTE, limit=100)
    services.pay_refunds(now=NOON + minutes * MINUTE, limit=100)


def compare_and_pay() -> None:
    beside.compare(repair=True)
    services.pay_refunds(now=NOON, limit=100)


def refunds_of(payment: Payment) -> list[int]:
    made = at_provider("refund")
    return [r["amount"] for r in made if r["payment_intent"] == payment.intent_id]


def it_goes_back_by_whoever_comes_next(story, work) -> None:
    """The worker dies; the next one comes after its leases are over."""
    placed, first = None, None

    def prepare():
        nonlocal placed, first
        placed, first = story(held())
        beside.take_by_hand(first)
        deliver()
        return work

    for _ in every_death(prepare, at_least=15):
        hear_and_pay(minutes=2)
        beside.assert_gives_back_once(placed, first)
        assert refunds_of(first) == [5000]
        assert_books_are_right(NOON + 3 * MINUTE)
        assert_provider_and_books_agree()


@pytest.mark.parametrize("work", [hear_and_pay, compare_and_pay])
@pytest.mark.parametrize("story", [beside.paid_with_another, beside.given_up])
def test_it_goes_back_once_wherever_the_worker_died(story, work):
    it_goes_back_by_whoever_comes_next(story, work)


def ask_anew(refund, now):
    return get_gateway().refund(
        intent_id=refund.payment.intent_id,
        amount=refund.amount,
        currency=refund.currency,
        key=uuid4().hex,
        reference=uuid4().hex,
    )


def test_with_a_new_key_for_each_try_it_does_not(monkeypatch):
    """The control: nor is the provider asked first which refunds it has made."""
    monkeypatch.setattr(repaying, "_ask_for", ask_anew)

    with pytest.raises(AssertionError):
        it_goes_back_by_whoever_comes_next(beside.paid_with_another, hear_and_pay)
