from datetime import timedelta

import pytest
from django.db import transaction

from events.models import EventStatus
from inventory import services as inventory
from inventory.models import Hold, HoldStatus, PriceStep, Ticket, TicketStatus
from tests import factories as make
from tests.factories import NOON
from tests.lining_up import join, sell

pytestmark = pytest.mark.django_db


def hold(ticket_type, quantity=2, *, user=None, now=NOON) -> Hold:
    return inventory.hold_tickets(
        user=user or make.buyer(), ticket_type=ticket_type, quantity=quantity, now=now
    )


def test_a_hold_has_its_tickets_and_nobody_elses():
    rush = make.ticket_type(stock=5)

    first, second = hold(rush, 2), hold(rush, 3)

    assert first.tickets.count() == 2
    assert second.tickets.count() == 3
    assert not Ticket.objects.available(rush).exists()


def test_a_hold_is_the_row_it_wrote():
    taken = hold(make.ticket_type(stock=2))

    stored = Hold.objects.get()

    for field in Hold._meta.concrete_fields:
        assert getattr(taken, field.attname) == getattr(stored, field.attname)


def test_a_hold_freezes_the_price_of_its_moment():
    rush = make.ticket_type(stock=2, fee_amount=150, fee_name="Booking fee")
    PriceStep.objects.create(
        ticket_type=rush, starts_at=NOON + timedelta(minutes=1), unit_amount=1000
    )

    before = hold(rush, 1)
    after = hold(rush, 1, now=NOON + timedelta(minutes=1))

    assert (before.unit_amount, before.fee_amount, before.total_amount) == (
        2500,
        150,
        2650,
    )
    assert after.total_amount == 1150


def test_a_hold_is_all_or_none():
    rush = make.ticket_type(stock=1)

    with pytest.raises(inventory.TooFewLeft) as refusal:
        hold(rush, 2)

    assert refusal.value.details == {"available": 1, "requested": 2}
    assert not Hold.objects.exists()
    assert rush.tickets.get().status == TicketStatus.AVAILABLE


def test_a_refusal_leaves_nothing_behind_in_a_larger_transaction():
    rush, buyer = make.ticket_type(stock=1), make.buyer()

    with transaction.atomic():
        with pytest.raises(inventory.TooFewLeft):
            hold(rush, 2, user=buyer)
        hold(rush, 1, user=buyer)

    assert Hold.objects.get().quantity == 1


def test_sold_out_is_said_when_nothing_can_come_back():
    rush = make.ticket_type(stock=1)
    sell(hold(rush, 1))

    with pytest.raises(inventory.SoldOut):
        hold(rush, 1)


@pytest.fixture
def sold(db):
    """A type whose two tickets are sold."""
    rush = make.ticket_type(stock=2)
    paying = inventory.start_paying(
        hold=hold(rush, 2), now=NOON, lease=timedelta(minutes=2)
    )
    inventory.sell_held_tickets(hold=paying, now=NOON)
    return rush


def refusal_of(rush, quantity=1, *, user=None) -> inventory.SoldOut:
    with pytest.raises(inventory.SoldOut) as refusal:
        hold(rush, quantity, user=user)
    return refusal.value


def test_who_finds_it_sold_out_is_sent_to_the_waitlist(sold):
    refusal, buyer = refusal_of(sold), make.buyer()

    assert refusal.action == "join_waitlist"
    assert join(sold, user=buyer).status == "waiting"
    assert refusal.details == {"requested": 1}


def test_who_waits_already_is_not_sent_to_the_waitlist_again(sold):
    buyer = make.buyer()
    join(sold, user=buyer)

    assert refusal_of(sold, user=buyer).action == "choose_other_tickets"


def test_nobody_is_sent_to_a_waitlist_that_would_refuse_them(sold):
    inventory.set_capacity(
        ticket_type=sold,
        capacity=1,
        override=inventory.Overrider(
            user=make.buyer(is_staff=True), reason="Fire exit."
        ),
        now=NOON,
    )
    sold.refresh_from_db()

    assert refusal_of(sold).action == "choose_other_tickets"
    with pytest.raises(inventory.WaitlistClosed):
        join(sold)


def test_a_group_of_more_than_there_ever_were_is_not_sent_to_the_waitlist(sold):
    assert refusal_of(sold, 3).action == "choose_other_tickets"


