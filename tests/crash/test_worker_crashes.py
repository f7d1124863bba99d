"""Kill -9 of the workers, and of the web over what comes after the first card.

Each story is told once for every point at which the process may die; then others
come by, as the clock makes them, and within minutes all is as it should be.
"""

from contextlib import suppress
from datetime import timedelta

import pytest
from django.utils import timezone

from events import services as events
from inventory import services as inventory
from inventory.models import Hold, HoldStatus
from payments import services
from payments.gateways.sandbox import post
from payments.models import Dispute, Order, OrderStatus, Refund, RefundStatus
from tests import factories as make
from tests import standing_orders as line
from tests.crash.dying import assert_provider_and_books_agree, every_death
from tests.factories import NOON
from tests.lining_up import fresh, join, statuses
from tests.paying import (
    ALWAYS_ASKS,
    DECLINED,
    DISPUTED,
    VISA,
    answer_challenge,
    ask,
    assert_books_are_right,
    challenge_url,
    challenged,
    deliver,
    held,
    order,
    paid,
    token,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(900)]
MINUTE = timedelta(minutes=1)


def assert_sound(now) -> None:
    assert_books_are_right(now)
    assert_provider_and_books_agree()


# Buying for people who wait -----------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "ends"),
    [
        (VISA, ["purchased", "waiting"]),
        (line.DECLINED_ONCE_SAVED, ["passed", "offered"]),
        (ALWAYS_ASKS, ["offered", "waiting"]),
    ],
)
def test_a_charge_for_somebody_who_waits_is_carried_on_by_the_next(number, ends):
    entries = []

    def prepare():
        rush = line.sold_out()
        entries[:] = [line.join_with_card(rush, number), join(rush, 2)]
        line.let_go(rush)
        return line.charge_all

    for at in every_death(prepare, at_least=18):
        for minute in range(1, 5):
            line.sweep(NOON + minute * MINUTE)
        assert statuses(*entries) == ends, at
        assert_sound(NOON + 5 * MINUTE)


def test_tickets_that_were_being_let_go_are_offered_or_still_held():
    entry = None

    def prepare():
        nonlocal entry
        rush = line.sold_out()
        entry = join(rush, 2)
        return lambda: line.let_go(rush)

    for at in every_death(prepare, at_least=2):
        inventory.match_waitlists(now=NOON)
        rivals = Hold.objects.live().filter(ticket_type=entry.ticket_type_id)
        assert rivals.count() == 1, at
        assert (statuses(entry) == ["offered"]) == rivals.get().from_waitlist, at
        assert_sound(NOON + MINUTE)


def test_who_was_leaving_a_line_can_leave_it():
    entry = None

    def prepare():
        nonlocal entry
        rush = line.sold_out()
        entry = line.join_with_card(rush, ALWAYS_ASKS)
        line.let_go(rush)
        line.charge_all()
        return lambda: services.stop_waiting(entry=fresh(entry), now=NOON)

    for at in every_death(prepare, at_least=10):
        services.stop_waiting(entry=fresh(entry), now=NOON + MINUTE)
        assert statuses(entry) == ["withdrawn"], at
        assert_sound(NOON + MINUTE)


# Another card, and money that comes late ----------------------------------------------


def test_a_second_card_that_died_is_charged_once_or_not_at_all():
    hold = None

    def prepare():
        nonlocal hold
        hold, card = held(), token()
        with suppress(services.CardDeclined):
            order(hold, DECLINED)
        placed = Order.objects.get(hold=hold)
        return lambda: services.pay_order(
            order=placed, payment_method=card, save_card=True, now=NOON
        )

    for at in every_death(prepare, at_least=18):
        for minutes in (3, 9, 12):
            inventory.release_expired_holds(now=NOON + minutes * MINUTE, limit=100)
            services.sweep_payments(now=NOON + minutes * MINUTE, limit=100)
        placed = Order.objects.get(hold=hold)
        hold.refresh_from_db()
        bought = hold.status == HoldStatus.CONVERTED
        assert bought == (placed.status == OrderStatus.PAID), at
        assert bought or placed.status == OrderStatus.CANCELLED, at
        assert_sound(NOON + 13 * MINUTE)


