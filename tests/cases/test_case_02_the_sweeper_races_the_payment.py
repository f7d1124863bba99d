"""Case 2. The sweeper wants the tickets back while the buyer is paying for them.

The intent is cancelled at the provider first. Only if that succeeds are the
tickets freed; if it says that it has the money, the order is honoured; if it does
not answer, the hold stays, flagged for staff.

The guard is the order of things in `asking.cancel_payment`: the provider, then
us. With it turned round, somebody pays for tickets that were freed.
"""

from datetime import timedelta
from functools import partial

import pytest

from inventory.models import HoldStatus
from payments import services
from payments.gateways import IntentStatus, get_gateway
from payments.gateways.sandbox.switches import outage
from payments.models import Order, OrderStatus, Payment, PaymentStatus
from payments.services import asking, settling
from tests.concurrency.racing import ROUNDS, breaks_within, race
from tests.crash.dying import assert_provider_and_books_agree
from tests.paying import (
    answer_challenge,
    assert_books_are_right,
    at_provider,
    challenge_url,
    challenged,
    held,
)

pytestmark = pytest.mark.django_db(transaction=True)


def free_first_and_cancel_then(*, payment: Payment, now) -> None:
    """What many do: give the tickets back, and tell the provider afterwards."""
    intent = get_gateway().retrieve_intent(intent_id=payment.intent_id)
    gone = {name: getattr(intent, name) for name in intent.__slots__}
    gone = type(intent)(**gone | {"status": IntentStatus.CANCELED})
    settling.apply_intent(payment=payment, intent=gone, now=now)
    get_gateway().cancel_intent(intent_id=payment.intent_id)


def the_last_second() -> None:
    """The buyer's bank agrees at the very moment when the sweep comes."""
    hold = held()
    placed = challenged(hold)
    url = challenge_url(placed)

    race(
        [
            partial(answer_challenge, url),
            partial(services.sweep_payments, now=hold.expires_at, limit=100),
        ]
    )

    after = hold.expires_at + timedelta(minutes=1)
    services.sweep_payments(now=after, limit=100)
    hold.refresh_from_db()
    placed.refresh_from_db()
    charged = placed.status == OrderStatus.PAID
    assert charged == (hold.status == HoldStatus.CONVERTED)
    assert_provider_and_books_agree()
    assert_books_are_right(after)


def test_case_02_whoever_wins_the_last_second_all_is_well():
    for _ in range(6):
        the_last_second()

    assert Order.objects.count() == 6


def test_case_02_with_the_order_turned_round_somebody_pays_for_nothing(monkeypatch):
    monkeypatch.setattr(asking, "cancel_payment", free_first_and_cancel_then)

    assert breaks_within(ROUNDS, the_last_second)


def test_case_02_what_the_provider_cancelled_is_freed():
    hold = held()
    challenged(hold)

    services.sweep_payments(now=hold.expires_at, limit=100)

    hold.refresh_from_db()
    assert hold.status == HoldStatus.EXPIRED
    assert at_provider("payment_intent")[0]["status"] == "canceled"


def test_case_02_what_the_provider_has_charged_is_honoured():
    hold = held()
    placed = challenged(hold)
    answer_challenge(challenge_url(placed))

    services.sweep_payments(now=hold.expires_at, limit=100)

    placed.refresh_from_db()
    assert placed.status == OrderStatus.PAID


@pytest.mark.parametrize("moment", ["before", "after"])
def test_case_02_while_the_provider_is_silent_the_hold_stays_flagged(moment):
    hold = held()
    placed = challenged(hold)

    with outage(moment):
        services.sweep_payments(now=hold.expires_at, limit=100)

    hold.refresh_from_db()
    payment = placed.payments.get()
    assert hold.status == HoldStatus.PAYING
    assert (payment.status, bool(payment.flag)) == (PaymentStatus.REQUIRES_ACTION, True)
    assert hold.tickets.filter(status="held").count() == 2