def test_all_held_is_said_when_the_rest_is_in_other_hands():
    rush = make.ticket_type(stock=2)
    hold(rush, 2)

    with pytest.raises(inventory.AllHeld) as refusal:
        hold(rush, 1)

    assert refusal.value.action == "wait"
    assert refusal.value.retry_after


def test_the_search_for_tickets_wraps_round():
    rush = make.ticket_type(stock=0)
    Ticket.objects.bulk_create(Ticket(ticket_type=rush, slot=slot) for slot in (0, 1))

    assert hold(rush, 2).tickets.count() == 2


def test_a_double_tap_gives_the_same_hold():
    rush, buyer = make.ticket_type(stock=4), make.buyer()

    first, second = hold(rush, 2, user=buyer), hold(rush, 2, user=buyer)

    assert first == second
    assert Ticket.objects.available(rush).count() == 2


def test_a_second_wish_at_the_same_event_is_refused_while_a_hold_lives():
    event, buyer = make.event(), make.buyer()
    stalls = make.ticket_type(event=event, stock=4)
    circle = make.ticket_type(event=event, stock=4)
    first = hold(stalls, 2, user=buyer)

    for other in (
        lambda: hold(stalls, 1, user=buyer),
        lambda: hold(circle, 2, user=buyer),
    ):
        with pytest.raises(inventory.HoldExists) as refusal:
            other()
        assert refusal.value.details["hold"] == str(first.pk)

    assert Hold.objects.get() == first


def test_a_lapsed_hold_of_ones_own_gives_way():
    rush, buyer = make.ticket_type(stock=2), make.buyer()
    old = hold(rush, 2, user=buyer)

    new = hold(rush, 2, user=buyer, now=old.expires_at)

    old.refresh_from_db()
    assert old.status == HoldStatus.EXPIRED
    assert new.status == HoldStatus.ACTIVE
    assert new.tickets.count() == 2


def test_the_limit_counts_what_a_buyer_already_owns():
    rush = make.ticket_type(event=make.event(per_buyer_limit=4), stock=9)
    buyer = make.buyer()
    sell(hold(rush, 3, user=buyer))

    with pytest.raises(inventory.OverLimit) as refusal:
        hold(rush, 2, user=buyer)

    assert refusal.value.details == {"limit": 4, "owned": 3, "requested": 2}
    assert Ticket.objects.available(rush).count() == 6
    assert hold(rush, 1, user=buyer).quantity == 1


def test_returned_tickets_do_not_count_against_the_limit():
    rush = make.ticket_type(event=make.event(per_buyer_limit=2), stock=4)
    buyer = make.buyer()
    sold = sell(hold(rush, 2, user=buyer))
    inventory.return_tickets(tickets=sold, now=NOON)

    assert hold(rush, 2, user=buyer).quantity == 2


@pytest.mark.parametrize(
    "fields",
    [
        {"status": EventStatus.PAUSED},
        {"status": EventStatus.CANCELLED},
        {"sales_close_at": NOON},
        {"starts_at": NOON, "sales_close_at": None},
    ],
)
def test_nothing_is_held_while_an_event_is_not_on_sale(fields):
    rush = make.ticket_type(event=make.event(**fields))

    with pytest.raises(inventory.NotOnSale):
        hold(rush)

    assert not Hold.objects.exists()


def test_before_the_sale_opens_the_refusal_says_when():
    opens_at = NOON + timedelta(hours=1)
    rush = make.ticket_type(event=make.event(sales_open_at=opens_at))

    with pytest.raises(inventory.NotYetOnSale) as refusal:
        hold(rush)

    assert refusal.value.code == "not_on_sale"
    assert "14:00 on Monday 1 June" in str(refusal.value)


@pytest.mark.parametrize(
    ("until_start", "minutes"), [(480, 8), (64, 8), (40, 5), (16, 2), (3, 2), (-30, 2)]
)
def test_a_hold_is_shorter_as_the_doors_near(until_start, minutes):
    event = make.event(
        starts_at=NOON + timedelta(minutes=until_start),
        sales_close_at=NOON + timedelta(hours=1),
    )

    taken = hold(make.ticket_type(event=event))

    assert taken.expires_at - NOON == timedelta(minutes=minutes)


def test_a_hold_ends_with_the_sale():
    event = make.event(sales_close_at=NOON + timedelta(minutes=5))

    taken = hold(make.ticket_type(event=event))

    assert taken.expires_at == event.sales_close_at
