"""Case 8. The event is cancelled while people are paying for it.

Sales close with that commit; open intents are cancelled at the provider; all that
was captured goes back by keyed jobs that can stop and go on; a success that lands
later is refunded and never ticketed; a short balance pauses and resumes.

The guards: whoever wants to hold, to order what is held or to try another card meets
the question whether the event is on (`holds.refuse_unless_on_sale`,
`opening.IS_FIRST`, `checkout.OFF`); the sweep looks for what is open
(`calling_off._pending_orders`) and has the provider cancel it first
(`asking.cancel_payment`); settling looks at the event's state again
(`settling._reason_to_refund`); the order's lock, under which a job sees what another
has owed (`books.lock`); and, should that ever be passed by, the refund's key, one for
each order (`called-off-…`), which a second job cannot use again.
"""

from datetime import timedelta
from functools import partial

import pytest

from events import services as events
from events.models import EventStatus
from inventory import codes
from inventory import services as inventory
from inventory.models import HoldStatus, TicketStatus
from inventory.services import holds
from payments import services
from payments.gateways.sandbox.switches import switched
from payments.models import LedgerEntry, Order, OrderStatus, PaymentStatus, Refund
from payments.services import (
    asking,
    calling_off,
    checkout,
    opening,
    refunds,
    settling,
)
from tests import factories as make
from tests.concurrency.racing import ROUNDS, breaks_within, race
from tests.concurrency.test_settling import take_out_the_orders_lock
from tests.crash.dying import assert_provider_and_books_agree
from tests.factories import NOON
from tests.paying import (
    DECLINED,
    answer_challenge,
    assert_books_are_right,
    at_provider,
    challenge_url,
    challenged,
    held,
    order,
    paid,
)

pytestmark = pytest.mark.django_db(transaction=True)
LATER = NOON + timedelta(minutes=10)


def sweep(now=LATER) -> None:
    services.sweep_called_off_events(now=now, limit=100)
    services.sweep_payments(now=now, limit=100)
    services.pay_refunds(now=now, limit=100)


def let_in(placed: Order) -> None:
    staff = make.staff(venue=placed.event.venue)
    for line in placed.lines.all():
        code = codes.write(ticket_id=line.ticket_id, event_id=placed.event_id)
        inventory.check_in(code=code, staff=staff, gate="A", now=NOON)


def nothing_is_kept() -> None:
    assert sum(LedgerEntry.objects.values_list("amount", flat=True)) == 0
    assert not Order.objects.filter(
        status__in=[OrderStatus.PENDING, OrderStatus.PAID]
    ).exists()
    assert_provider_and_books_agree()
    assert_books_are_right(LATER)


def test_case_08_paid_paying_and_undecided_all_end_without_a_loss():
    show = make.event()
    orders = [paid(event=show) for _ in range(2)]
    passed, left = challenged(held(event=show)), challenged(held(event=show))
    waiting = held(event=show)

    events.cancel_event(event=show)
    answer_challenge(challenge_url(passed))
    with pytest.raises(services.EventOff):
        order(waiting)
    for _ in range(3):
        race([sweep, sweep])
    sweep(LATER + timedelta(minutes=5))

    for placed in [*orders, passed, left]:
        placed.refresh_from_db()
    assert {placed.status for placed in orders} == {OrderStatus.REFUNDED}
    assert (passed.status, left.status) == ("cancelled", "cancelled")
    assert len(at_provider("refund")) == 3
    nothing_is_kept()


# Sales close at once


def who_comes_now_is_refused() -> None:
    rush = make.ticket_type(stock=2)
    events.cancel_event(event=rush.event)

    with pytest.raises(inventory.NotOnSale):
        inventory.hold_tickets(
            user=make.buyer(), ticket_type=rush, quantity=1, now=NOON
        )

    assert rush.event.status == EventStatus.CANCELLED
    assert not rush.tickets.exclude(status=TicketStatus.AVAILABLE).exists()


def take_out_the_question_before_holding(monkeypatch) -> None:
    monkeypatch.setattr(holds, "refuse_unless_on_sale", lambda event, now: None)


def who_holds_tickets_is_refused() -> None:
    waiting = held()
    events.cancel_event(event=waiting.event)

    with pytest.raises(services.EventOff):
        order(waiting)

    assert not at_provider("payment_intent")


def take_out_the_question_before_ordering(monkeypatch) -> None:
    whether_off = opening.IS_FIRST[opening.IS_FIRST.index("AND EXISTS") :]
    without = opening.OPEN_ORDER.replace(whether_off, "")
    assert without != opening.OPEN_ORDER
    monkeypatch.setattr(opening, "OPEN_ORDER", without)


def who_was_declined_is_refused() -> None:
    waiting = held()
    with pytest.raises(services.CardDeclined):
        order(waiting, DECLINED)
    events.cancel_event(event=waiting.event)

    with pytest.raises(services.EventOff):
        order(waiting)

    assert not LedgerEntry.objects.exists()


def take_out_the_question_before_another_card(monkeypatch) -> None:
    monkeypatch.setattr(checkout, "OFF", ())


CLOSED_TO = {
    who_comes_now_is_refused: take_out_the_question_before_holding,
    who_holds_tickets_is_refused: take_out_the_question_before_ordering,
    who_was_declined_is_refused: take_out_the_question_before_another_card,
}


