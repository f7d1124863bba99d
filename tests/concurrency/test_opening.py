"""A hold's first order, in one statement that asks what it may do as it does it.

The guards are the conditions of `opening.OPEN_ORDER`: the hold is the buyer's
(`active`, and time left), it has no order yet, and its event takes place; and those of
`opening.BEGIN_ATTEMPT`: the turn is still ours, and no other call has tried a card.
Each test ends with the audit and has a control without its guard.
"""

from datetime import timedelta
from functools import partial

import pytest
from django.db import transaction

from events.models import Event, EventStatus
from inventory import services as inventory
from inventory.services import quoting
from payments import services
from payments.models import Order, Payment
from payments.services import books, opening
from tests.concurrency.racing import ROUNDS, Rival, breaks_within, race
from tests.factories import NOON, SECOND
from tests.paying import DECLINED, assert_books_are_right, held, order

pytestmark = pytest.mark.django_db(transaction=True)
THE_END = NOON + timedelta(minutes=20)


def first_order(hold, *, now=NOON):
    price = quoting.price_due(hold=hold, now=now)
    return opening.open_order(hold=hold, price=price, customer="", now=now)


def try_card(turn):
    return opening.begin_attempt(
        turn,
        opening.Opened("pi_1", "secret"),
        payment_method="pm_1",
        customer="",
        save_card=False,
        now=NOON,
    )


def audit() -> None:
    inventory.release_expired_holds(now=THE_END, limit=10)
    services.sweep_payments(now=THE_END, limit=10)
    assert_books_are_right(THE_END)


def behind_the_sweep() -> None:
    """By the buyer's clock there is a second left, by the sweep's none."""
    hold = held()
    buyer = Rival(partial(first_order, hold, now=hold.expires_at - SECOND))

    with transaction.atomic():
        inventory.release_expired_holds(now=hold.expires_at, limit=4)
        buyer.start_and_run_as_far_as_it_can()

    assert buyer.outcome() is None, buyer.outcome()
    assert not Order.objects.filter(hold=hold).exists()
    audit()


def when_its_time_is_over_before_any_sweep() -> None:
    hold = held()

    assert first_order(hold, now=hold.expires_at) is None
    audit()


def of_eight_devices() -> None:
    hold = held()

    outcomes = race([partial(first_order, hold)] * 8)

    assert len([turn for turn in outcomes if turn]) == 1, outcomes
    assert Payment.objects.filter(order__hold=hold).count() == 1
    audit()


def of_a_hold_that_has_one_already() -> None:
    hold = held()
    with pytest.raises(services.CardDeclined):
        order(hold, DECLINED)

    [outcome] = race([partial(first_order, hold)])

    assert outcome is None, outcome
    audit()


def for_an_event_that_was_called_off() -> None:
    hold = held()
    Event.objects.filter(pk=hold.event_id).update(status=EventStatus.CANCELLED)

    assert first_order(hold) is None
    assert not Order.objects.filter(hold=hold).exists()
    audit()


def a_card_once_the_payment_is_over() -> None:
    turn = first_order(held())
    Payment.objects.filter(pk=turn.payment.pk).update(status="cancelled")

    [outcome] = race([partial(try_card, turn)])

    assert isinstance(outcome, services.OrderClosed), outcome
    audit()


def a_card_once_the_hold_is_anothers() -> None:
    hold = held()
    turn = first_order(hold)
    inventory.keep_paying(hold=hold, until=turn.lease_until + SECOND)

    [outcome] = race([partial(try_card, turn)])

    assert isinstance(outcome, services.OrderClosed), outcome
    audit()


def a_card_that_waits_while_its_turn_ends() -> None:
    """What ends the turn locks no key: only a lock of its own reads the hold anew."""
    hold = held()
    turn = first_order(hold)
    card = Rival(partial(try_card, turn))

    with transaction.atomic():
        books.lock(turn.payment.pk)
        inventory.keep_paying(hold=hold, until=NOON)
        card.start_and_run_as_far_as_it_can()

    assert isinstance(card.outcome(), services.OrderClosed), card.outcome()
    audit()


def a_card_that_waits_while_its_payment_ends() -> None:
    """Its hold is as it was, so that only the payment itself can tell."""
    turn = first_order(held())
    card = Rival(partial(try_card, turn))

    with transaction.atomic():
        books.lock(turn.payment.pk)
        Payment.objects.filter(pk=turn.payment.pk).update(status="cancelled")
        card.start_and_run_as_far_as_it_can()

    assert isinstance(card.outcome(), services.OrderClosed), card.outcome()
    audit()


IS_ACTIVE = "AND hold.status = 'active'"
HAS_TIME = "AND hold.expires_at > %(now)s"
IS_FIRST = "known.hold_id = hold.id"
IS_CREATED = "AND payment.status = 'created'"
ANEW = "FOR NO KEY UPDATE OF hold"
IN_TURN = "FOR NO KEY UPDATE OF ordered, payment"
IS_OURS = "AND hold.lease_until = %(lease_until)s"
GUARDS = [
    (behind_the_sweep, "OPEN_ORDER", IS_ACTIVE, ""),
    (of_eight_devices, "OPEN_ORDER", IS_ACTIVE, ""),
    (when_its_time_is_over_before_any_sweep, "OPEN_ORDER", HAS_TIME, ""),
    (of_a_hold_that_has_one_already, "OPEN_ORDER", IS_FIRST, "false"),
    (for_an_event_that_was_called_off, "OPEN_ORDER", "'cancelled'", "'gone'"),
    (a_card_once_the_payment_is_over, "BEGIN_ATTEMPT", IS_CREATED, ""),
    (a_card_once_the_hold_is_anothers, "BEGIN_ATTEMPT", IS_OURS, ""),
    (
        a_card_that_waits_while_its_turn_ends,
        "BEGIN_ATTEMPT",
        ANEW,
        "FOR KEY SHARE OF hold",
    ),
    (a_card_that_waits_while_its_payment_ends, "BEGIN_ATTEMPT", IN_TURN, ""),
]
each_story = pytest.mark.parametrize(
    ("story", "statement", "guard", "instead"),
    GUARDS,
    ids=[story.__name__ for story, *_ in GUARDS],
)


@each_story
def test_an_order_is_opened_only_when_it_may_be(story, statement, guard, instead):
    story()


@each_story
def test_without_its_guard_it_is_opened(story, statement, guard, instead, monkeypatch):
    text = getattr(opening, statement)
    assert guard in text
    monkeypatch.setattr(opening, statement, text.replace(guard, instead))

    assert breaks_within(ROUNDS, story)
