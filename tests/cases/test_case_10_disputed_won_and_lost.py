"""Case 10. A payment is disputed, and the dispute is won or lost.

Unused tickets stop admitting at once, at offline scanners from their next sync. Won,
they admit again; lost, they stay dead and the loss is in the books. Nothing goes back
on sale until staff decide. One let in by a scanner that did not know yet is kept and
flagged when it is uploaded.

The guards: the question that the door asks (`disputes.disputed_tickets`, registered for
every scan and for what scanners sync), without which a disputed ticket walks in, or was
let in offline and nobody sees it; that a lost dispute is no end of it
(`disputes.TAKEN_BY_THE_BANK`); that the loss is entered (`books.enter`); and that no
refund is owed for what the bank has, or asks for (`refunds.refuse_if_disputed`, the sum
`refunds.lost_to_the_bank`, and `giving_back.disputed_payments` for what is called off),
because refunds take tickets back. So only `refunds.take_back_disputed`, which staff ask
for, puts them on sale, and that wants a dispute that was lost.
"""

from datetime import timedelta

import pytest
from django.utils import timezone

from events import services as events
from events.models import Role
from inventory import codes
from inventory import services as inventory
from inventory.models import CheckIn, ScanFlag
from inventory.services import admission
from payments import services
from payments.models import (
    Dispute,
    DisputeStatus,
    Incident,
    LedgerEntry,
    OrderStatus,
    Payment,
    Refund,
    SandboxEvent,
    StripeEvent,
)
from payments.services import books, disputes, giving_back, refunds, repaying
from tests import factories as make
from tests.crash.dying import assert_provider_and_books_agree
from tests.factories import NOON
from tests.paying import DISPUTED, assert_books_are_right, paid
from tests.refunding import decide, hear_the_bank
from tests.scanner import OfflineScanner, client_of

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def disputed():
    placed = paid(DISPUTED)
    hear_the_bank()
    return placed


