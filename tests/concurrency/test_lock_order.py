"""All transactions take their locks in one order, so none wait in a circle (ADR 15)."""

from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from events import services as events
from inventory import codes
from inventory import services as inventory
from inventory.models import Hold, StockCap, TicketType
from inventory.services import capacity, lines, releasing, types
from payments import services
from payments.gateways.sandbox import post
from payments.models import Order
from payments.services import books, settling
from tests import beside, paying, standing_orders
from tests import factories as make
from tests.concurrency.locking import CAPS, TURN, locks_written_down
from tests.factories import MINUTE, NOON
from tests.lining_up import fresh, join
from tests.lining_up import held as take

pytestmark = pytest.mark.django_db(transaction=True)
# The order of ADR 15. A cap comes last: who picks under one waits for no ticket,
# except one at a time under the type's lock.
ORDER = [
    "payments_stripeevent",
    "payments_order",
    "payments_customer",
    "payments_savedcard",
    TURN,
    CAPS,
    "inventory_tickettype",
    "inventory_waitlist",
    "inventory_hold",
    "inventory_ticket",
    "inventory_stockcap",
]
# Their order does not matter: whoever has one and another lock has one of these.
GUARDED_BY = {
    "payments_payment": {"payments_order"},
    "payments_paymentattempt": {"payments_order"},
    "payments_refund": {"payments_order"},
    "payments_dispute": {"payments_order"},
    "payments_orderline": {"payments_order"},
    "inventory_waitlistentry": {
        "inventory_waitlist",
        "inventory_hold",
        "payments_order",
    },
    "inventory_override": {"inventory_waitlist", CAPS},
}


def hear() -> None:
    later = timezone.now() + timedelta(hours=2)
    post.let_mature(now=later, limit=10)
    paying.deliver(now=later)
    services.process_events(now=later, limit=100)


def pays_at_the_second_try() -> None:
    hold = paying.held()
    with suppress(services.CardDeclined):
        paying.order(hold, paying.DECLINED)
    services.pay_order(
        order=Order.objects.get(hold=hold),
        payment_method=paying.token(),
        save_card=True,
        now=NOON,
    )
    hear()


def changes_their_mind() -> None:
    services.cancel_order(order=paying.challenged(paying.held()), now=NOON)
    inventory.release_hold(hold=paying.held(), now=NOON)


def never_comes_back() -> None:
    hold = paying.held()
    paying.challenged(hold)
    paying.held()
    inventory.release_expired_holds(now=hold.expires_at, limit=10)
    services.sweep_payments(now=hold.expires_at, limit=10)


def pays_too_late(*, stock: int) -> None:
    """With the first hold still unswept; somebody waits for what it frees."""
    hold = paying.held(stock=stock)
    placed = paying.challenged(hold)
    if stock == 2:
        join(hold.ticket_type, 2)
    inventory.pause_paying(hold=hold, now=NOON)
    paying.answer_challenge(paying.challenge_url(placed))
    late = hold.expires_at + MINUTE
    services.ask_about(payment=placed.payments.get(), now=late)
    services.pay_refunds(now=late, limit=10)


def is_charged_twice() -> None:
    """On a payment that had ended, with another one paid or under way."""
    for story in (beside.paid_with_another, beside.with_another_at_the_bank):
        _, first = story(paying.held())
        beside.by_webhook(first)
        services.pay_refunds(now=NOON, limit=10)
    hear()


def is_refunded_while_others_wait() -> None:
    placed = paying.paid(stock=2)
    join(placed.hold.ticket_type, 1)
    services.refund_order(order=placed, by=None, now=NOON)
    services.pay_refunds(now=NOON, limit=10)
    hear()


def disputes_it() -> None:
    placed = paying.paid(paying.DISPUTED, stock=2)
    join(placed.hold.ticket_type, 1)
    hear()
    [dispute] = [d for d in paying.at_provider("dispute") if d["status"] != "lost"]
    evidence = {"evidence[uncategorized_text]": "losing_evidence"}
    paying.ask("POST", f"/v1/disputes/{dispute['id']}", evidence)
    hear()
    services.take_back_disputed(order=placed, now=NOON)


def is_let_in() -> None:
    placed = paying.paid()
    ticket = placed.lines.first().ticket
    code = codes.write(ticket_id=ticket.pk, event_id=placed.event_id)
    staff = make.staff(venue=placed.event.venue)
    inventory.check_in(code=code, staff=staff, gate="A", now=NOON)


def is_bought_for(number: str) -> None:
    rush = standing_orders.sold_out()
    entry = standing_orders.join_with_card(rush, number)
    join(rush, 2)
    standing_orders.let_go(rush)
    standing_orders.charge_all()
    standing_orders.sweep(NOON + 11 * MINUTE)
    with suppress(inventory.HoldAlreadySold):
        services.stop_waiting(entry=fresh(entry), now=NOON)


def is_forgotten_by_the_provider() -> None:
    buyer = make.buyer()
    services.set_up_card(user=buyer, payment_method=paying.token(), now=NOON)
    paying.ask("DELETE", f"/v1/customers/{buyer.customer.provider_id}")
    hear()
    services.set_up_card(user=buyer, payment_method=paying.token(), now=NOON)


def leaves_the_line() -> None:
    rush = standing_orders.sold_out()
    entry = join(rush, 2)
    standing_orders.let_go(rush)
    services.stop_waiting(entry=fresh(entry), now=NOON)


