from datetime import timedelta

import pytest
from django.utils import timezone

from notifications.models import Notification
from payments import services
from payments.gateways import InvalidSignature
from payments.gateways.sandbox import post
from payments.gateways.sandbox.switches import outage, switched
from payments.models import (
    Dispute,
    Incident,
    LedgerEntry,
    Order,
    OrderLine,
    OrderStatus,
    Payment,
    Refund,
    RefundStatus,
    StripeEvent,
)
from tests import factories as make
from tests.paying import (
    DECLINED,
    DISPUTED,
    answer_challenge,
    ask,
    assert_books_are_right,
    challenge_url,
    challenged,
    deliver,
    held,
    order,
    token,
)
from tests.refunding import balance

pytestmark = pytest.mark.django_db


@pytest.fixture
def now():
    """Real time: the provider's clock is not ours to set."""
    return timezone.now()


def process(now=None):
    return services.process_events(now=now or timezone.now(), limit=100)


def receive(body: str) -> None:
    raw, signature = signed(body)
    services.receive_event(body=raw, signature=signature, now=timezone.now())


def signed(body: str, *, age: int = 0) -> tuple[bytes, str]:
    stamped = timezone.now() - timedelta(seconds=age)
    return body.encode(), post.sign(body, now=stamped)


EVENT = (
    '{"id": "evt_1", "object": "event", "type": "payment_intent.succeeded", '
    '"livemode": LIVE, "data": {"object": {"id": "pi_1", "object": "payment_intent"}}}'
)
TEST_EVENT = EVENT.replace("LIVE", "false")


# Arrival


def test_an_event_is_kept_once_however_often_it_comes(now):
    body, signature = signed(TEST_EVENT)

    for _ in range(3):
        services.receive_event(body=body, signature=signature, now=now)

    event = StripeEvent.objects.get()
    assert (event.provider_id, event.object_id) == ("evt_1", "pi_1")
    assert event.processed_at is None


@pytest.mark.parametrize(
    "forged",
    [
        lambda body, signature: (body, ""),
        lambda body, signature: (body, signature.replace("v1=", "v1=0")),
        lambda body, signature: (body + b" ", signature),
        lambda body, signature: signed(TEST_EVENT, age=301),
        lambda body, signature: (b"\xff\xfe", signature),
    ],
)
def test_a_forged_or_old_event_is_refused_and_not_kept(forged, now):
    body, signature = forged(*signed(TEST_EVENT))

    with pytest.raises(InvalidSignature):
        services.receive_event(body=body, signature=signature, now=now)

    assert not StripeEvent.objects.exists()


def test_an_event_of_the_other_mode_is_refused(now):
    body, signature = signed(EVENT.replace("LIVE", "true"))

    with pytest.raises(services.WrongMode):
        services.receive_event(body=body, signature=signature, now=now)

    assert not StripeEvent.objects.exists()


# What they do


def test_a_passed_challenge_is_settled_by_its_webhook():
    placed = challenged(held())
    answer_challenge(challenge_url(placed))
    deliver()

    process()

    placed.refresh_from_db()
    assert placed.status == OrderStatus.PAID
    assert not StripeEvent.objects.filter(processed_at=None).exists()
    assert_books_are_right()


def test_news_of_what_our_reply_settled_is_done_with_on_arrival():
    order(held())

    with outage("before"):
        deliver()

    assert StripeEvent.objects.get().processed_at is not None
    assert process().done == 0
    assert LedgerEntry.objects.count() == 1


def test_news_that_was_faster_than_our_reply_is_done_with_once_that_is_known():
    placed = order(held())
    Payment.objects.update(status="created", succeeded_at=None)
    deliver()
    waited = StripeEvent.objects.filter(processed_at=None).count()
    Payment.objects.update(status="succeeded", succeeded_at=placed.paid_at)

    with outage("before"):
        assert process().done == waited == 1


def test_whoever_brings_news_is_told_whether_it_asks_for_work(now):
    body, signature = signed(TEST_EVENT)

    asked = [
        services.receive_event(body=body, signature=signature, now=now)
        for _ in range(2)
    ]

    assert asked == [True, False]


def test_an_event_that_matches_nothing_yet_is_kept_and_tried_again(now):
    body, signature = signed(TEST_EVENT)
    services.receive_event(body=body, signature=signature, now=now)

    counts = [
        process(now + timedelta(seconds=wait)).kept for wait in (0, 1, 6, 7, 17, 60)
    ]

    event = StripeEvent.objects.get()
    assert counts == [1, 0, 1, 0, 1, 1]
    assert (event.processed_at, event.attempts) == (None, 4)
    assert "No payment" in event.error