def scan(placed, *, offline_at=None):
    ticket = placed.lines.order_by("pk").first().ticket
    return inventory.check_in(
        code=codes.write(ticket_id=ticket.pk, event_id=placed.event_id),
        staff=make.staff(venue=placed.event.venue),
        gate="North",
        now=NOON,
        offline_at=offline_at,
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


def a_disputed_ticket_let_in_offline_is_flagged() -> None:
    placed = disputed()

    with pytest.raises(inventory.TicketNotValid, match="disputed"):
        scan(placed, offline_at=NOON - timedelta(minutes=1))

    kept = CheckIn.objects.get()
    assert (kept.admitted, kept.flag) == (False, ScanFlag.NOT_VALID)
    assert stock(placed) == ["available", "available", "sold", "sold"]
    assert_books_are_right()


def test_case_10_a_disputed_ticket_let_in_offline_is_flagged():
    a_disputed_ticket_let_in_offline_is_flagged()


def test_case_10_without_the_doors_question_its_upload_is_not(monkeypatch):
    monkeypatch.delitem(admission._checks, "dispute")

    with pytest.raises(pytest.fail.Exception):
        a_disputed_ticket_let_in_offline_is_flagged()


def scanner_of(placed) -> OfflineScanner:
    steward = make.staff(venue=placed.event.venue, role=Role.DOOR)
    scanner = OfflineScanner(client_of(steward), placed.event_id)
    assert scanner.sync() == 200
    return scanner


def refused_offline(scanner, placed) -> set[str]:
    return {
        scanner.refusal(
            codes.write(ticket_id=line.ticket_id, event_id=placed.event_id), at=NOON
        )
        for line in placed.lines.all()
    }


def an_offline_scanner_follows_the_dispute(end: str, told: str) -> None:
    placed = paid(DISPUTED)
    scanner = scanner_of(placed)
    hear_the_bank()
    assert refused_offline(scanner, placed) == {""}

    scanner.sync()
    assert refused_offline(scanner, placed) == {"payment_disputed"}
    decide(end)
    scanner.sync()
    assert refused_offline(scanner, placed) == {told}


@pytest.mark.parametrize(("end", "told"), [("winning", ""), ("losing", "payment_lost")])
def test_case_10_an_offline_scanner_follows_from_its_next_sync(end, told):
    an_offline_scanner_follows_the_dispute(end, told)


def test_case_10_without_the_doors_question_an_offline_scanner_lets_in(monkeypatch):
    monkeypatch.delitem(admission._checks, "dispute")

    with pytest.raises(AssertionError):
        an_offline_scanner_follows_the_dispute("losing", "payment_lost")


def test_case_10_won_it_admits_again_and_the_money_is_back():
    placed = disputed()
    decide("winning")

    assert scan(placed).admitted
    assert sum(LedgerEntry.objects.values_list("amount", flat=True)) == 5000
    assert_provider_and_books_agree()
    assert_books_are_right()


def lost_it_stays_dead_and_the_loss_is_booked() -> None:
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


def test_case_10_lost_it_stays_dead_and_the_loss_is_booked():
    lost_it_stays_dead_and_the_loss_is_booked()


def test_case_10_were_a_lost_dispute_the_end_of_it_it_would_admit(monkeypatch):
    monkeypatch.setattr(disputes, "TAKEN_BY_THE_BANK", (DisputeStatus.OPEN,))

    with pytest.raises(pytest.fail.Exception):
        lost_it_stays_dead_and_the_loss_is_booked()


def test_case_10_without_the_entry_the_loss_is_not_in_the_books(monkeypatch):
    monkeypatch.setattr(books, "enter", lambda *args, **given: None)

    with pytest.raises(AssertionError):
        lost_it_stays_dead_and_the_loss_is_booked()


def nothing_goes_back_on_sale_by_itself() -> None:
    """Not by what the clock does, nor by the buyer, and not with the event."""
    placed = disputed()
    decide("losing")

    for later in (NOON, NOON + DAY):
        everything_that_the_clock_does(later)
    with pytest.raises(services.PaymentDisputed):
        services.refund_order(order=placed, by=placed.user, now=NOON)
    events.cancel_event(event=placed.event)
    everything_that_the_clock_does(NOON + DAY)

    assert stock(placed) == ["available", "available", "sold", "sold"]
    assert not Refund.objects.exists()
    assert_books_are_right(NOON + DAY)


def everything_that_the_clock_does(now) -> None:
    services.sweep_called_off_events(now=now, limit=10)
    services.sweep_payments(now=now, limit=10)
    services.pay_refunds(now=now, limit=10)
    inventory.release_expired_holds(now=now, limit=10)


def test_case_10_lost_nothing_goes_back_on_sale_by_itself():
    nothing_goes_back_on_sale_by_itself()


def take_out_the_refusal(monkeypatch) -> None:
    """And the sum, which says that nothing is left to refund."""
    monkeypatch.setattr(refunds, "lost_to_the_bank", lambda payment: 0)
    for module in (refunds, repaying):
        monkeypatch.setattr(module, "refuse_if_disputed", lambda order, payment: None)


def test_case_10_without_the_refusal_a_refund_takes_the_tickets(monkeypatch):
    take_out_the_refusal(monkeypatch)

    with pytest.raises(pytest.fail.Exception):
        nothing_goes_back_on_sale_by_itself()


def called_off_it_is_left_alone() -> None:
    placed = disputed()
    decide("losing")
    events.cancel_event(event=placed.event)

    everything_that_the_clock_does(NOON + DAY)

    assert stock(placed) == ["available", "available", "sold", "sold"]
    assert not Refund.objects.exists()


def take_out_the_look_for_disputes(monkeypatch) -> None:
    """And the sum, which says that nothing is left to owe."""
    monkeypatch.setattr(giving_back, "disputed_payments", Payment.objects.none)
    monkeypatch.setattr(giving_back, "lost_disputes", Dispute.objects.none)


@pytest.mark.parametrize(
    "guard_out", [take_out_the_refusal, take_out_the_look_for_disputes]
)
def test_case_10_either_of_look_and_refusal_leaves_it_alone_when_called_off(
    guard_out, monkeypatch
):
    guard_out(monkeypatch)

    called_off_it_is_left_alone()


def test_case_10_without_both_it_is_refunded_though_the_bank_has_it(monkeypatch):
    take_out_the_refusal(monkeypatch)
    take_out_the_look_for_disputes(monkeypatch)

    with pytest.raises(AssertionError):
        called_off_it_is_left_alone()


def test_case_10_the_same_news_of_a_dispute_changes_nothing():
    placed = disputed()
    for _ in range(2):
        SandboxEvent.objects.update(next_attempt_at=timezone.now())
        StripeEvent.objects.update(processed_at=None)
        hear_the_bank()

    assert Dispute.objects.count() == 1
    assert LedgerEntry.objects.filter(payment__order=placed).count() == 2
    assert Incident.objects.count() == 1


def test_case_10_staff_decide_what_goes_back_on_sale():
    """A lost dispute is not refunded; the tickets can be taken back all the same."""
    placed = disputed()
    with pytest.raises(services.NotRefundable):
        refunds.take_back_disputed(order=placed, now=NOON)
    decide("losing")

    with pytest.raises(services.PaymentDisputed):
        services.refund_order(order=placed, by=None, now=NOON)

    refunds.take_back_disputed(order=placed, now=NOON)

    assert stock(placed) == ["available"] * 4 + ["returned"] * 2
    assert_books_are_right()
