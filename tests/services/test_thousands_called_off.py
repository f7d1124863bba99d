"""A full house is cancelled: 5,000 orders, with killed workers and a short balance."""

from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from events import services as events
from inventory import services as inventory
from inventory.models import TicketType
from payments import services
from payments.gateways.sandbox.switches import switched
from payments.models import Order, OrderStatus, Refund, RefundStatus
from tests import crowds
from tests import factories as make
from tests.crash.dying import assert_provider_and_books_agree, dies
from tests.paying import assert_books_are_right, at_provider, challenged, held, order

pytestmark = pytest.mark.django_db(transaction=True)
IN_PARTS = 200


@pytest.fixture
def tonight():
    return make.tonight()


def owe_all(now) -> None:
    while services.sweep_called_off_events(now=now, limit=IN_PARTS).owed:
        pass


def pay_all(now) -> None:
    while services.pay_refunds(now=now, limit=IN_PARTS).paid:
        pass


def house_of(number: int, show) -> TicketType:
    """So many paid orders of two tickets, and two that somebody is paying for."""
    now = timezone.now()
    first = order(held(event=show, stock=2 * number + 8, now=now), now=now)
    crowds.like(first, number - 1)
    for _ in range(2):
        challenged(held(event=show, now=now), now=now)
    return first.hold.ticket_type


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    "number", [pytest.param(30), pytest.param(5000, marks=pytest.mark.slow)]
)
def test_everybody_gets_their_money_back_once_whatever_dies(number, tonight):
    rush = house_of(number, tonight)
    assert_books_are_right(timezone.now())

    events.cancel_event(event=tonight)

    with pytest.raises(inventory.NotOnSale):
        take_one(rush)
    now = timezone.now() + timedelta(minutes=1)
    assert dies(partial(owe_all, now), at=3 * number // 2)
    begun = services.progress_of(tonight)
    assert 0 < begun.to_owe < number
    owe_all(now)
    assert services.progress_of(tonight).pending == 0
    assert Refund.objects.count() == number

    with switched(balance_is_short=True):
        pay_all(now)
    paused = services.progress_of(tonight)
    assert (paused.waits_for_balance, paused.percent) == (True, 0)
    now += timedelta(minutes=10)
    assert dies(partial(pay_all, now), at=3 * number // 2)
    half_way = services.progress_of(tonight)
    assert 0 < half_way.done < number
    assert half_way.goes_on
    pay_all(now + timedelta(minutes=10))

    told = services.progress_of(tonight)
    assert (told.orders, told.done, told.percent) == (number, number, 100)
    assert not told.goes_on
    everybody_has_their_money(number)


def take_one(rush: TicketType) -> None:
    inventory.hold_tickets(
        user=make.buyer(),
        ticket_type=TicketType.objects.with_terms().get(pk=rush.pk),
        quantity=1,
        now=timezone.now(),
    )


def everybody_has_their_money(number: int) -> None:
    later = timezone.now() + timedelta(hours=1)
    assert Order.objects.filter(status=OrderStatus.REFUNDED).count() == number
    assert Order.objects.filter(status=OrderStatus.CANCELLED).count() == 2
    assert Refund.objects.filter(status=RefundStatus.SUCCEEDED).count() == number
    assert Refund.objects.count() == len(at_provider("refund")) == number
    assert_provider_and_books_agree()
    assert_books_are_right(later)