def test_an_event_nobody_wants_is_reported_and_tried_for_ever(now):
    body, signature = signed(TEST_EVENT)
    services.receive_event(body=body, signature=signature, now=now)

    for hours in range(60):
        process(now + timedelta(hours=2 * hours))

    assert Incident.objects.get().kind == "unmatched_event"
    event = StripeEvent.objects.get()
    assert (event.processed_at, event.attempts) == (None, 60)


def test_a_webhook_before_our_own_commit_finds_its_payment_by_what_we_wrote_on_it():
    """The reply to `create` was lost, and somebody paid the intent meanwhile."""
    hold = held()
    cut = outage("after", "POST /v1/payment_intents", times=1)
    with cut, pytest.raises(Exception, match="not been charged"):
        order(hold)
    payment = Payment.objects.get()
    [intent] = ask("GET", "/v1/payment_intents")[1]["data"]
    ask(
        "POST",
        f"/v1/payment_intents/{intent['id']}/confirm",
        {"payment_method": token()},
    )
    deliver()

    process()

    payment.refresh_from_db()
    assert (payment.status, payment.intent_id) == ("succeeded", intent["id"])
    assert payment.order.status == OrderStatus.PAID
    assert_books_are_right()


def test_while_the_provider_is_silent_events_wait(now):
    placed = challenged(held())
    answer_challenge(challenge_url(placed))
    deliver()

    with outage("before"):
        assert process().done == 0
    process(timezone.now() + timedelta(minutes=1))

    placed.refresh_from_db()
    assert placed.status == OrderStatus.PAID


def test_an_effect_that_fails_undoes_the_mark_too():
    hold = held()
    placed = challenged(hold)
    answer_challenge(challenge_url(placed))
    deliver()
    wrong = OrderLine.objects.create(
        order=placed,
        ticket=hold.tickets.first(),
        unit_amount=0,
        fee_amount=0,
        tax_amount=0,
        total_amount=0,
    )

    process()

    event = StripeEvent.objects.get(type="payment_intent.succeeded")
    assert (event.processed_at, event.attempts) == (None, 1)
    assert "IntegrityError" in event.error
    assert not LedgerEntry.objects.exists()
    wrong.delete()
    process(timezone.now() + timedelta(minutes=1))
    placed.refresh_from_db()
    assert placed.status == OrderStatus.PAID
    assert_books_are_right()


def test_duplicates_and_any_order_of_delivery_change_nothing():
    first, second = challenged(held()), challenged(held())
    for placed in (first, second):
        answer_challenge(challenge_url(placed))

    with switched(duplicate_webhooks=True, reverse_webhooks=True):
        deliver()
    process()
    process()

    assert Order.objects.filter(status=OrderStatus.PAID).count() == 2
    assert LedgerEntry.objects.count() == 2
    assert Notification.objects.count() == 2
    assert_books_are_right()


def test_news_of_a_decline_does_not_take_the_hold_from_the_next_card(now):
    hold = held(now=now, event=make.tonight())
    with pytest.raises(services.CardDeclined):
        order(hold, DECLINED, now=now)
    with outage("before", "/confirm"):
        order(hold, now=now)
    deliver()

    process()

    hold.refresh_from_db()
    assert hold.status == "paying"


# Refunds and disputes that begin at the provider


def test_a_refund_made_in_the_dashboard_is_kept_unallocated_and_flagged():
    placed = order(held())
    intent_id = placed.payments.get().intent_id
    ask("POST", "/v1/refunds", {"payment_intent": intent_id, "amount": 1200})
    deliver()

    process()

    refund = Refund.objects.get()
    assert (refund.amount, refund.unallocated) == (1200, True)
    assert refund.status == RefundStatus.SUCCEEDED
    placed.refresh_from_db()
    assert placed.status == OrderStatus.PAID
    assert {line.ticket.status for line in placed.lines.all()} == {"sold"}
    assert Incident.objects.get().kind == "dashboard_refund"
    assert_books_are_right()


@pytest.mark.parametrize(("word", "status"), [("winning", "won"), ("losing", "lost")])
def test_a_dispute_is_followed_to_its_end(word, status):
    order(held(), DISPUTED)
    later = timezone.now() + timedelta(minutes=1)
    post.let_mature(now=later, limit=10)
    deliver(now=later)
    process()
    dispute = Dispute.objects.get()
    assert (dispute.status, dispute.amount) == ("open", 5000)

    evidence = {"evidence[uncategorized_text]": f"{word}_evidence"}
    ask("POST", f"/v1/disputes/{dispute.provider_id}", evidence)
    deliver()
    process()

    dispute.refresh_from_db()
    assert dispute.status == status
    assert balance() == (5000 if status == "won" else 0)
    assert Incident.objects.get().kind == "dispute"
    assert_books_are_right()
