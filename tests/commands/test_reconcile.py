"""Each difference between the provider and our books is found, and mended or told."""

from datetime import timedelta

import pytest
from django.core.management import CommandError
from django.utils import timezone

from inventory.models import Ticket, TicketStatus
from payments import services
from payments.gateways.sandbox import post
from payments.models import (
    Dispute,
    Incident,
    LedgerEntry,
    OrderStatus,
    Payment,
    PaymentStatus,
    ReconcileRun,
    Refund,
    SandboxObject,
    StripeEvent,
)
from tests.paying import (
    DISPUTED,
    REFUND_PENDS,
    answer_challenge,
    ask,
    assert_books_are_right,
    at_provider,
    challenge_url,
)
from tests.reconciling import challenged_tonight, differences, paid_tonight, reconcile
from tests.refunding import balance

pytestmark = pytest.mark.django_db


def test_when_all_agree_it_says_so(tonight):
    paid_tonight(tonight)

    told = reconcile()

    assert told == "1 payments compared, 0 differences, 0 left.\n"
    assert not Incident.objects.exists()


def test_money_we_never_heard_of_is_found_and_settled_by_the_ordinary_flow(tonight):
    placed = challenged_tonight(tonight)
    answer_challenge(challenge_url(placed))

    with pytest.raises(CommandError, match="1 left"):
        reconcile()
    placed.refresh_from_db()
    assert placed.status == OrderStatus.PENDING
    assert "missed_success" in Incident.objects.get().detail
    told = reconcile("--repair")

    placed.refresh_from_db()
    assert "did settle it" in told
    assert placed.status == OrderStatus.PAID
    assert reconcile() == "1 payments compared, 0 differences, 0 left.\n"
    assert_books_are_right()


def test_an_intent_left_open_behind_a_closed_order_is_cancelled(tonight):
    placed = challenged_tonight(tonight)
    Payment.objects.update(status=PaymentStatus.CANCELLED)
    placed.move_to(OrderStatus.CANCELLED, cancelled_at=timezone.now())

    assert differences("--repair") == ["intent_left_open"]

    assert at_provider("payment_intent")[0]["status"] == "canceled"


def test_an_intent_cancelled_at_the_provider_is_closed_here(tonight):
    placed = challenged_tonight(tonight)
    intent_id = placed.payments.get().intent_id
    ask("POST", f"/v1/payment_intents/{intent_id}/cancel")

    assert differences("--repair") == ["missed_cancellation"]

    assert placed.payments.get().status == PaymentStatus.CANCELLED


def test_a_refund_and_a_dispute_we_never_heard_of_are_recorded(tonight):
    refunded, disputed = paid_tonight(tonight), paid_tonight(tonight, DISPUTED)
    intent_id = refunded.payments.get().intent_id
    ask("POST", "/v1/refunds", {"payment_intent": intent_id, "amount": 100})
    post.let_mature(now=timezone.now() + timedelta(minutes=1), limit=10)

    assert sorted(differences("--repair")) == ["disputes_differ", "refunds_differ"]

    assert Refund.objects.get().unallocated
    assert Dispute.objects.get().payment.order == disputed
    assert differences() == []


def slow_refund(tonight) -> Refund:
    """Paid back by us, and still on its way to the bank."""
    placed = paid_tonight(tonight, REFUND_PENDS)
    refund = services.refund_order(order=placed, by=None, now=timezone.now())
    services.pay_refunds(now=timezone.now(), limit=10)
    assert at_provider("refund")[0]["status"] == "pending"
    return refund


def test_a_slow_refund_that_came_through_without_our_hearing_it_is_booked(tonight):
    refund = slow_refund(tonight)
    assert differences() == []
    post.let_mature(now=timezone.now() + timedelta(minutes=1), limit=10)

    assert differences() == ["refunds_differ"]
    assert differences("--repair") == ["refunds_differ"]

    refund.refresh_from_db()
    assert refund.status == "succeeded"
    assert balance() == 0
    assert differences() == []


