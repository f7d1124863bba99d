"""Case 9. A partial refund, a refund in the dashboard, a refund under dispute.

Each refund names its lines. What is owed, on its way and done never exceeds what
was captured. A refund made in the dashboard is recorded, unallocated and flagged,
and takes no ticket by itself. A disputed charge is not refunded again.

The guards: the sum (`refunds.owed_or_paid`, asked in `refunds._owe`), counted under
the order's lock (`books.lock`); the look at all that the provider gave back, not at
what was owed here (`repaying.apply_refunds`), and the incident that tells staff of it
(`books.report`); and `refunds.refuse_if_disputed`.
"""

from datetime import timedelta
from functools import partial

import pytest

from payments import services
from payments.models import (
    Incident,
    LedgerEntry,
    Order,
    OrderStatus,
    Refund,
    RefundReason,
    RefundStatus,
)
from payments.services import books, refunds, repaying
from tests.concurrency.racing import ROUNDS, breaks_within, race
from tests.concurrency.test_settling import take_out_the_orders_lock
from tests.crash.dying import assert_provider_and_books_agree
from tests.factories import NOON
from tests.paying import DISPUTED, assert_books_are_right, at_provider, paid
from tests.refunding import hear_the_bank, in_the_dashboard

pytestmark = pytest.mark.django_db(transaction=True)
HOUR = timedelta(hours=1)


def refund_line(placed: Order, line):
    return services.refund_lines(
        order=placed, lines=[line], reason=RefundReason.STAFF, by=None, now=NOON
    )


def test_case_09_each_line_is_refunded_once_whoever_asks():
    placed = paid(quantity=4)
    lines = list(placed.lines.all())

    race(partial(refund_line, placed, line) for line in lines * 3)
    race([partial(services.pay_refunds, now=NOON + HOUR, limit=10)] * 4)

    assert Refund.objects.count() == len(at_provider("refund")) == 4
    assert all(refund.lines.count() == 1 for refund in Refund.objects.all())
    assert sum(LedgerEntry.objects.values_list("amount", flat=True)) == 0
    assert_provider_and_books_agree()
    assert_books_are_right(NOON + HOUR)


def staff_and_dashboard_together() -> None:
    """7500 of 10000 went back in the dashboard: one of four lines fits still."""
    placed = paid(quantity=4)
    in_the_dashboard(placed, 7500)
    hear_the_bank()

    outcomes = race(partial(refund_line, placed, line) for line in placed.lines.all())

    refused = [o for o in outcomes if isinstance(o, services.RefundTooLarge)]
    assert len(refused) == 3, outcomes
    assert_books_are_right(NOON + HOUR)


def test_case_09_with_the_dashboard_it_is_never_more_than_was_captured():
    staff_and_dashboard_together()


def test_case_09_without_the_sum_it_is(monkeypatch):
    monkeypatch.setattr(refunds, "owed_or_paid", lambda payment: 0)

    with pytest.raises(AssertionError):
        staff_and_dashboard_together()


def test_case_09_without_the_lock_two_count_the_same_rest(monkeypatch):
    take_out_the_orders_lock(monkeypatch)

    assert breaks_within(ROUNDS, staff_and_dashboard_together)


def a_dashboard_refund_is_recorded_flagged_and_takes_no_ticket() -> None:
    placed = paid()

    in_the_dashboard(placed, 5000)
    hear_the_bank()
    hear_the_bank()

    assert_provider_and_books_agree()
    refund = Refund.objects.get()
    assert (refund.unallocated, refund.status) == (True, RefundStatus.SUCCEEDED)
    kinds = Incident.objects.values_list("kind", "resolved_at")
    assert list(kinds) == [("dashboard_refund", None)]
    placed.refresh_from_db()
    assert placed.status == OrderStatus.PAID
    assert {line.ticket.status for line in placed.lines.all()} == {"sold"}
    assert_books_are_right()


def test_case_09_a_dashboard_refund_is_recorded_flagged_and_takes_no_ticket():
    a_dashboard_refund_is_recorded_flagged_and_takes_no_ticket()


@pytest.mark.parametrize(
    ("module", "guard"), [(repaying, "apply_refunds"), (books, "report")]
)
def test_case_09_without_the_look_or_the_incident_nobody_knows_of_it(
    module, guard, monkeypatch
):
    monkeypatch.setattr(module, guard, lambda *args, **given: None)

    with pytest.raises(AssertionError):
        a_dashboard_refund_is_recorded_flagged_and_takes_no_ticket()


def test_case_09_taken_for_one_of_ours_it_moves_the_order(monkeypatch):
    """What staff did not decide here says nothing of the tickets."""
    monkeypatch.setattr(repaying, "_found", one_of_ours(repaying._found))

    with pytest.raises(AssertionError):
        a_dashboard_refund_is_recorded_flagged_and_takes_no_ticket()


def one_of_ours(found):
    def kept_as_ours(payment, result, now):
        refund = found(payment, result, now)
        refund.unallocated = False
        refund.save()
        return refund

    return kept_as_ours


def test_case_09_our_own_refund_is_not_mistaken_for_one():
    placed = paid()
    services.refund_order(order=placed, by=None, now=NOON)
    services.pay_refunds(now=NOON, limit=10)

    hear_the_bank()

    assert not Refund.objects.get().unallocated
    assert not Incident.objects.exists()


def a_disputed_payment_is_left_alone() -> None:
    placed = paid(DISPUTED)
    hear_the_bank()

    with pytest.raises(services.PaymentDisputed):
        services.refund_order(order=placed, by=None, now=NOON)

    assert not Refund.objects.exists()


def test_case_09_a_disputed_charge_is_not_refunded_again():
    a_disputed_payment_is_left_alone()


def test_case_09_without_the_question_it_is(monkeypatch):
    monkeypatch.setattr(refunds, "refuse_if_disputed", lambda order, payment: None)

    with pytest.raises(pytest.fail.Exception):
        a_disputed_payment_is_left_alone()
