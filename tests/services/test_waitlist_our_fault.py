"""An offer that nobody could take up, through us, costs nobody their place in line."""

from contextlib import suppress

import pytest

from events import services as events
from inventory import services as inventory
from inventory.models import WaitlistReason
from inventory.services import offers
from notifications.models import Notification
from payments import services as payments
from payments.gateways import GatewayMisconfigured, GatewayRefused, GatewayUnavailable
from payments.gateways.sandbox.switches import outage
from payments.gateways.stripe import StripeGateway
from payments.models import Payment, PaymentAttempt
from payments.services import waitlist_charges
from tests.factories import MINUTE, NOON
from tests.lining_up import fresh, join, statuses
from tests.paying import ALWAYS_ASKS, DECLINED, assert_books_are_right, charged, token
from tests.standing_orders import (
    WINDOW_ENDS,
    attempts_of,
    charge_all,
    join_with_card,
    let_go,
    order_of,
    sweep,
)
from ticketapp.errors import DomainError

pytestmark = pytest.mark.django_db


def offered(rush):
    """Somebody who wants to be told, and was; and somebody behind them."""
    entry, second = join(rush, 2), join(rush, 2)
    let_go(rush)
    return fresh(entry), second


def pay(entry, number=None, *, now=NOON):
    with suppress(GatewayUnavailable, DomainError):
        payments.place_order(
            user=entry.user,
            hold=fresh(entry).hold,
            payment_method=token(number) if number else token(),
            now=now,
        )


@pytest.mark.parametrize("take_off", [events.postpone_event, events.pause_event])
def test_who_had_an_offer_as_the_event_went_off_sale_keeps_their_place(rush, take_off):
    entry, second = offered(rush)
    take_off(event=rush.event)

    sweep(WINDOW_ENDS)
    between = statuses(entry, second)
    events.publish_event(event=rush.event, now=WINDOW_ENDS)

    assert between == ["waiting", "waiting"]
    assert statuses(entry, second) == ["offered", "waiting"]
    assert fresh(entry).number < second.number
    assert_books_are_right(WINDOW_ENDS)


def test_who_was_asked_by_their_bank_for_a_postponed_event_keeps_their_place(rush):
    entry = join_with_card(rush, ALWAYS_ASKS)
    let_go(rush)
    charge_all()
    events.postpone_event(event=rush.event)

    sweep(WINDOW_ENDS)

    assert statuses(entry) == ["waiting"]
    assert charged() == []
    assert_books_are_right(WINDOW_ENDS)


@pytest.mark.parametrize("call", ["", "/confirm"])
def test_who_could_not_pay_while_the_provider_was_away_keeps_their_place(rush, call):
    entry, second = offered(rush)

    with outage("before", call):
        for minute in (1, 5, 9):
            pay(entry, now=NOON + minute * MINUTE)
    for minute in (11, 12):
        sweep(NOON + minute * MINUTE)

    assert statuses(entry, second) == ["offered", "waiting"]
    assert fresh(entry).offered_at > NOON
    assert charged() == []
    assert_books_are_right(NOON + 12 * MINUTE)


def test_without_the_note_of_it_their_place_is_lost(rush, monkeypatch):
    monkeypatch.setattr(inventory, "note_fault", lambda **_: None)

    with pytest.raises(AssertionError):
        test_who_could_not_pay_while_the_provider_was_away_keeps_their_place(rush, "")


@pytest.mark.parametrize("number", [DECLINED, ALWAYS_ASKS])
def test_an_answer_of_the_bank_after_a_silence_is_an_answer(rush, number):
    """It was not us any more who kept them from paying."""
    entry, second = offered(rush)

    with outage("before"):
        pay(entry)
    pay(entry, number, now=NOON + 3 * MINUTE)
    sweep(WINDOW_ENDS)

    assert statuses(entry, second) == ["passed", "offered"]
    assert fresh(entry).reason == WaitlistReason.OFFER_LAPSED
    assert_books_are_right(WINDOW_ENDS)


