"""Case 4. Webhooks come twice, at once, and in any order.

However they come there is one set of tickets, one receipt and one entry in the
ledger, from the first of them on; and an effect that is rolled back takes the mark
"seen" with it.

The guards: the worker acts on the object's present state, not on the event's own
word (`webhooks._intent_news` asks the provider); the mark is set in the transaction
of the effect (`webhooks._process`); and who hears of the same money at once takes
turns at the order (`books.lock`).
"""

import json
from datetime import timedelta
from functools import partial
from itertools import permutations

import pytest
from django.db import transaction
from django.utils import timezone

from notifications.models import Notification
from payments import services
from payments.gateways import reading
from payments.gateways.sandbox.switches import switched
from payments.models import (
    LedgerEntry,
    Order,
    OrderLine,
    OrderStatus,
    Refund,
    SandboxEvent,
    StripeEvent,
)
from payments.services import settling, webhooks
from tests.concurrency.racing import ROUNDS, breaks_within, race
from tests.concurrency.test_settling import take_out_the_orders_lock
from tests.crash.dying import assert_provider_and_books_agree
from tests.paying import (
    DECLINED,
    answer_challenge,
    ask,
    assert_books_are_right,
    challenge_url,
    challenged,
    deliver,
    held,
    order,
)
from tests.services.test_webhooks import receive

pytestmark = pytest.mark.django_db(transaction=True)


def process(now=None):
    return services.process_events(now=now or timezone.now(), limit=100)


LIFE = (
    "payment_intent.payment_failed",
    "payment_intent.requires_action",
    "payment_intent.succeeded",
    "charge.refunded",
)


def a_life_in_four_events() -> tuple[Order, list[str]]:
    """Declined, asked, paid and refunded in part; and what is told of it."""
    before, hold = list(SandboxEvent.objects.values_list("pk", flat=True)), held()
    with pytest.raises(services.CardDeclined):
        order(hold, DECLINED)
    placed = challenged(hold)
    answer_challenge(challenge_url(placed))
    intent_id = placed.payments.get().intent_id
    ask("POST", "/v1/refunds", {"payment_intent": intent_id, "amount": 1200})
    wanted = SandboxEvent.objects.filter(next_attempt_at__isnull=False)
    told = wanted.exclude(pk__in=before).order_by("created_at")
    assert tuple(told.values_list("type", flat=True)) == LIFE
    return placed, [
        json.dumps(payload) for payload in told.values_list("payload", flat=True)
    ]


def hear(body: str) -> list[str]:
    """Which bugs the worker has met over it."""
    receive(body)
    return process().problems


def assert_there_is_one_of_each(placed: Order, *, refunded: bool) -> None:
    placed.refresh_from_db()
    assert placed.status == OrderStatus.PAID
    assert placed.lines.count() == 2
    assert Notification.objects.filter(kind="receipt", user=placed.user).count() == 1
    entries = LedgerEntry.objects.filter(payment__order=placed)
    kinds = sorted(entries.values_list("kind", flat=True))
    assert kinds == (["capture", "refund"] if refunded else ["capture"])
    back = Refund.objects.filter(payment__order=placed)
    assert [refund.unallocated for refund in back] == [True] * refunded
    assert not StripeEvent.objects.filter(processed_at=None).exists()


def four_events_in_every_order() -> None:
    """In all 24 orders, each event twice; the first already brings the tickets."""
    placed, told = a_life_in_four_events()

    for arrangement in permutations(told):
        undo = transaction.savepoint()
        for number, body in enumerate(arrangement, start=1):
            hear(body)
            hear(body)
            refunded = told[-1] in arrangement[:number]
            assert_there_is_one_of_each(placed, refunded=refunded)
        assert_books_are_right()
        transaction.savepoint_rollback(undo)


@pytest.mark.django_db
def test_case_04_four_events_in_every_order_make_one_of_each():
    four_events_in_every_order()


def four_events_at_once() -> None:
    placed, told = a_life_in_four_events()

    outcomes = race(partial(hear, body) for body in told * 2)

    assert outcomes == [[]] * 8, outcomes
    process(timezone.now() + timedelta(minutes=5))
    assert_there_is_one_of_each(placed, refunded=True)
    assert_provider_and_books_agree()
    assert_books_are_right()


