"""Case 2. The sweeper wants the tickets back while the buyer is paying for them.

The intent is cancelled at the provider first. Only if that succeeds are the
tickets freed; if it says that it has the money, the order is honoured; if it does
not answer, the hold stays, flagged for staff.

The guards: the order of things in `asking.cancel_payment`, the provider and then us;
with it turned round, somebody pays for tickets that were freed. That silence is no
answer there (PaymentUnknown), or the tickets go while the money may be on its way. That
a decline heard after the hold's end frees nothing by itself (`settling._decline`): the
intent takes another card until the sweep has cancelled it. That the sweep waits for the
lease of our own call (`sweeping._finish`), or it cancels what is being paid in the last
second. And the flag (`sweeping.note_unknown`), without which nobody sees the hold that
stays.
"""

from datetime import timedelta
from functools import partial

import pytest

from inventory import services as inventory
from inventory.models import HoldStatus
from payments import services
from payments.gateways import Intent, IntentStatus, get_gateway
from payments.gateways.sandbox.switches import Outage, outage, switched
from payments.models import Order, OrderStatus, Payment, PaymentStatus
from payments.services import asking, settling, sweeping
from tests.concurrency.racing import ROUNDS, breaks_within, race
from tests.crash.dying import assert_provider_and_books_agree
from tests.paying import (
    DECLINED,
    answer_challenge,
    assert_books_are_right,
    at_provider,
    challenge_url,
    challenged,
    held,
    order,
)

pytestmark = pytest.mark.django_db(transaction=True)
SECOND = timedelta(seconds=1)


def gone(payment: Payment) -> Intent:
    """The payment's intent as it would be, had the provider cancelled it."""
    return Intent(
        id=payment.intent_id or "",
        status=IntentStatus.CANCELED,
        amount=payment.amount,
        amount_received=0,
        currency=payment.currency,
        client_secret="",
    )


def free_first_and_cancel_then(*, payment: Payment, now) -> None:
    """What many do: give the tickets back, and tell the provider afterwards."""
    settling.apply_intent(payment=payment, intent=gone(payment), now=now)
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


def while_the_provider_is_silent_the_hold_stays_flagged(moment: str) -> None:
    hold = held()
    placed = challenged(hold)

    with outage(moment):
        services.sweep_payments(now=hold.expires_at, limit=100)

    hold.refresh_from_db()
    payment = placed.payments.get()
    assert hold.status == HoldStatus.PAYING
    assert (payment.status, bool(payment.flag)) == (PaymentStatus.REQUIRES_ACTION, True)
    assert hold.tickets.filter(status="held").count() == 2


@pytest.mark.parametrize("moment", ["before", "after"])
def test_case_02_while_the_provider_is_silent_the_hold_stays_flagged(moment):
    while_the_provider_is_silent_the_hold_stays_flagged(moment)


def take_silence_for_yes(monkeypatch) -> None:
    ask = asking.cancel_payment

    def cancel(*, payment: Payment, now) -> None:
        try:
            ask(payment=payment, now=now)
        except services.PaymentUnknown:
            settling.apply_intent(payment=payment, intent=gone(payment), now=now)

    monkeypatch.setattr(asking, "cancel_payment", cancel)


def take_out_the_flag(monkeypatch) -> None:
    monkeypatch.setattr(sweeping, "note_unknown", lambda *args, **given: [])


@pytest.mark.parametrize("guard_out", [take_silence_for_yes, take_out_the_flag])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_case_02_without_its_guards_silence_frees_the_tickets_or_is_not_seen(
    guard_out, moment, monkeypatch
):
    guard_out(monkeypatch)

    with pytest.raises(AssertionError):
        while_the_provider_is_silent_the_hold_stays_flagged(moment)


def a_decline_is_heard_when_the_hold_is_over() -> None:
    hold = held()
    with outage("after", "/confirm"):
        placed = order(hold, DECLINED)
    payment = placed.payments.get()

    services.ask_about(payment=payment, now=hold.expires_at)

    [intent] = at_provider("payment_intent")
    assert intent["status"] == "requires_payment_method"
    assert hold.tickets.filter(status="held").count() == 2
    services.sweep_payments(now=hold.expires_at, limit=100)
    [intent] = at_provider("payment_intent")
    assert intent["status"] == "canceled"
    assert not hold.tickets.exists()
    assert_books_are_right(hold.expires_at)


def test_case_02_a_decline_after_the_end_frees_what_its_intent_may_pay_no_more():
    a_decline_is_heard_when_the_hold_is_over()


def test_case_02_freed_by_the_decline_itself_they_can_still_be_paid_for(monkeypatch):
    def let_go(*, hold, until) -> None:
        inventory.pause_paying(hold=hold, now=until)

    monkeypatch.setattr(inventory, "keep_paying", let_go)

    with pytest.raises(AssertionError):
        a_decline_is_heard_when_the_hold_is_over()


class Slow(Outage):
    """The line is up, but a sweep comes by while the call is on its way."""

    def hits(self, call: str) -> bool:
        if super().hits(call):
            hold = Order.objects.get().hold
            services.sweep_payments(now=hold.expires_at + 20 * SECOND, limit=100)
        return False


def paid_in_the_last_second() -> None:
    hold = held()

    with switched(outages=[Slow("before", "/confirm")]):
        placed = order(hold, now=hold.expires_at - SECOND)

    assert placed.status == OrderStatus.PAID
    assert_books_are_right(hold.expires_at)


def test_case_02_what_is_being_paid_in_the_last_second_is_not_swept():
    paid_in_the_last_second()


def test_case_02_swept_before_its_call_has_had_its_time_it_is_not_paid(monkeypatch):
    monkeypatch.setattr(asking, "lease_is_over", lambda hold, now: True)

    with pytest.raises(services.OrderClosed):
        paid_in_the_last_second()