def test_a_decline_told_again_says_nothing_of_the_card_after_it(rush, monkeypatch):
    """The provider refused that one itself, and asked no bank."""
    entry, second = offered(rush)
    pay(entry, DECLINED)
    with monkeypatch.context() as patch:
        refuse_the_next_charge(patch)
        pay(entry, now=NOON + MINUTE)

    for payment in Payment.objects.all():
        payments.ask_about(payment=payment, now=NOON + 2 * MINUTE)
    sweep(WINDOW_ENDS)

    assert attempts_of(order_of(entry)) == [("declined", False), ("abandoned", False)]
    assert statuses(entry, second) == ["offered", "waiting"]
    assert fresh(entry).offered_at == WINDOW_ENDS
    assert_books_are_right(WINDOW_ENDS)


def refuse_the_next_charge(patch) -> None:
    def refusing(gateway, **what):
        raise GatewayRefused("parameter_invalid")

    patch.setattr(StripeGateway, "confirm_intent", refusing)


def test_who_did_not_try_to_pay_passes_their_turn_as_before(rush):
    entry, second = offered(rush)

    with outage("before"):
        sweep(WINDOW_ENDS)

    assert statuses(entry, second) == ["passed", "offered"]


def test_without_the_look_at_the_event_a_postponement_costs_the_place(
    rush, monkeypatch
):
    monkeypatch.setattr(offers, "_through_us", lambda entry: False)

    with pytest.raises(AssertionError):
        test_who_had_an_offer_as_the_event_went_off_sale_keeps_their_place(
            rush, events.postpone_event
        )


# A charge that the provider refuses, for no fault of the card ------------------------


def refuse_the_charges_of(user, monkeypatch, refusal) -> None:
    confirm, card = StripeGateway.confirm_intent, user.saved_cards.get().provider_id

    def refusing(gateway, *, payment_method, **what):
        if payment_method == card:
            raise refusal
        return confirm(gateway, payment_method=payment_method, **what)

    monkeypatch.setattr(StripeGateway, "confirm_intent", refusing)


def look_for_half_an_hour() -> None:
    for minute in range(31):
        sweep(NOON + minute * MINUTE)


def test_whose_charge_is_refused_again_is_told_and_keeps_nobody_waiting(
    rush, monkeypatch
):
    first, second = join_with_card(rush), join_with_card(rush)
    refuse_the_charges_of(first.user, monkeypatch, GatewayRefused("parameter_invalid"))
    let_go(rush)

    look_for_half_an_hour()

    assert statuses(first, second) == ["passed", "purchased"]
    assert fresh(first).reason == WaitlistReason.OFFER_LAPSED
    tries = PaymentAttempt.objects.filter(mandate=first.mandate)
    assert tries.count() == waitlist_charges.MOST_REFUSALS
    kinds = Notification.objects.filter(user=first.user).values_list("kind", flat=True)
    assert list(kinds) == ["waitlist_offer"]
    assert_books_are_right(NOON + 31 * MINUTE)


def test_without_a_count_of_them_the_second_waits_for_ever(rush, monkeypatch):
    monkeypatch.setattr(waitlist_charges, "MOST_REFUSALS", 1000)

    with pytest.raises(AssertionError):
        test_whose_charge_is_refused_again_is_told_and_keeps_nobody_waiting(
            rush, monkeypatch
        )


def test_a_provider_that_does_not_let_us_in_costs_nobody_their_charge(
    rush, monkeypatch
):
    first = join_with_card(rush)
    not_let_in = GatewayMisconfigured("invalid_api_key")
    with monkeypatch.context() as patch:
        refuse_the_charges_of(first.user, patch, not_let_in)
        let_go(rush)
        look_for_half_an_hour()

    sweep(NOON + 60 * MINUTE)

    assert statuses(first) == ["purchased"]
