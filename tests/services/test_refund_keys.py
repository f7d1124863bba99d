"""Under which key a refund is asked for: one key pays at most once, and the
provider repeats for a day what it answered to it, refusals too.

The guards: only a definite "too low" takes a new key, and only for the try that was
told so.
"""

import pytest

from payments import services
from payments.gateways.sandbox.switches import outage, switched
from payments.models import Order, Refund, RefundStatus
from payments.services import refund_queue, repaying
from tests.factories import HOUR, MINUTE, NOON, SECOND
from tests.paying import ask, assert_books_are_right, at_provider, paid

pytestmark = pytest.mark.django_db


@pytest.fixture
def owed() -> Refund:
    return services.refund_order(order=paid(), by=None, now=NOON)


def pay(hours: int):
    return services.pay_refunds(now=NOON + hours * HOUR, limit=10)


def keys_asked_with() -> list[str]:
    return [refund["metadata"]["key"] for refund in at_provider("refund")]


def test_the_provider_repeats_its_refusal_to_the_same_key(owed):
    params = {"payment_intent": owed.payment.intent_id}
    with switched(balance_is_short=True):
        first = ask("POST", "/v1/refunds", params, key="k")

    again = ask("POST", "/v1/refunds", params, key="k")

    assert first[0] == 400
    assert first[:2] == again[:2]
    assert again[2]["Idempotent-Replayed"] == "true"
    assert ask("POST", "/v1/refunds", params, key="another")[0] == 200


def paid_once_the_balance_allows(owed):
    with switched(balance_is_short=True):
        assert (pay(0).waiting, pay(1).waiting) == (1, 1)
    assert pay(2).paid == 1
    owed.refresh_from_db()
    assert owed.status == RefundStatus.SUCCEEDED


def test_a_refund_that_was_put_off_is_paid_under_a_new_key_once(owed):
    first_key = owed.key

    paid_once_the_balance_allows(owed)

    assert keys_asked_with() == [owed.key] != [first_key]
    assert pay(3).paid == 0
    assert_books_are_right()


def test_under_its_old_key_it_would_not_be_paid_for_a_day(owed, monkeypatch):
    def keep_the_key(refund, now):
        refund_queue.put_off(refund, refund_queue.BALANCE_WAIT, "too low", now)

    monkeypatch.setattr(refund_queue, "try_anew", keep_the_key)

    with pytest.raises(AssertionError):
        paid_once_the_balance_allows(owed)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_after_a_silence_the_key_stays(owed, moment):
    with outage(moment, "POST /v1/refunds"):
        pay(0)

    assert Refund.objects.get().key == owed.key
    assert pay(1).paid == 1
    assert keys_asked_with() == [owed.key]
    assert_books_are_right()


def test_a_refusal_that_was_not_heard_is_heard_again_and_then_paid(owed):
    with switched(balance_is_short=True), outage("after", "POST /v1/refunds"):
        pay(0)

    assert (pay(1).waiting, pay(2).paid) == (1, 1)

    assert len(at_provider("refund")) == 1
    assert_books_are_right()


def test_a_worker_whose_time_was_over_changes_no_key_under_the_next_one(owed):
    late = refund_queue.claim(NOON)
    other = refund_queue.claim(NOON + HOUR)

    refund_queue.try_anew(late, NOON + HOUR)

    owed.refresh_from_db()
    assert (owed.key, owed.attempts) == (late.key, other.attempts)
    repaying._pay(other, repaying.Paid(), NOON + HOUR)
    assert keys_asked_with() == [late.key]
    assert_books_are_right()


def test_what_is_short_in_one_currency_is_paid_in_another():
    pounds, euros = paid(), paid(currency="EUR")
    for placed in (pounds, euros):
        services.refund_order(order=placed, by=None, now=NOON)

    with switched(balance_is_short="gbp"):
        run = pay(0)

    assert (run.paid, run.waiting) == (1, 1)
    assert [refund["currency"] for refund in at_provider("refund")] == ["eur"]


def test_what_is_short_keeps_no_other_currency_waiting():
    """However much of it is owed, and since when: twelve before, three a look."""
    euros = [services.refund_order(order=o, by=None, now=NOON) for o in twelve("EUR")]
    pounds = services.refund_order(order=paid(), by=None, now=NOON + SECOND)

    with switched(balance_is_short="eur"):
        for look in range(60):
            then = NOON + MINUTE + look * 10 * SECOND
            services.pay_refunds(now=then, limit=3)

    pounds.refresh_from_db()
    assert (pounds.status, pounds.attempts) == (RefundStatus.SUCCEEDED, 1)
    waiting = Refund.objects.filter(pk__in=[euro.pk for euro in euros])
    assert set(waiting.values_list("failure", flat=True)) == {refund_queue.TOO_LOW}
    tries = sorted(waiting.values_list("attempts", flat=True))
    assert tries == [0] * 11 + [2]  # One is asked for, every five minutes.
    assert services.pay_refunds(now=NOON + HOUR, limit=20).paid == 12
    assert_books_are_right(NOON + HOUR)


def twelve(currency: str) -> list[Order]:
    placed = [paid(currency=currency) for _ in range(12)]
    assert {each.currency for each in placed} == {currency}
    return placed


def test_one_that_was_tried_for_ever_does_not_stop_the_others(owed):
    others = services.refund_order(order=paid(), by=None, now=NOON)
    Refund.objects.filter(pk=owed.pk).update(attempts=32_767)

    assert pay(0).paid == 2

    others.refresh_from_db()
    assert others.status == RefundStatus.SUCCEEDED
