"""Charges for people who wait, stopped half-way, and buyers who leave meanwhile."""

from contextlib import suppress
from pkgutil import resolve_name

import pytest

from events.models import Event
from inventory import services as inventory
from inventory.models import HoldStatus, TicketType
from notifications.models import Notification
from payments import services as payments
from payments.gateways.sandbox.switches import outage, switched
from payments.models import OrderStatus, Payment
from tests.factories import MINUTE, NOON
from tests.keeping import detach_cards
from tests.lining_up import fresh, join, statuses
from tests.paying import ALWAYS_ASKS, VISA, assert_books_are_right, charged, intents
from tests.standing_orders import (
    DECLINED_ONCE_SAVED,
    WINDOW_ENDS,
    attempts_of,
    charge_all,
    join_with_card,
    let_go,
    order_of,
    sold_out,
    sweep,
)

pytestmark = pytest.mark.django_db
TOLD = {
    DECLINED_ONCE_SAVED: "waitlist_declined",
    ALWAYS_ASKS: "waitlist_authenticate",
}


def told(entry) -> list[str]:
    sent = Notification.objects.filter(user=entry.user_id)
    return list(sent.values_list("kind", flat=True))


# The provider is away ---------------------------------------------------------------


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize(
    "call", ["POST /v1/payment_intents", "/confirm", "/cancel", ""]
)
def test_a_provider_that_is_away_for_a_moment_costs_nobody_their_turn(
    rush, moment, call
):
    entry = join_with_card(rush)
    let_go(rush)

    with outage(moment, call, times=1):
        charge_all()
    for minute in (1, 2, 3, 4):
        sweep(NOON + minute * MINUTE)

    assert statuses(entry) == ["purchased"]
    assert charged() == [5000]
    assert_books_are_right(NOON + 4 * MINUTE)


def test_a_provider_that_is_away_throughout_keeps_the_place(rush):
    """The tickets stay until the intent is surely cancelled; then it is tried anew."""
    entry, second = join_with_card(rush), join(rush, 2)
    let_go(rush)

    with outage("before"):
        charge_all()
        sweep(NOON + 5 * MINUTE)
        sweep(WINDOW_ENDS)
        sweep(NOON + 12 * MINUTE)
        during = (statuses(entry, second), fresh(entry).hold.status)
    sweep(NOON + 15 * MINUTE)
    charge_all(NOON + 15 * MINUTE)

    assert during == (["offered", "waiting"], HoldStatus.PAYING)
    assert statuses(entry, second) == ["purchased", "waiting"]
    assert charged() == [5000]
    assert_books_are_right(NOON + 15 * MINUTE)


def test_a_charge_without_an_answer_keeps_the_tickets_until_it_is_known(rush):
    entry, second = join_with_card(rush), join(rush, 2)
    let_go(rush)

    with (
        outage("after", "/confirm"),
        outage("before", "GET"),
        outage("before", "/cancel"),
    ):
        charge_all()
        sweep(NOON + 5 * MINUTE)
        sweep(NOON + 11 * MINUTE)
        during = (statuses(entry, second), fresh(entry).hold.status)
        flagged = Payment.objects.exclude(flag="").count()
    sweep(NOON + 12 * MINUTE)

    assert during == (["offered", "waiting"], HoldStatus.PAYING)
    assert flagged == 1
    assert statuses(entry, second) == ["purchased", "waiting"]
    assert charged() == [5000]


def test_a_bank_that_thinks_is_waited_for(rush):
    entry = join_with_card(rush)
    let_go(rush)

    with switched(processing=True):
        charge_all()
    between = statuses(entry)
    charge_all(NOON + MINUTE)

    assert (between, statuses(entry)) == (["offered"], ["offered"])
    assert attempts_of(order_of(entry)) == [("processing", True)]


# A crash on the way -----------------------------------------------------------------


