"""News of a payment that another card has overtaken, told between its two steps.

The provider is asked, something happens here, and only then the answer is acted on.
The guard is `settling._refuse_old_news`; each story is told again without it.
"""

from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import partial

import pytest
from django.db import transaction
from django.utils import timezone

from inventory import services as inventory
from inventory.models import HoldStatus
from inventory.services import quoting
from payments import services
from payments.gateways.sandbox.switches import outage, switched
from payments.gateways.stripe import StripeGateway
from payments.models import Order, OrderStatus, PaymentAttempt, PaymentStatus
from payments.services import books, checkout, knowing, opening, settling, turns
from tests.concurrency.racing import Rival
from tests.crash.dying import assert_provider_and_books_agree
from tests.factories import NOON
from tests.paying import (
    DECLINED,
    LEASE_OVER,
    assert_books_are_right,
    at_provider,
    challenged,
    deliver,
    held,
    order,
    token,
)
from tests.properties import provider

pytestmark = pytest.mark.django_db(transaction=True)


def believe_old_news(monkeypatch) -> None:
    monkeypatch.setattr(settling, "_refuse_old_news", lambda payment, known: None)


@contextmanager
def between_question_and_answer(meanwhile):
    """Do `meanwhile` once, after the provider has answered and before we hear it."""
    ask, left = StripeGateway.retrieve_intent, [meanwhile]

    def ask_slowly(gateway, **what):
        answer = ask(gateway, **what)
        if left:
            left.pop()()
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StripeGateway, "retrieve_intent", ask_slowly)
        yield


def declined_once():
    hold = held()
    with suppress(services.CardDeclined):
        order(hold, DECLINED)
    return hold, Order.objects.get(hold=hold)


def attempts(placed) -> list[str]:
    tried = PaymentAttempt.objects.filter(payment__order=placed).order_by("pk")
    return list(tried.values_list("status", flat=True))


# A decline, told while the next card is under way ------------------------------------


def by_asking(placed: Order) -> None:
    services.ask_about(payment=placed.payments.get(), now=NOON)


def by_a_webhook(placed: Order) -> None:
    deliver()
    services.process_events(now=timezone.now(), limit=10)


def a_decline_is_told_while_the_next_card_is_charged(tell) -> None:
    """The reply to the second card is lost, so that nobody but the bank knows yet."""
    hold, placed = declined_once()
    card = token()

    def pay_again():
        with outage("after", "/confirm"):
            services.pay_order(order=placed, payment_method=card, now=NOON)

    with between_question_and_answer(pay_again):
        tell(placed)

    hold.refresh_from_db()
    assert hold.status == HoldStatus.PAYING
    assert attempts(placed) == ["declined", "started"]
    services.sweep_payments(now=LEASE_OVER, limit=10)
    placed.refresh_from_db()
    assert placed.status == OrderStatus.PAID
    assert_books_are_right(LEASE_OVER)
    assert_provider_and_books_agree()


@pytest.mark.parametrize("tell", [by_asking, by_a_webhook])
def test_an_old_decline_leaves_the_next_card_its_hold(tell):
    a_decline_is_told_while_the_next_card_is_charged(tell)


@pytest.mark.parametrize("tell", [by_asking, by_a_webhook])
def test_without_the_guard_an_old_decline_takes_the_hold_away(tell, monkeypatch):
    believe_old_news(monkeypatch)

    with pytest.raises(AssertionError):
        a_decline_is_told_while_the_next_card_is_charged(tell)


def test_a_webhook_whose_news_was_overtaken_is_kept_and_told_again():
    _, placed = declined_once()
    card = token()

    def pay_again():
        with outage("after", "/confirm"):
            services.pay_order(order=placed, payment_method=card, now=NOON)

    deliver()
    with between_question_and_answer(pay_again):
        kept = services.process_events(now=timezone.now(), limit=1).kept
    again = timezone.now() + timedelta(minutes=1)
    services.process_events(now=again, limit=10)

    placed.refresh_from_db()
    assert kept == 1
    assert placed.status == OrderStatus.PAID


# A turn that is taken while the question is asked -------------------------------------


def a_decline_is_told_as_the_next_turn_begins() -> None:
    """No card has been tried in the new turn yet: only the lease tells of it."""
    hold, placed = declined_once()

    with between_question_and_answer(lambda: open_turn(hold)):
        by_asking(placed)

    hold.refresh_from_db()
    assert hold.status == HoldStatus.PAYING
    services.sweep_payments(now=LEASE_OVER, limit=10)
    assert_books_are_right(LEASE_OVER)


def open_turn(hold) -> checkout.Turn:
    return checkout._reopen_order(hold, "", NOON)


def test_an_old_decline_leaves_the_next_turn_its_hold():
    a_decline_is_told_as_the_next_turn_begins()


def test_without_the_guard_an_old_decline_ends_the_next_turn(monkeypatch):
    believe_old_news(monkeypatch)

    with pytest.raises(AssertionError):
        a_decline_is_told_as_the_next_turn_begins()


