"""Bugs met while writing the random programs, each as the shortest plain test."""

from datetime import timedelta

import pytest
from django.utils import timezone

from payments import services
from payments.gateways.sandbox import post
from payments.gateways.sandbox.models import SandboxEvent
from payments.gateways.sandbox.switches import outage, switched
from payments.models import LedgerEntry, Refund, RefundReason, RefundStatus
from tests import paying
from tests.factories import NOON

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


def hear() -> None:
    """All that the provider has to say by now arrives and is acted on."""
    later = timezone.now() + timedelta(hours=2)
    paying.deliver(now=later)
    services.process_events(now=later, limit=100)


def let_banks_act() -> None:
    post.let_mature(now=timezone.now() + timedelta(minutes=1), limit=10)


def money_in_the_books() -> int:
    return sum(LedgerEntry.objects.values_list("amount", flat=True))


def money_at_the_provider() -> int:
    return sum(line["amount"] for line in paying.at_provider("balance_transaction"))


def test_old_news_of_a_failed_refund_does_not_fail_the_second_try():
    placed = paying.paid(paying.REFUND_FAILS)
    refund = services.refund_order(order=placed, by=None, now=NOON)
    services.pay_refunds(now=NOON, limit=10)
    let_banks_act()
    hear()
    refund.refresh_from_db()
    assert refund.status == RefundStatus.FAILED
    services.retry_refund(refund=refund, now=NOON)
    services.pay_refunds(now=NOON, limit=10)

    hear()

    refund.refresh_from_db()
    assert refund.status == RefundStatus.SUCCEEDED
    assert money_in_the_books() == money_at_the_provider() == 0
    paying.assert_books_are_right()


def test_a_refund_whose_reply_was_lost_is_booked_after_a_lost_dispute_too():
    placed = paying.paid(paying.DISPUTED)
    first, second = placed.lines.order_by("pk")
    owe(placed, first, now=NOON)
    with switched(balance_is_short=True):
        services.pay_refunds(now=NOON, limit=10)
    refund = owe(placed, second, now=NOON + SECOND)
    with outage("after", "POST /v1/refunds"):
        services.pay_refunds(now=NOON + SECOND, limit=10)
    late = list(SandboxEvent.objects.filter(type__contains="refund"))
    SandboxEvent.objects.filter(pk__in=[event.pk for event in late]).update(
        next_attempt_at=None
    )
    let_banks_act()
    [dispute] = paying.at_provider("dispute")
    evidence = {"evidence[uncategorized_text]": "losing_evidence"}
    paying.ask("POST", f"/v1/disputes/{dispute['id']}", evidence)
    hear()
    refund.refresh_from_db()
    assert refund.status == RefundStatus.FAILED

    SandboxEvent.objects.bulk_update(late, ["next_attempt_at"])
    hear()

    refund.refresh_from_db()
    assert refund.status == RefundStatus.SUCCEEDED
    assert money_in_the_books() == money_at_the_provider() == 0
    paying.assert_books_are_right()


def owe(placed, line, *, now) -> Refund:
    return services.refund_lines(
        order=placed, lines=[line], reason=RefundReason.STAFF, by=None, now=now
    )


def test_a_refund_in_the_dashboard_ends_an_owed_one_that_no_longer_fits():
    placed = paying.paid()
    refund = services.refund_lines(
        order=placed,
        lines=list(placed.lines.all()),
        reason=RefundReason.GOODWILL,
        by=None,
        now=NOON,
    )
    intent_id = placed.payments.get().intent_id
    paying.ask("POST", "/v1/refunds", {"payment_intent": intent_id, "amount": 1000})

    hear()

    refund.refresh_from_db()
    assert refund.status == RefundStatus.FAILED
    assert Refund.objects.filter(unallocated=True).count() == 1
    paying.assert_books_are_right()