@pytest.mark.parametrize("number", [VISA, DECLINED_ONCE_SAVED, ALWAYS_ASKS])
@pytest.mark.parametrize(
    "step",
    [
        "payments.services.checkout.opening.open_order",
        "payments.services.checkout._open_intent",
        "payments.services.checkout.opening.begin_attempt",
        "payments.services.checkout.settling.apply_intent",
        "payments.services.waitlist_charges._cancel_intents",
        "payments.services.waitlist_charges._ask_buyer",
        "payments.services.waitlist_charges._pass_on",
        "payments.services.waitlist_charges.cancel_order",
        "payments.services.mandates.call_the_buyer",
        "payments.services.messages.tell_waitlist_declined",
    ],
)
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_crash_at_any_step_is_taken_up_again(rush, number, step, moment, monkeypatch):
    """A worker that dies around a step leaves what the next look goes on from."""
    first, second = join_with_card(rush, number), join(rush, 2)
    let_go(rush)
    crash_once(monkeypatch, step, moment)

    with suppress(KeyboardInterrupt):
        charge_all()
    for minute in (1, 2, 3, 4):
        sweep(NOON + minute * MINUTE)
    sweep(WINDOW_ENDS)
    sweep(NOON + 11 * MINUTE)

    if number == VISA:
        assert statuses(first, second) == ["purchased", "waiting"]
        assert charged() == [5000]
    else:
        assert statuses(first) == ["passed"]
        assert fresh(second).hold is not None
        assert charged() == []
        assert told(first) == [TOLD[number]]
    assert_books_are_right(NOON + 11 * MINUTE)


@pytest.mark.parametrize(
    "step",
    [
        "payments.services.checkout.turns.refuse_attempt",
        "payments.services.checkout.forgetting.forget_card",
        "payments.services.waitlist_charges._tell_instead",
    ],
)
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_crash_while_a_lost_card_is_learned_of_costs_nobody_their_place(
    rush, step, moment, monkeypatch
):
    """The guard is that what a lost card met is no decline of its bank."""
    entry = join_with_card(rush)
    detach_cards(entry.user)
    let_go(rush)
    crash_once(monkeypatch, step, moment)

    with suppress(KeyboardInterrupt):
        charge_all()
    for minute in (1, 2, 3, 4):
        sweep(NOON + minute * MINUTE)

    assert statuses(entry) == ["offered"]
    assert not fresh(entry).charges_card
    assert charged() == []
    assert_books_are_right(NOON + 4 * MINUTE)


def crash_once(monkeypatch, step: str, moment: str) -> None:
    owner, _, name = step.rpartition(".")
    module = resolve_name(owner)
    real, crashed = getattr(module, name), []

    def crashing(*args, **kwargs):
        if crashed:
            return real(*args, **kwargs)
        crashed.append(step)
        if moment == "after":
            real(*args, **kwargs)
        raise KeyboardInterrupt

    monkeypatch.setattr(module, name, crashing)


# Leaving ----------------------------------------------------------------------------


def test_who_leaves_while_their_bank_asks_is_not_charged(rush):
    entry, second = join_with_card(rush, ALWAYS_ASKS), join(rush, 2)
    let_go(rush)
    charge_all()

    payments.stop_waiting(entry=entry, now=NOON + MINUTE)

    assert statuses(entry, second) == ["withdrawn", "offered"]
    assert set(intents()) == {"canceled"}
    assert order_of(entry).status == OrderStatus.CANCELLED
    assert_books_are_right(NOON + MINUTE)


def test_nobody_leaves_what_was_bought_for_them(rush):
    entry = join_with_card(rush)
    let_go(rush)
    charge_all()

    with pytest.raises(inventory.HoldAlreadySold):
        payments.stop_waiting(entry=entry, now=NOON + MINUTE)

    assert statuses(entry) == ["purchased"]


def test_who_leaves_while_waiting_simply_leaves(rush):
    entry = join_with_card(rush)

    for _ in range(2):
        payments.stop_waiting(entry=entry, now=NOON)
    let_go(rush)

    assert statuses(entry) == ["withdrawn"]
    assert charge_all() == 0


def test_without_an_answer_nobody_leaves(rush):
    entry = join_with_card(rush, ALWAYS_ASKS)
    let_go(rush)
    charge_all()

    with outage("before"), pytest.raises(payments.PaymentUnknown):
        payments.stop_waiting(entry=entry, now=NOON + MINUTE)

    assert statuses(entry) == ["offered"]


def test_a_cancelled_event_charges_nobody(rush):
    entry = join_with_card(rush)
    let_go(rush)
    Event.objects.update(status="cancelled")

    charge_all()
    sweep(WINDOW_ENDS)
    sweep(NOON + 11 * MINUTE)

    assert charged() == []
    assert statuses(entry) == ["ended"]


def test_a_lower_price_before_the_charge_is_given():
    rush = sold_out(unit_amount=2500)
    entry = join_with_card(rush)
    TicketType.objects.update(unit_amount=2000)
    let_go(rush)

    charge_all()

    assert statuses(entry) == ["purchased"]
    assert charged() == [4000]