def test_case_04_four_events_at_once_and_twice_each_make_one_of_each():
    for _ in range(4):
        four_events_at_once()


def waiting_for_their_webhooks(number: int) -> list[Order]:
    orders = [challenged(held()) for _ in range(number)]
    for placed in orders:
        answer_challenge(challenge_url(placed))
    return orders


def many_workers_and_our_own_reply_at_once() -> None:
    orders = waiting_for_their_webhooks(3)
    with switched(duplicate_webhooks=True, reverse_webhooks=True):
        deliver()
    replies = [
        partial(services.ask_about, payment=placed.payments.get(), now=timezone.now())
        for placed in orders
    ]

    outcomes = race([process] * 5 + replies)

    assert not [found for found in outcomes if isinstance(found, Exception)]
    process(timezone.now() + timedelta(minutes=5))
    buyers = [placed.user_id for placed in orders]
    paid = Order.objects.filter(user__in=buyers, status=OrderStatus.PAID)
    receipts = Notification.objects.filter(kind="receipt", user__in=buyers)
    assert (paid.count(), receipts.count()) == (3, 3)
    assert LedgerEntry.objects.filter(payment__order__in=orders).count() == 3
    assert OrderLine.objects.filter(order__in=orders).count() == 6
    assert not StripeEvent.objects.filter(processed_at=None).exists()
    assert_provider_and_books_agree()
    assert_books_are_right()


def test_case_04_many_workers_and_our_own_reply_make_one_of_each():
    for _ in range(4):
        many_workers_and_our_own_reply_at_once()


@pytest.mark.parametrize(
    "story",
    [many_workers_and_our_own_reply_at_once, four_events_at_once],
    ids=lambda story: story.__name__,
)
def test_case_04_without_turns_at_the_order_they_run_into_each_other(
    story, monkeypatch
):
    take_out_the_orders_lock(monkeypatch)

    assert breaks_within(ROUNDS, story)


def a_failed_effect_is_tried_again() -> None:
    [placed] = waiting_for_their_webhooks(1)
    deliver()
    in_the_way = OrderLine.objects.create(
        order=placed,
        ticket=placed.hold.tickets.first(),
        unit_amount=0,
        fee_amount=0,
        tax_amount=0,
        total_amount=0,
    )
    process()
    in_the_way.delete()

    process(timezone.now() + timedelta(minutes=2))

    placed.refresh_from_db()
    assert placed.status == OrderStatus.PAID
    assert LedgerEntry.objects.count() == 1


def test_case_04_a_rollback_undoes_the_mark_too():
    a_failed_effect_is_tried_again()


def test_case_04_with_the_mark_set_apart_the_money_is_forgotten(monkeypatch):
    def mark_and_then_act(event, now):
        effect = webhooks._effect_of(event, now)
        StripeEvent.objects.filter(pk=event.pk).update(processed_at=now)
        with transaction.atomic():
            effect()

    monkeypatch.setattr(webhooks, "_process", mark_and_then_act)

    with pytest.raises(AssertionError):
        a_failed_effect_is_tried_again()


def test_case_04_an_event_is_not_taken_at_its_word():
    """Only the challenge's event is delivered, and yet the money is found."""
    [placed] = waiting_for_their_webhooks(1)
    deliver()
    StripeEvent.objects.exclude(type="payment_intent.requires_action").delete()

    process()

    placed.refresh_from_db()
    assert placed.status == OrderStatus.PAID


def believe(event, now):
    """What many do: act on what the event itself says."""
    payment = webhooks._payment_of(event)
    intent = reading.payment_intent(event.payload["data"]["object"])
    return partial(settling.apply_intent, payment=payment, intent=intent, now=now)


def test_case_04_taken_at_its_word_it_misleads(monkeypatch):
    monkeypatch.setattr(webhooks, "_intent_news", believe)

    with pytest.raises(AssertionError):
        test_case_04_an_event_is_not_taken_at_its_word()


@pytest.mark.django_db
def test_case_04_taken_at_their_word_four_events_bring_the_tickets_late(monkeypatch):
    monkeypatch.setattr(webhooks, "_intent_news", believe)

    with pytest.raises(AssertionError):
        four_events_in_every_order()