# A bank that thinks, and has decided by the time we hear that it thinks ---------------


def the_bank_decides_while_we_hear_that_it_thinks() -> None:
    hold = held()
    with switched(processing=True):
        placed = order(hold, DECLINED)
    [intent] = at_provider("payment_intent")

    def decide():
        provider.decide(intent["id"])
        by_asking(placed)

    with between_question_and_answer(decide):
        by_asking(placed)

    payment = placed.payments.get()
    hold.refresh_from_db()
    assert (payment.status, hold.status) == (PaymentStatus.CREATED, HoldStatus.ACTIVE)
    assert attempts(placed) == ["declined"]
    assert_books_are_right()


def test_an_old_processing_does_not_undo_the_banks_decision():
    the_bank_decides_while_we_hear_that_it_thinks()


def test_without_the_guard_an_old_processing_undoes_it(monkeypatch):
    believe_old_news(monkeypatch)

    with pytest.raises(AssertionError):
        the_bank_decides_while_we_hear_that_it_thinks()


# An intent that was cancelled, heard of once the order has another --------------------


def test_an_old_cancellation_does_not_touch_the_next_intents_hold():
    """Needs no guard: it is told to a payment that is over."""
    hold = held()
    placed = challenged(hold)
    first = placed.payments.get()
    with outage("after", "/confirm"):
        services.pay_order(order=placed, payment_method=token(), now=NOON)

    services.ask_about(payment=first, now=NOON)

    hold.refresh_from_db()
    assert hold.status == HoldStatus.PAYING
    services.sweep_payments(now=LEASE_OVER, limit=10)
    placed.refresh_from_db()
    assert placed.status == OrderStatus.PAID
    assert_books_are_right(LEASE_OVER)


# Which card a decline is of ----------------------------------------------------------


def a_second_card_never_reaches_the_bank() -> list[str]:
    _, placed = declined_once()
    with outage("before", "/confirm"):
        services.pay_order(order=placed, payment_method=token(), now=NOON)

    services.sweep_payments(now=LEASE_OVER, limit=10)

    assert_books_are_right(LEASE_OVER)
    return attempts(placed)


def test_the_decline_of_one_card_is_not_laid_on_the_next():
    assert a_second_card_never_reaches_the_bank() == ["declined", "abandoned"]


def test_without_looking_at_its_card_a_decline_is_laid_on_the_next(monkeypatch):
    monkeypatch.setattr(knowing.Known, "tells_of", lambda known, intent: True)

    assert a_second_card_never_reaches_the_bank() == ["declined", "declined"]


# A call that comes back after its time -----------------------------------------------


def first_turn(hold) -> checkout.Turn:
    price = quoting.price_due(hold=hold, now=NOON)
    return opening.open_order(hold=hold, price=price, customer="", now=NOON)


def a_call_comes_back_when_the_next_turn_has_begun() -> None:
    """Its intent could not be made; by the time it knows, the lease was over."""
    hold = held()
    late = first_turn(hold)
    inventory.pause_paying(hold=hold, now=LEASE_OVER)
    checkout._reopen_order(hold, "", LEASE_OVER)

    turns.hand_back(late, now=LEASE_OVER)

    hold.refresh_from_db()
    assert hold.status == HoldStatus.PAYING


def test_a_late_call_does_not_hand_back_the_next_ones_hold():
    a_call_comes_back_when_the_next_turn_has_begun()


def test_without_looking_whose_turn_it_is_it_does(monkeypatch):
    monkeypatch.setattr(checkout.Turn, "is_of", lambda turn, hold: True)

    with pytest.raises(AssertionError):
        a_call_comes_back_when_the_next_turn_has_begun()


def a_turn_ends_while_its_attempt_waits_for_the_order() -> object:
    """The hold is joined to the order: it must be read once the lock is there."""
    hold = held()
    turn, opened = first_turn(hold), opening.Opened("pi_1", "secret")
    begin = Rival(
        partial(
            opening.begin_attempt,
            turn,
            opened,
            payment_method="pm_1",
            customer="",
            save_card=False,
            now=LEASE_OVER,
        )
    )

    with transaction.atomic():
        books.lock(turn.payment.pk)
        inventory.pause_paying(hold=hold, now=LEASE_OVER)
        begin.start_and_run_as_far_as_it_can()

    return begin.outcome()


def test_no_card_is_tried_once_the_turn_is_over():
    outcome = a_turn_ends_while_its_attempt_waits_for_the_order()

    assert isinstance(outcome, services.OrderClosed), outcome


def test_with_the_hold_as_the_question_found_it_a_card_is_tried(monkeypatch):
    joined = opening.BEGIN_ATTEMPT.replace("FOR NO KEY UPDATE OF hold", "")
    monkeypatch.setattr(opening, "BEGIN_ATTEMPT", joined)

    outcome = a_turn_ends_while_its_attempt_waits_for_the_order()

    assert isinstance(outcome, PaymentAttempt)
