"""Case 1. The money comes after the hold ran out and its tickets went back on sale.

If tickets are left they are taken again and the quote is honoured; else all of it
goes back, exactly once however often it is told, and the buyer is told. Never
beyond the capacity, never money without a ticket.

The guard is the late way of settling (`settling._settle_late`): it takes tickets
again, or owes a refund. Taken out, the money stays and nothing is given for it.
That it happens once is the work of the order's lock (`books.lock`), without which
those who hear of it at once run into each other; and, should that and every state
be passed by, of the refund's key, which is made from the payment's own.
"""

from datetime import timedelta
from functools import partial

import pytest

from inventory import services as inventory
from inventory.models import Hold, TicketType
from notifications.models import Notification
from payments import services
from payments.models import (
    LedgerEntry,
    Order,
    OrderLine,
    OrderStatus,
    Refund,
    SandboxObject,
)
from payments.services import books, settling
from tests import factories as make
from tests.concurrency.racing import ROUNDS, breaks_within, race
from tests.concurrency.test_settling import take_out_the_orders_lock
from tests.crash.dying import assert_provider_and_books_agree
from tests.paying import (
    answer_challenge,
    assert_books_are_right,
    at_provider,
    challenge_url,
    challenged,
    held,
)
from ticketapp.models import StatefulModel

pytestmark = pytest.mark.django_db(transaction=True)


def paid_too_late(*, stock: int) -> Order:
    """The tickets are freed behind our sweeps' back, then the buyer's bank agrees."""
    hold = held(stock=stock)
    placed = challenged(hold)
    inventory.free_paying_hold(hold=hold, now=hold.expires_at)
    answer_challenge(challenge_url(placed))
    return placed


def somebody_else_holds(ticket_type: TicketType, quantity: int, now) -> Hold:
    return inventory.hold_tickets(
        user=make.buyer(),
        ticket_type=TicketType.objects.with_terms().get(pk=ticket_type.pk),
        quantity=quantity,
        now=now,
    )


def tell_eight_times_at_once(placed: Order, now) -> None:
    tell = partial(services.ask_about, payment=placed.payments.get(), now=now)
    failures = [told for told in race([tell] * 8) if told is not None]
    assert failures == []


def late_money_with_tickets_left() -> None:
    placed = paid_too_late(stock=4)
    late = placed.hold.expires_at + timedelta(minutes=1)

    tell_eight_times_at_once(placed, late)

    placed.refresh_from_db()
    assert (placed.status, placed.amount) == (OrderStatus.PAID, 5000)
    assert placed.lines.count() == 2
    assert_books_are_right(late)
    assert_provider_and_books_agree()


def late_money_without_tickets() -> None:
    placed = paid_too_late(stock=2)
    late = placed.hold.expires_at + timedelta(minutes=1)
    somebody_else_holds(placed.hold.ticket_type, 2, late)

    tell_eight_times_at_once(placed, late)
    race([partial(services.pay_refunds, now=late, limit=10)] * 4)

    placed.refresh_from_db()
    assert placed.status == OrderStatus.CANCELLED
    assert Refund.objects.filter(payment__order=placed).count() == 1
    intent_id = placed.payments.get().intent_id
    given_back = [r["payment_intent"] for r in at_provider("refund")]
    assert given_back.count(intent_id) == 1
    assert sum(LedgerEntry.objects.values_list("amount", flat=True)) == 0
    told = Notification.objects.filter(kind="paid_too_late", user=placed.user)
    assert told.count() == 1
    assert_books_are_right(late)
    assert_provider_and_books_agree()


def test_case_01_late_money_gets_tickets_at_its_old_price():
    late_money_with_tickets_left()


def test_case_01_late_money_without_tickets_goes_back_once():
    late_money_without_tickets()


def test_case_01_with_half_of_the_tickets_left_it_is_all_or_nothing():
    placed = paid_too_late(stock=3)
    late = placed.hold.expires_at + timedelta(minutes=1)
    somebody_else_holds(placed.hold.ticket_type, 2, late)

    tell_eight_times_at_once(placed, late)

    placed.refresh_from_db()
    assert (placed.status, placed.lines.count()) == (OrderStatus.CANCELLED, 0)
    assert Refund.objects.get().amount == 5000
    assert_books_are_right(late)


@pytest.mark.parametrize(
    "goes_wrong", [late_money_with_tickets_left, late_money_without_tickets]
)
def test_case_01_without_the_late_way_money_is_kept_for_nothing(
    monkeypatch, goes_wrong
):
    monkeypatch.setattr(settling, "_settle_late", lambda *args: None)

    with pytest.raises(AssertionError):
        goes_wrong()

    assert SandboxObject.objects.filter(type="charge").exists()
    assert not OrderLine.objects.exists()
    assert not Refund.objects.exists()


def test_case_01_without_the_orders_lock_they_run_into_each_other(monkeypatch):
    take_out_the_orders_lock(monkeypatch)

    assert breaks_within(ROUNDS, late_money_without_tickets)


def forget_what_happened_before(monkeypatch) -> None:
    """No lock, and no state that is compared as it changes: everybody gives back."""

    def blindly(row, target, **changes):
        type(row)._default_manager.filter(pk=row.pk).update(status=target, **changes)
        row.status = target

    as_it_was = "AND status = %(was)s"
    assert as_it_was in books.CAPTURE
    take_out_the_orders_lock(monkeypatch)
    monkeypatch.setattr(StatefulModel, "move_to", blindly)
    monkeypatch.setattr(books, "CAPTURE", books.CAPTURE.replace(as_it_was, ""))


def one_refund_however_often_it_is_owed() -> None:
    placed = paid_too_late(stock=2)
    late = placed.hold.expires_at + timedelta(minutes=1)
    somebody_else_holds(placed.hold.ticket_type, 2, late)

    race([partial(services.ask_about, payment=placed.payments.get(), now=late)] * 8)

    assert Refund.objects.filter(payment__order=placed).count() == 1
    assert_books_are_right(late)


def test_case_01_by_its_key_a_refund_is_owed_once_whatever_else_fails(monkeypatch):
    forget_what_happened_before(monkeypatch)

    for _ in range(5):
        one_refund_however_often_it_is_owed()


def test_case_01_without_the_key_it_is_owed_again(monkeypatch):
    def owe_anew(*, key, defaults):
        return Refund.objects.create(**defaults), True

    forget_what_happened_before(monkeypatch)
    monkeypatch.setattr(Refund.objects, "get_or_create", owe_anew)

    assert breaks_within(ROUNDS, one_refund_however_often_it_is_owed)
