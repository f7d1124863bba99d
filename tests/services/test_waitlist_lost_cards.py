"""Those who wait with a card that the provider has lost are told, and buy by hand."""

from datetime import timedelta

import pytest

from payments import services
from payments.consent import CURRENT
from payments.gateways.sandbox.switches import outage
from payments.models import OrderStatus, Payment, PaymentAttempt
from payments.services import checkout, forgetting
from tests import factories as make
from tests.factories import NOON
from tests.keeping import MASTERCARD, delete_customer, detach_cards, hear, keep
from tests.paying import ALWAYS_ASKS, assert_books_are_right, charged, held, order
from tests.standing_orders import (
    charge_all,
    join_with_card,
    let_go,
    order_of,
    sold_out,
    sweep,
)

pytestmark = pytest.mark.django_db
LOST = pytest.mark.parametrize("lose", [delete_customer, detach_cards])


@LOST
def test_whoever_waits_with_a_lost_card_is_told_and_buys_by_hand(lose):
    rush = sold_out()
    entry = join_with_card(rush)
    lose(entry.user)
    let_go(rush)

    charge_all()

    entry.refresh_from_db()
    assert (charged(), entry.status, entry.charges_card) == ([], "offered", False)
    bought = order(entry.hold, MASTERCARD, save_card=True)
    assert bought.status == OrderStatus.PAID
    assert_books_are_right()


@LOST
def test_a_mandate_whose_card_was_lost_before_is_not_charged(lose):
    rush = sold_out()
    entry = join_with_card(rush)
    lose(entry.user)
    hear()
    let_go(rush)

    charge_all()

    entry.refresh_from_db()
    assert (entry.status, entry.charges_card) == ("offered", False)
    assert not Payment.objects.exists()
    assert_books_are_right()


@LOST
def test_an_offer_that_its_lost_card_did_not_buy_goes_to_the_next(lose):
    rush = sold_out()
    first, second = join_with_card(rush), join_with_card(rush)
    lose(first.user)
    let_go(rush)
    charge_all()
    first.refresh_from_db()

    sweep(first.hold.expires_at)

    assert order_of(second).status == OrderStatus.PAID
    assert order_of(first).status == OrderStatus.CANCELLED
    assert_books_are_right(first.hold.expires_at)


def test_a_silence_while_a_mandates_loss_is_learned_costs_nobody_their_place():
    """The guard is that such a refusal is not the bank's: as one, the offer is passed
    on. The next look learns what the first could not."""
    rush = sold_out()
    entry = join_with_card(rush)
    detach_cards(entry.user)
    let_go(rush)
    with outage("before", "GET /v1/payment_methods"):
        services.charge_next_offer(now=NOON)

    sweep(NOON + timedelta(minutes=3))
    sweep(NOON + timedelta(minutes=4))

    entry.refresh_from_db()
    assert (charged(), entry.status, entry.charges_card) == ([], "offered", False)
    assert_books_are_right(NOON + timedelta(minutes=4))


def test_a_card_that_is_lost_at_the_last_moment_is_not_charged(monkeypatch):
    """The guard is the look under the lock, after the card was chosen."""
    rush = sold_out()
    entry = join_with_card(rush)
    let_go(rush)
    opened = checkout._open_intent

    def and_lose_it(turn, customer, now):
        forgetting.forget_card(card=turn.mandate.card.provider_id, now=now)
        return opened(turn, customer, now)

    monkeypatch.setattr(checkout, "_open_intent", and_lose_it)
    charge_all()

    entry.refresh_from_db()
    assert (charged(), entry.status, entry.charges_card) == ([], "offered", False)
    assert not PaymentAttempt.objects.exists()
    assert_books_are_right()


def test_a_card_that_is_lost_before_its_bank_can_ask_is_told_of_instead():
    rush = sold_out()
    entry = join_with_card(rush, ALWAYS_ASKS)
    let_go(rush)
    with outage("before", "/cancel"):
        charge_all()
    detach_cards(entry.user)

    charge_all(NOON + timedelta(minutes=1))

    entry.refresh_from_db()
    assert (charged(), entry.status, entry.charges_card) == ([], "offered", False)
    bought = order(entry.hold, MASTERCARD, now=NOON + timedelta(minutes=1))
    assert bought.status == OrderStatus.PAID
    assert_books_are_right(NOON + timedelta(minutes=1))


@LOST
def test_a_lost_card_is_no_leave_to_charge(lose):
    buyer = make.buyer()
    card = keep(buyer)
    lose(buyer)
    hear()

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
