"""Those who wait with a card that the provider has lost are told, and buy by hand."""

from datetime import timedelta

import pytest

from payments import services
from payments.consent import CURRENT
from payments.models import OrderStatus, Payment
from payments.services import forgetting
from tests import factories as make
from tests.factories import NOON
from tests.keeping import MASTERCARD, delete_customer, keep
from tests.paying import assert_books_are_right, held, order
from tests.standing_orders import (
    charge_all,
    charged,
    join_with_card,
    let_go,
    order_of,
    sold_out,
    sweep,
)

pytestmark = pytest.mark.django_db


def test_whoever_waits_with_a_lost_card_is_told_and_buys_by_hand():
    rush = sold_out()
    entry = join_with_card(rush)
    delete_customer(entry.user)
    let_go(rush)

    charge_all()

    entry.refresh_from_db()
    assert (charged(), entry.status, entry.charges_card) == ([], "offered", False)
    bought = order(entry.hold, MASTERCARD, save_card=True)
    assert bought.status == OrderStatus.PAID
    assert_books_are_right()


def test_a_mandate_whose_card_was_lost_before_is_not_charged():
    rush = sold_out()
    entry = join_with_card(rush)
    forgetting.forget(customer=delete_customer(entry.user), now=NOON)
    let_go(rush)

    charge_all()

    entry.refresh_from_db()
    assert (entry.status, entry.charges_card) == ("offered", False)
    assert not Payment.objects.exists()
    assert_books_are_right()


def test_an_offer_that_its_lost_card_did_not_buy_goes_to_the_next():
    rush = sold_out()
    first, second = join_with_card(rush), join_with_card(rush)
    delete_customer(first.user)
    let_go(rush)
    charge_all()
    first.refresh_from_db()

    sweep(first.hold.expires_at)

    assert order_of(second).status == OrderStatus.PAID
    assert order_of(first).status == OrderStatus.CANCELLED
    assert_books_are_right(first.hold.expires_at)


def test_a_lost_card_is_no_leave_to_charge():
    buyer = make.buyer()
    card = keep(buyer)
    forgetting.forget(customer=delete_customer(buyer), now=NOON)

    with pytest.raises(services.SavedCardGone):
        services.wait_for_tickets(
            user=buyer,
            ticket_type=held().ticket_type,
            quantity=1,
            max_total_amount=5000,
            card=card.pk,
            consent_version=CURRENT,
            ends_at=NOON + timedelta(hours=1),
            now=NOON,
        )