def staff_change_their_minds() -> None:
    """Capacity, a shared cap with people in line under it, and a cancelled event."""
    rush = standing_orders.sold_out(stock=4)
    join(rush, 2)
    cap = StockCap(event=rush.event, name="House", capacity=4)
    inventory.save_cap(cap=cap, types=[rush], now=NOON)
    standing_orders.let_go(rush)
    boss = inventory.Overrider(user=make.buyer(), reason="A wall fell")
    inventory.set_capacity(ticket_type=rush, capacity=1, now=NOON, override=boss)
    inventory.release_expired_holds(now=NOON + 11 * MINUTE, limit=10)
    inventory.set_capacity(ticket_type=rush, capacity=6, now=NOON)
    take(make.ticket_type(event=rush.event, stock=2), 1)
    events.cancel_event(event=rush.event)
    inventory.match_waitlists(now=NOON)
    services.sweep_called_off_events(now=NOON, limit=10)


def staff_make_more_fit() -> None:
    """A pause that ends, a wider cap and more tickets, each with a line under it."""
    rush = standing_orders.sold_out(stock=4)
    other = make.ticket_type(event=rush.event, stock=2)
    cap = StockCap(event=rush.event, name="House", capacity=4)
    inventory.save_cap(cap=cap, types=[rush, other], now=NOON)
    join(rush, 2), join(other, 2)
    cap.capacity = 6
    inventory.save_cap(cap=cap, types=[rush, other], now=NOON)
    events.pause_event(event=rush.event)
    standing_orders.let_go(rush)
    events.publish_event(event=rush.event, now=NOON)
    rush.refresh_from_db()
    inventory.save_ticket_type(ticket_type=rush, capacity=5, now=NOON)


def asks_under_a_cap_after_their_hold_lapsed() -> None:
    """For one type, while they held another, with people in line for a third."""
    show = make.event()
    dear, wanted, own = [make.ticket_type(event=show, stock=2) for _ in range(3)]
    cap = StockCap(event=show, name="House", capacity=1)
    inventory.save_cap(cap=cap, types=[dear, wanted], now=NOON)
    lapsed, kept = take(own, 1), take(wanted, 1)
    join(dear, 1, max_total_amount=2500)
    TicketType.objects.filter(pk=dear.pk).update(unit_amount=3000)
    inventory.release_hold(hold=kept, now=NOON)
    take(wanted, 1, user=lapsed.user, now=lapsed.expires_at)


def everything_happens() -> None:
    pays_at_the_second_try()
    changes_their_mind()
    never_comes_back()
    pays_too_late(stock=4)
    pays_too_late(stock=2)
    is_charged_twice()
    is_refunded_while_others_wait()
    disputes_it()
    is_let_in()
    for number in (
        paying.VISA,
        paying.ALWAYS_ASKS,
        standing_orders.DECLINED_ONCE_SAVED,
    ):
        is_bought_for(number)
    is_forgotten_by_the_provider()
    leaves_the_line()
    asks_under_a_cap_after_their_hold_lapsed()
    staff_change_their_minds()
    staff_make_more_fit()


def take_tickets_before_the_order(monkeypatch) -> None:
    settle = settling._settle

    def refuse(order, payment, intent, now):
        raise inventory.HoldExpired

    def the_wrong_way_round(payment, intent, now):
        try:
            settle(payment, intent, now)
        except inventory.HoldExpired:
            with transaction.atomic():
                hold = Hold.objects.get(order__payments=payment.pk)
                inventory.retake_tickets(hold=hold, now=now)
                books.lock(payment.pk)

    monkeypatch.setattr(settling, "_settle_late", refuse)
    monkeypatch.setattr(settling, "_settle", the_wrong_way_round)


def out_of_order(waits) -> set[tuple[str, str]]:
    ranks = {name: rank for rank, name in enumerate(ORDER)}
    return {
        (held, wanted)
        for held, wanted in waits
        if held in ranks and wanted in ranks and ranks[held] > ranks[wanted]
    }


def unguarded(locks) -> set[tuple[str, str]]:
    """What is waited for beside other locks, without any that guards it."""
    return {
        (*held, wanted)
        for held, wanted in locks.together
        if wanted in GUARDED_BY and held and not GUARDED_BY[wanted] & set(held)
    }


def test_locks_are_taken_in_one_order():
    with locks_written_down() as locks:
        everything_happens()

    assert out_of_order(locks.waits) == set()
    assert unguarded(locks) == set()
    assert {*ORDER, *GUARDED_BY} <= locks.seen


def test_a_type_before_the_caps_of_its_event_is_out_of_order(monkeypatch):
    for module in (capacity, types):
        monkeypatch.setattr(module, "share_caps", lambda event_ids: None)

    with locks_written_down() as locks:
        staff_make_more_fit()

    assert ("inventory_tickettype", CAPS) in out_of_order(locks.waits)


def test_a_line_beside_after_the_lapsed_hold_is_out_of_order(monkeypatch):
    def lock_ones_own(ticket_type_ids) -> None:
        lines.lock_types(ticket_type_ids)
        lines.lock_waitlists(ticket_type_ids)

    monkeypatch.setattr(releasing, "lock_types_and_lines", lock_ones_own)

    with locks_written_down() as locks:
        asks_under_a_cap_after_their_hold_lapsed()

    assert ("inventory_ticket", "inventory_waitlist") in out_of_order(locks.waits)


def test_taking_tickets_again_before_the_order_is_out_of_order(monkeypatch):
    take_tickets_before_the_order(monkeypatch)

    with locks_written_down() as locks:
        pays_too_late(stock=4)

    assert ("inventory_ticket", "payments_order") in out_of_order(locks.waits)
