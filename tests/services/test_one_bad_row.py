"""What goes wrong with the first row of a sweep does not keep the second waiting.

The guard is that each row is worked on apart: without it the refusal, or the bug,
ends the sweep, and the same row ends the next one too.
"""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from events.models import EventStatus
from payments import services
from payments.gateways.sandbox import post
from payments.gateways.sandbox.switches import outage, refusing
from payments.models import (
    Incident,
    Order,
    OrderStatus,
    Payment,
    Refund,
    RefundStatus,
    SandboxEvent,
    SandboxObject,
    StripeEvent,
)
from tests import factories as make
from tests.factories import NOON
from tests.keeping import keep
from tests.paying import (
    DISPUTED,
    LEASE_OVER,
    assert_books_are_right,
    at_provider,
    deliver,
    held,
    order,
    paid,
)
from tests.standing_orders import (
    charge_all,
    join_with_card,
    let_go,
    order_of,
    sold_out,
    sweep,
)

pytestmark = pytest.mark.django_db
# A refusal that staff must see to, and an answer that we cannot make sense of.
TROUBLE = pytest.mark.parametrize("trouble", [(404, "resource_missing"), (200, "?")])


def meets(trouble, call):
    status, code = trouble
    return refusing(call, status, code=code)


def lost(**fields) -> Payment:
    """A payment whose confirmation was never answered."""
    with outage("after", "/confirm"):
        placed = order(held(**fields))
    return placed.payments.get()


@TROUBLE
def test_a_payment_that_is_not_shown_does_not_keep_others_from_being_settled(trouble):
    first, second = lost(), lost()

    with meets(trouble, first.intent_id):
        swept = services.sweep_payments(now=LEASE_OVER, limit=10)

    assert swept.asked == 2
    assert [str(first) in problem for problem in swept.problems] == [True]
    second.order.refresh_from_db()
    assert second.order.status == OrderStatus.PAID
    services.sweep_payments(now=LEASE_OVER + timedelta(hours=1), limit=10)
    assert not Order.objects.exclude(status=OrderStatus.PAID).exists()
    assert_books_are_right(LEASE_OVER)


@TROUBLE
def test_a_refund_that_is_not_taken_does_not_keep_others_from_being_paid(trouble):
    for _ in range(2):
        services.refund_order(order=paid(), by=None, now=NOON)
    first, second = Refund.objects.order_by("created_at", "pk")
    status, code = trouble

    with refusing("POST /v1/refunds", status, code=code, times=1):
        run = services.pay_refunds(now=NOON, limit=10)

    assert (run.paid, len(run.problems)) == (1, 1)
    assert [r["metadata"]["refund"] for r in at_provider("refund")] in (
        [str(first.pk)],
        [str(second.pk)],
    )
    assert_books_are_right()


def test_refunds_that_may_not_be_looked_up_wait_and_others_are_paid():
    services.refund_order(order=paid(), by=None, now=NOON)
    with outage("before", "POST /v1/refunds"):
        services.pay_refunds(now=NOON, limit=10)
    services.refund_order(order=paid(), by=None, now=NOON)
    later = NOON + timedelta(hours=1)

    with refusing("GET /v1/refunds", 404, code="resource_missing"):
        run = services.pay_refunds(now=later, limit=10)

    assert (run.paid, run.waiting) == (1, 1)
    assert Incident.objects.get().kind == "provider_refuses"
    assert services.pay_refunds(now=later + timedelta(hours=1), limit=10).paid == 1
    assert_books_are_right(later)


def test_refunds_that_our_keys_may_not_make_are_paid_once_they_may():
    services.refund_order(order=paid(), by=None, now=NOON)

    with refusing("POST /v1/refunds", 401):
        run = services.pay_refunds(now=NOON, limit=10)

    assert (run.waiting, Refund.objects.get().status) == (1, RefundStatus.PENDING)
    assert Incident.objects.get().kind == "not_let_in"
    assert services.pay_refunds(now=NOON + timedelta(hours=1), limit=10).paid == 1
    assert len(at_provider("refund")) == 1


@TROUBLE
def test_an_order_that_cannot_be_closed_does_not_keep_others_of_its_event_open(trouble):
    show = make.event()
    payments = [lost(event=show), lost(event=show)]
    first, second = sorted(payments, key=lambda payment: payment.order_id)
    show.move_to(EventStatus.CANCELLED)

    with meets(trouble, first.intent_id):
        off = services.sweep_called_off_events(now=LEASE_OVER, limit=10)

    assert (off.closed, len(off.problems)) == (1, 1)
    second.order.refresh_from_db()
    assert second.order.status != OrderStatus.PENDING
    later = LEASE_OVER + timedelta(hours=1)
    services.sweep_called_off_events(now=later, limit=10)
    services.pay_refunds(now=later, limit=10)
    assert not Order.objects.filter(status=OrderStatus.PENDING).exists()
    assert_books_are_right(later)


@pytest.mark.parametrize("status", [400, 401, 200])
def test_an_offer_that_is_refused_does_not_keep_the_next_from_being_charged(status):
    rushes = [sold_out(), sold_out()]
    entries = [join_with_card(rush) for rush in rushes]
    for rush in rushes:
        let_go(rush)

    with refusing("POST /v1/payment_intents", status, code="refused", times=1):
        charge_all()

    statuses = {order_of(entry).status for entry in entries}
    assert statuses == {OrderStatus.PAID, OrderStatus.PENDING}
    charge_all(NOON + timedelta(minutes=6))
    assert {order_of(entry).status for entry in entries} == {OrderStatus.PAID}
    assert_books_are_right(NOON + timedelta(minutes=6))


