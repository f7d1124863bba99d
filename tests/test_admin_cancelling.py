"""Staff cancel an event: how they follow its money."""

import pytest
from django.urls import reverse

from events.models import Role
from payments import services
from payments.models import Refund, RefundReason, RefundStatus
from tests import factories as make
from tests.factories import NOON
from tests.paying import DISPUTED, REFUND_FAILS, held, order, paid
from tests.services.test_refunds import hear_the_bank

pytestmark = pytest.mark.django_db


@pytest.fixture
def placed():
    return paid()


@pytest.fixture
def staff(client, placed):
    client.force_login(make.staff(venue=placed.event.venue, role=Role.MANAGER))
    return client


def test_each_order_is_counted_once_by_what_it_waits_for(placed):
    """One was refunded in two parts, one of them before; one is with its bank."""
    services.refund_lines(
        order=placed,
        lines=list(placed.lines.all()[:1]),
        reason=RefundReason.STAFF,
        by=None,
        now=NOON,
    )
    for number in (REFUND_FAILS, DISPUTED):
        paid(number, event=placed.event)
    hear_the_bank()
    order(held(event=placed.event, unit_amount=0), payment_method=None)
    placed.event.move_to("cancelled")
    services.sweep_called_off_events(now=NOON, limit=10)
    services.pay_refunds(now=NOON, limit=10)
    hear_the_bank()

    told = services.progress_of(placed.event)

    assert (told.refunded, told.without_refund, told.failed, told.disputed) == (
        *(1, 1),
        *(1, 1),
    )
    assert (told.orders, told.done, told.percent) == (4, 2, 50)
    # What failed is owed still.
    assert (told.amount_refunded, told.amount_owed) == (5000, 10_000)


@pytest.mark.parametrize("named", [True, False])
def test_a_refund_that_another_took_the_place_of_is_not_owed(placed, named):
    failed = Refund.objects.create(
        payment=placed.payments.get(),
        amount=2500,
        currency="GBP",
        reason=RefundReason.STAFF,
        status=RefundStatus.FAILED,
    )
    if named:
        failed.lines.set(placed.lines.all()[:1])
        placed.payments.update(amount=9000)  # Some is left; not for its ticket.
    before = services.progress_of(placed.event)
    placed.event.move_to("cancelled")
    services.sweep_called_off_events(now=NOON, limit=10)
    services.pay_refunds(now=NOON, limit=10)

    told = services.progress_of(placed.event)

    assert (before.failed, before.amount_owed) == (1, 2500)
    assert (told.refunded, told.failed) == (1, 0)
    assert (told.amount_refunded, told.amount_owed) == (5000, 5000)


def test_what_is_not_begun_is_owed_too(staff, placed):
    paid(event=placed.event)
    placed.event.move_to("cancelled")
    page = reverse("admin:payments_calledoffevent_change", args=[placed.event.pk])

    told = services.progress_of(placed.event)

    assert (told.to_owe, told.amount_owed, told.goes_on) == (2, 10_000, True)
    assert "£0.00 of £100.00" in staff.get(page).content.decode()
