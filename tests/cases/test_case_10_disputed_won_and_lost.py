"""Case 10. A payment is disputed, and the dispute is won or lost.

Unused tickets stop admitting at once. Won, they admit again; lost, they stay dead
and the loss is in the books. Nothing goes back on sale until staff decide.

The guard is the question that the door asks (`disputes.why_not_admitted`,
registered for every scan). Taken out, a disputed ticket walks in.
"""

from datetime import timedelta

import pytest
from django.utils import timezone

from inventory import codes
from inventory import services as inventory
from inventory.services import admission
from payments import services
from payments.gateways.sandbox import post
from payments.models import (
    Dispute,
    Incident,
    LedgerEntry,
    OrderStatus,
    SandboxEvent,
    StripeEvent,
)
from payments.services import refunds
from tests import factories as make
from tests.crash.dying import assert_provider_and_books_agree
from tests.factories import NOON
from tests.paying import (
    DISPUTED,
    ask,
    assert_books_are_right,
    at_provider,
    deliver,
    paid,
)

pytestmark = pytest.mark.django_db


def hear() -> None:
    later = timezone.now() + timedelta(minutes=1)
    post.let_mature(now=later, limit=10)
    deliver(now=later)
    services.process_events(now=later, limit=100)


def disputed():
    placed = paid(DISPUTED)
    hear()
    return placed


def decide(word: str) -> None:
    [dispute] = at_provider("dispute")
    evidence = {"evidence[uncategorized_text]": f"{word}_evidence"}
    assert ask("POST", f"/v1/disputes/{dispute['id']}", evidence)[0] == 200
    hear()


def scan(placed):
    ticket = placed.lines.order_by("pk").first().ticket
    return inventory.check_in(
        code=codes.write(ticket_id=ticket.pk, event_id=placed.event_id),
        staff=make.staff(venue=placed.event.venue),
        gate="North",
        now=NOON,
    )


def stock(placed) -> list[str]:
    rush = placed.hold.ticket_type
    return sorted(rush.tickets.values_list("status", flat=True))


def a_disputed_ticket_is_refused() -> None:
    placed = disputed()

    with pytest.raises(inventory.TicketNotValid, match="disputed"):
        scan(placed)

    assert stock(placed) == ["available", "available", "sold", "sold"]
    assert Incident.objects.get().kind == "dispute"
    assert_books_are_right()


def test_case_10_a_disputed_ticket_does_not_admit():
    a_disputed_ticket_is_refused()


def test_case_10_without_the_doors_question_it_does(monkeypatch):
    monkeypatch.delitem(admission._checks, "dispute")

    with pytest.raises(pytest.fail.Exception):
        a_disputed_ticket_is_refused()


def test_case_10_won_it_admits_again_and_the_money_is_back():
    placed = disputed()
    decide("winning")

    assert scan(placed).admitted
    assert sum(LedgerEntry.objects.values_list("amount", flat=True)) == 5000
    assert_provider_and_books_agree()
    assert_books_are_right()


def test_case_10_lost_it_stays_dead_and_the_loss_is_booked():
    placed = disputed()
    decide("losing")

    with pytest.raises(inventory.TicketNotValid, match="disputed"):
        scan(placed)

    placed.refresh_from_db()
    assert placed.status == OrderStatus.PAID
    assert stock(placed) == ["available", "available", "sold", "sold"]
    kinds = LedgerEntry.objects.order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["capture", "dispute_withdrawn"]
    assert sum(LedgerEntry.objects.values_list("amount", flat=True)) == 0
    assert_provider_and_books_agree()
    assert_books_are_right()


def test_case_10_the_same_news_of_a_dispute_changes_nothing():
    placed = disputed()
    for _ in range(2):
        SandboxEvent.objects.update(next_attempt_at=timezone.now())
        StripeEvent.objects.update(processed_at=None)
        hear()

    assert Dispute.objects.count() == 1
    assert LedgerEntry.objects.filter(payment__order=placed).count() == 2
    assert Incident.objects.count() == 1


def test_case_10_staff_decide_what_goes_back_on_sale():
    """A lost dispute is not refunded; the tickets can be taken back all the same."""
    placed = disputed()
    decide("losing")

    with pytest.raises(services.PaymentDisputed):
        services.refund_order(order=placed, by=None, now=NOON)

    refunds.take_back_disputed(order=placed, now=NOON)

    assert stock(placed) == ["available"] * 4 + ["returned"] * 2
    assert_books_are_right()