def test_an_offer_that_was_refused_is_tried_again_only_after_a_while():
    rush = sold_out()
    entry = join_with_card(rush)
    let_go(rush)

    with refusing("POST /v1/payment_intents", 401, times=1):
        charge_all()
    for seconds in (31, 299):
        charge_all(NOON + timedelta(seconds=seconds))

    assert order_of(entry).status == OrderStatus.PENDING
    charge_all(NOON + timedelta(minutes=5))
    assert order_of(entry).status == OrderStatus.PAID


def test_an_offer_that_we_may_not_charge_for_keeps_its_place_in_line():
    rush = sold_out()
    entry = join_with_card(rush)
    let_go(rush)
    entry.refresh_from_db()
    ends_at = entry.hold.expires_at

    with refusing("POST /v1/payment_intents", 401):
        sweep(NOON)
        sweep(ends_at)
        entry.refresh_from_db()
        assert (entry.status, entry.reason) == ("offered", "our_fault")
    sweep(ends_at + timedelta(minutes=6))

    entry.refresh_from_db()
    assert entry.status == "purchased"
    assert_books_are_right(ends_at)


@TROUBLE
def test_news_that_cannot_be_looked_up_does_not_keep_other_news_waiting(trouble):
    first, second = lost(), lost()
    deliver()
    now = timezone.now()

    with meets(trouble, first.intent_id):
        run = services.process_events(now=now, limit=10)

    assert (run.done, run.kept, len(run.problems)) == (1, 1, 1)
    second.order.refresh_from_db()
    assert second.order.status == OrderStatus.PAID
    services.process_events(now=now + timedelta(hours=1), limit=10)
    assert not StripeEvent.objects.filter(processed_at=None).exists()
    assert_books_are_right(LEASE_OVER)


def test_that_our_keys_are_refused_while_news_is_looked_up_is_told_at_once():
    lost()
    deliver()

    with refusing("GET /v1/payment_intents", 401):
        services.process_events(now=timezone.now(), limit=10)

    assert Incident.objects.get().kind == "not_let_in"


def test_news_that_is_not_shown_is_no_refusal_of_our_keys():
    lost()
    deliver()

    with refusing("GET /v1/payment_intents", 404, code="resource_missing"):
        services.process_events(now=timezone.now(), limit=10)

    assert not Incident.objects.exists()


@TROUBLE
def test_a_card_that_is_not_forgotten_does_not_keep_others_waiting(trouble):
    first, second = (keep(make.buyer()) for _ in range(2))
    with outage("before"):
        for card in (first, second):
            services.remove_card(card=card, now=NOON)

    with meets(trouble, f"{first.provider_id}/detach"):
        services.forget_removed_cards(now=NOON, limit=10)

    second.refresh_from_db()
    assert second.forgotten_at


def test_the_command_does_the_rest_and_then_fails_naming_what_is_left():
    first = lost()
    services.refund_order(order=paid(), by=None, now=NOON)

    failing = pytest.raises(CommandError, match=rf"{first}.*resource_missing")

    with refusing(first.intent_id, 404, code="resource_missing"), failing:
        call_command("sweep_payments", "--at", LEASE_OVER.isoformat())

    assert Refund.objects.get().status == RefundStatus.SUCCEEDED
    later = LEASE_OVER + timedelta(hours=1)
    call_command("sweep_payments", "--at", later.isoformat())
    assert_books_are_right(LEASE_OVER)


def test_a_webhook_that_is_not_taken_does_not_keep_others_from_being_delivered():
    lost(), lost()
    answers = iter([500, 200])

    taken = post.deliver_webhooks(
        now=timezone.now(), limit=10, send=lambda body, signature: next(answers)
    )

    assert taken == 1


@pytest.mark.parametrize("lines", [1, 2])
def test_a_webhook_that_cannot_be_sent_does_not_keep_others_from_being_delivered(lines):
    """Without the guard the first bug ends the run, and what was taken comes again."""
    first, second = lost(), lost()
    now = timezone.now()

    def send(body, signature):
        if first.intent_id in body.decode():
            raise ValueError
        return 200

    taken = post.deliver_webhooks(now=now, limit=10, send=send, lines=lines)

    assert taken == 1
    delivered = SandboxEvent.objects.exclude(delivered_at=None)
    assert delivered.get().payload["data"]["object"]["id"] == second.intent_id
    left = SandboxEvent.objects.get(delivered_at=None)
    assert (left.last_answer, left.attempts) == ("no answer", 1)
    later = now + timedelta(minutes=1)
    assert deliver(now=later) == 1


def test_what_cannot_happen_at_the_provider_does_not_keep_the_rest_from_it():
    placed = [paid(DISPUTED), paid(DISPUTED)]
    bad, good = (each.payments.get().intent_id for each in placed)
    SandboxObject.objects.filter(type="charge", payment_intent=bad).update(data={})

    post.let_mature(now=timezone.now() + timedelta(minutes=1), limit=10)

    assert [each["payment_intent"] for each in at_provider("dispute")] == [good]


def test_a_comparison_names_the_payment_that_is_not_shown_and_compares_the_rest():
    first, second = lost(), lost()
    at = LEASE_OVER + timedelta(hours=1)

    with refusing(f"/payment_intents/{first.intent_id}", 404, code="resource_missing"):
        run = services.reconcile(now=at, since=NOON - timedelta(days=1), repair=True)

    kinds = {each["subject"]: each["kind"] for each in run.differences}
    assert kinds[first.intent_id] == "not_compared"
    second.order.refresh_from_db()
    assert second.order.status == OrderStatus.PAID