def test_a_slow_refund_that_the_provider_does_not_know_is_for_a_person(tonight):
    refund = slow_refund(tonight)
    SandboxObject.objects.filter(type="refund").delete()

    assert differences("--repair") == ["refunds_differ"]

    refund.refresh_from_db()
    assert refund.status == "pending"
    assert "unknown at the provider" in Incident.objects.get(kind="reconcile").detail


def test_a_refund_that_only_we_have_is_for_a_person_and_not_called_repaired(tonight):
    services.refund_order(order=paid_tonight(tonight), by=None, now=timezone.now())
    services.pay_refunds(now=timezone.now(), limit=10)
    SandboxObject.objects.filter(type="refund").delete()
    charge = SandboxObject.objects.get(type="charge")
    charge.data |= {"amount_refunded": 0, "refunded": False}
    charge.save()

    assert differences("--repair") == ["refunds_differ"]

    assert ReconcileRun.objects.latest("pk").repaired == 0
    assert "5000" in Incident.objects.get(kind="reconcile").detail.replace(".", "")


def test_what_is_paid_only_here_is_for_a_person_and_never_made_true(tonight):
    placed = challenged_tonight(tonight)
    Payment.objects.update(status=PaymentStatus.SUCCEEDED, succeeded_at=timezone.now())

    found = differences("--repair")

    assert "paid_only_here" in found
    assert not LedgerEntry.objects.exists()
    placed.refresh_from_db()
    assert placed.status == OrderStatus.PENDING


def test_another_amount_in_the_ledger_is_for_a_person(tonight):
    placed = paid_tonight(tonight)
    payment = placed.payments.get()
    LedgerEntry.objects.create(
        order=placed,
        payment=payment,
        kind="capture",
        amount=1,
        currency="GBP",
        source="by hand",
    )

    assert "amount_differs" in differences("--repair")

    assert LedgerEntry.objects.count() == 2


def test_strangers_on_either_side_are_for_a_person(tonight):
    ask("POST", "/v1/payment_intents", {"amount": 5000, "currency": "gbp"})
    placed = paid_tonight(tonight)
    placed.payments.update(intent_id="pi_only_here")

    found = differences("--repair")

    assert sorted(found) == [
        "missing_at_provider",
        "second_intent",  # Of a payment that says it has another.
        "unknown_intent",
    ]


def forgotten_by_the_provider(tonight) -> Payment:
    placed = paid_tonight(tonight)
    SandboxObject.objects.all().delete()
    return placed.payments.get()


@pytest.mark.parametrize(("minutes", "found"), [(4, []), (6, ["missing_at_provider"])])
def test_what_is_made_while_the_list_is_read_is_not_missing_from_it(
    tonight, minutes, found
):
    forgotten_by_the_provider(tonight)

    assert differences(minutes=minutes) == found


@pytest.mark.parametrize(("minutes", "found"), [(4, []), (6, ["missing_at_provider"])])
def test_what_was_made_as_the_list_begins_may_be_before_it_by_the_providers_clock(
    tonight, minutes, found
):
    since = forgotten_by_the_provider(tonight).created_at - timedelta(minutes=minutes)

    run = services.reconcile(now=since + timedelta(hours=1), since=since, repair=False)

    assert [difference["kind"] for difference in run.differences] == found


def test_the_stock_and_the_gate_are_compared_with_what_was_sold(tonight):
    placed = paid_tonight(tonight)
    ticket = placed.lines.first().ticket
    Ticket.objects.filter(pk=ticket.pk).update(status=TicketStatus.RETURNED)

    assert "invariant_1" in differences("--repair")

    ticket.refresh_from_db()
    assert ticket.status == TicketStatus.RETURNED


def test_news_that_nobody_could_place_is_mentioned(tonight):
    StripeEvent.objects.create(
        provider_id="evt_1", type="refund.updated", object_id="re_1", payload={}
    )

    assert differences(minutes=120) == ["stuck_event"]


def test_a_payment_on_its_way_is_not_a_difference(tonight):
    answer_challenge(challenge_url(challenged_tonight(tonight)))
    assert differences(minutes=1) == []