@pytest.mark.parametrize("sale", CLOSED_TO)
def test_case_08_sales_are_closed_with_the_commit(sale):
    sale()


@pytest.mark.parametrize(("sale", "guard_out"), CLOSED_TO.items())
def test_case_08_without_its_question_each_sale_goes_on(sale, guard_out, monkeypatch):
    """Tickets are held, or a card is charged and all of it has to go back."""
    guard_out(monkeypatch)

    with pytest.raises((pytest.fail.Exception, services.OrderClosed)):
        sale()


# What is open is cancelled


def an_open_intent_is_cancelled() -> None:
    """With the first sweep, long before its hold runs out."""
    placed = challenged(held())
    events.cancel_event(event=placed.event)

    services.sweep_called_off_events(now=NOON + timedelta(minutes=1), limit=10)

    placed.refresh_from_db()
    [intent] = at_provider("payment_intent")
    assert (intent["status"], placed.status) == ("canceled", OrderStatus.CANCELLED)
    assert placed.hold.status == HoldStatus.RELEASED
    assert_books_are_right(LATER)


def test_case_08_an_open_intent_is_cancelled_at_the_provider():
    an_open_intent_is_cancelled()


def take_out_the_look_for_what_is_open(monkeypatch) -> None:
    monkeypatch.setattr(calling_off, "_pending_orders", lambda now, limit: [])


def take_out_the_question_to_the_provider(monkeypatch) -> None:
    def believe_it_is_over(*, payment, now):
        payment.move_to(PaymentStatus.CANCELLED)

    monkeypatch.setattr(asking, "cancel_payment", believe_it_is_over)


@pytest.mark.parametrize(
    "guard_out",
    [take_out_the_look_for_what_is_open, take_out_the_question_to_the_provider],
)
def test_case_08_without_the_sweep_or_its_question_it_stays_open(
    guard_out, monkeypatch
):
    guard_out(monkeypatch)

    with pytest.raises(AssertionError):
        an_open_intent_is_cancelled()


# What comes later goes back


def a_success_lands_later() -> None:
    placed = challenged(held())
    events.cancel_event(event=placed.event)
    answer_challenge(challenge_url(placed))

    services.ask_about(payment=placed.payments.get(), now=NOON)

    placed.refresh_from_db()
    assert placed.lines.count() == 0
    assert Refund.objects.filter(payment__order=placed).count() == 1


def test_case_08_a_success_that_lands_later_is_never_ticketed():
    a_success_lands_later()


def test_case_08_without_the_second_look_it_is(monkeypatch):
    monkeypatch.setattr(settling, "_reason_to_refund", lambda *args: None)

    with pytest.raises(AssertionError):
        a_success_lands_later()


def test_case_08_the_order_is_settled_while_the_event_is_called_off():
    """Whichever commits first, the money ends where it belongs."""
    for _ in range(5):
        placed = challenged(held())
        answer_challenge(challenge_url(placed))
        race(
            [
                partial(services.ask_about, payment=placed.payments.get(), now=NOON),
                partial(events.cancel_event, event=placed.event),
            ]
        )
    sweep()
    sweep()

    assert Refund.objects.count() == 5
    nothing_is_kept()


def test_case_08_many_jobs_at_once_refund_each_order_once():
    show = make.event()
    for _ in range(4):
        paid(event=show)
    events.cancel_event(event=show)

    outcomes = race([sweep] * 4)

    sweep(LATER + timedelta(hours=1))
    assert not [found for found in outcomes if isinstance(found, Exception)], outcomes
    assert len(at_provider("refund")) == Refund.objects.count() == 4
    nothing_is_kept()


def two_jobs_owe_one_order() -> None:
    """Its tickets were used: no ticket that is taken back keeps the second away."""
    placed = paid()
    let_in(placed)
    events.cancel_event(event=placed.event)

    race([partial(calling_off._owe, placed.pk, LATER)] * 4)

    assert Refund.objects.filter(payment__order=placed).count() == 1
    services.pay_refunds(now=LATER, limit=10)
    assert_books_are_right(LATER)


def take_out_the_key(monkeypatch) -> None:
    def without(**given):
        return refunds.refund_lines(**given | {"key": None})

    monkeypatch.setattr(calling_off, "refund_lines", without)


@pytest.mark.parametrize("guard_out", [take_out_the_orders_lock, take_out_the_key])
def test_case_08_either_of_lock_and_key_keeps_two_jobs_from_refunding_twice(
    guard_out, monkeypatch
):
    guard_out(monkeypatch)

    for _ in range(5):
        two_jobs_owe_one_order()


def test_case_08_without_lock_and_key_two_jobs_refund_twice(monkeypatch):
    take_out_the_orders_lock(monkeypatch)
    take_out_the_key(monkeypatch)

    assert breaks_within(ROUNDS, two_jobs_owe_one_order)


def test_case_08_a_short_balance_pauses_and_resumes():
    show = make.event()
    for _ in range(3):
        paid(event=show)
    events.cancel_event(event=show)

    with switched(balance_is_short=True):
        sweep()
        assert services.progress_of(show).waits_for_balance
    sweep(LATER + timedelta(hours=1))

    assert services.progress_of(show).refunded == 3
    nothing_is_kept()