@pytest.mark.parametrize("stock", [2, 4])
def test_money_that_came_late_is_honoured_or_goes_back_once(stock):
    """With no tickets left the money goes back; with some it buys them again."""
    placed, late = None, NOON + 10 * MINUTE

    def prepare():
        nonlocal placed
        hold = held(stock=stock)
        placed = challenged(hold)
        inventory.free_paying_hold(hold=hold, now=hold.expires_at)
        answer_challenge(challenge_url(placed))
        if stock == 2:
            line.held(hold.ticket_type, 2, now=late - MINUTE)
        return lambda: services.sweep_payments(now=late, limit=100)

    for at in every_death(prepare, at_least=8):
        services.sweep_payments(now=late + MINUTE, limit=100)
        services.pay_refunds(now=late + MINUTE, limit=100)
        placed.refresh_from_db()
        assert (placed.status == OrderStatus.PAID) == (stock == 4), at
        assert_sound(late + MINUTE)


# An event that is called off ----------------------------------------------------------


def test_a_called_off_event_is_paid_back_by_whoever_comes_next():
    orders = []

    def call_it_off(now):
        services.sweep_called_off_events(now=now, limit=100)
        services.pay_refunds(now=now, limit=100)

    def prepare():
        event = make.event()
        orders[:] = [
            paid(event=event),
            paid(event=event),
            challenged(held(event=event)),
        ]
        events.cancel_event(event=event)
        return lambda: call_it_off(NOON)

    for at in every_death(prepare, at_least=14):
        for minutes in (1, 2, 3):
            call_it_off(NOON + minutes * MINUTE)
        ends = Order.objects.filter(pk__in=[each.pk for each in orders])
        assert sorted(ends.values_list("status", flat=True)) == [
            "cancelled",
            "refunded",
            "refunded",
        ], at
        back = Refund.objects.filter(payment__order__in=ends)
        assert [refund.status for refund in back] == [RefundStatus.SUCCEEDED] * 2, at
        assert_sound(NOON + 4 * MINUTE)


# What the provider tells: refunds and disputes ----------------------------------------


def hear(now) -> None:
    services.process_events(now=now, limit=100)


def refund_in_the_dashboard(placed) -> None:
    intent_id = placed.payments.get().intent_id
    ask("POST", "/v1/refunds", {"payment_intent": intent_id, "amount": 1200})


def refund_by_us(placed) -> None:
    services.refund_order(order=placed, by=None, now=NOON)
    services.pay_refunds(now=NOON, limit=100)


@pytest.mark.parametrize(
    ("give_back", "unallocated"),
    [(refund_in_the_dashboard, True), (refund_by_us, False)],
)
def test_news_of_a_refund_is_heard_by_the_next(give_back, unallocated):
    placed = None

    def prepare():
        nonlocal placed
        placed = paid()
        give_back(placed)
        deliver()
        return lambda: hear(timezone.now())

    for at in every_death(prepare, at_least=3):
        hear(timezone.now() + 2 * MINUTE)
        refund = Refund.objects.get(payment__order=placed)
        assert (refund.unallocated, refund.status) == (unallocated, "succeeded"), at
        assert_sound(NOON)


def test_news_of_a_dispute_is_heard_by_the_next():
    placed = None

    def prepare():
        nonlocal placed
        placed = paid(DISPUTED)
        later = timezone.now() + MINUTE
        post.let_mature(now=later, limit=10)
        deliver(now=later)
        return lambda: hear(later)

    for at in every_death(prepare, at_least=7):
        hear(timezone.now() + 4 * MINUTE)
        assert Dispute.objects.filter(payment__order=placed).count() == 1, at
        assert_sound(NOON)


def test_a_comparison_that_died_over_its_repairs_is_made_again():
    placed, late = None, timezone.now() + 10 * MINUTE

    def prepare():
        nonlocal placed
        placed = challenged(held())
        answer_challenge(challenge_url(placed))
        since = timezone.now() - 60 * MINUTE
        return lambda: services.reconcile(now=late, since=since, repair=True)

    for at in every_death(prepare, at_least=40):
        services.sweep_payments(now=late, limit=100)
        placed.refresh_from_db()
        assert placed.status == OrderStatus.PAID, at
        assert_sound(NOON)
