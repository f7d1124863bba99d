from datetime import timedelta

import pytest

from inventory import services as inventory
from inventory.models import HoldStatus, WaitlistReason
from notifications.models import Notification
from payments import services as payments
from payments.consent import CURRENT
from payments.models import (
    Mandate,
    Order,
    OrderStatus,
    PaymentAttempt,
    PaymentStatus,
    SavedCard,
)
from tests import factories as make
from tests.factories import MINUTE, NOON
from tests.lining_up import EVENING, fresh, held, join, statuses
from tests.paying import (
    ALWAYS_ASKS,
    answer_challenge,
    assert_books_are_right,
    challenge_url,
    charged,
    intents,
    order,
    token,
)
from tests.standing_orders import (
    DECLINED_ONCE_SAVED,
    WINDOW_ENDS,
    attempts_of,
    charge_all,
    join_with_card,
    kept_card,
    let_go,
    order_of,
    sold_out,
    sweep,
)

pytestmark = pytest.mark.django_db


def told() -> list[str]:
    return list(
        Notification.objects.order_by("created_at", "pk").values_list("kind", flat=True)
    )


def wait(user, ticket_type, card, consent_version=CURRENT):
    return payments.wait_for_tickets(
        user=user,
        ticket_type=ticket_type,
        quantity=2,
        ends_at=EVENING,
        now=NOON,
        max_total_amount=10_000,
        card=card.pk,
        consent_version=consent_version,
    )


# Joining ----------------------------------------------------------------------------


def test_a_mandate_says_what_was_agreed_to(rush):
    entry = join_with_card(rush)

    mandate = Mandate.objects.get()
    assert (mandate.entry, mandate.card.user) == (entry, entry.user)
    assert (mandate.quantity, mandate.max_total_amount, mandate.currency) == (
        2,
        10_000,
        "GBP",
    )
    assert (mandate.ends_at, mandate.consented_at) == (EVENING, NOON)
    assert entry.charges_card


def test_only_ones_own_card_is_charged(rush):
    card = kept_card(make.buyer())

    with pytest.raises(payments.SavedCardGone):
        wait(make.buyer(), rush, card)

    assert not Mandate.objects.exists()


def test_nobody_agrees_to_old_terms(rush):
    card = kept_card(make.buyer())

    with pytest.raises(payments.ConsentOutdated):
        wait(make.buyer(), rush, card, consent_version="2020-01-01")

    assert not Mandate.objects.exists()


# The ordinary way -------------------------------------------------------------------


def test_freed_tickets_are_bought_for_who_waits(rush):
    entry = join_with_card(rush)
    let_go(rush)

    charge_all()

    assert statuses(entry) == ["purchased"]
    bought = order_of(entry)
    assert (bought.status, bought.amount) == (OrderStatus.PAID, 5000)
    assert bought.lines.count() == 2
    assert charged() == [5000]
    assert attempts_of(bought) == [("succeeded", True)]
    assert told() == ["receipt"]
    assert "Your turn on the waitlist came" in Notification.objects.get().body
    assert_books_are_right()


def test_tickets_that_cost_nothing_are_bought_without_a_charge():
    rush = sold_out(unit_amount=0)
    entry = join_with_card(rush, max_total_amount=0)
    let_go(rush)

    charge_all()

    assert statuses(entry) == ["purchased"]
    assert charged() == []
    assert_books_are_right()


def test_who_only_wants_to_be_told_is_never_charged(rush):
    entry = join(rush, 2)
    let_go(rush)

    assert charge_all() == 0
    assert statuses(entry) == ["offered"]
    assert not Order.objects.exists()


def test_charging_again_charges_nothing(rush):
    join_with_card(rush)
    let_go(rush)
    charge_all()

    charge_all(NOON + MINUTE)

    assert charged() == [5000]


def test_a_buyer_may_pay_an_offer_by_hand_before_the_worker_comes(rush):
    entry = join_with_card(rush)
    let_go(rush)

    order(fresh(entry).hold)
    charge_all()

    assert statuses(entry) == ["purchased"]
    assert attempts_of(order_of(entry)) == [("succeeded", False)]
    assert charged() == [5000]


def test_where_the_buyers_own_card_is_declined_the_mandate_is_not_used(rush):
    entry = join_with_card(rush)
    let_go(rush)
    with pytest.raises(payments.CardDeclined):
        order(fresh(entry).hold, "4000000000000002")

    charge_all()

    assert attempts_of(order_of(entry)) == [("declined", False)]
    assert statuses(entry) == ["offered"]
    assert charged() == []


# Limits -----------------------------------------------------------------------------


def test_a_removed_card_is_not_charged_and_its_owner_is_told(rush):
    entry = join_with_card(rush)
    payments.remove_card(card=SavedCard.objects.get(), now=NOON)
    let_go(rush)

    charge_all()

    assert charged() == []
    assert not PaymentAttempt.objects.exists()
    assert statuses(entry) == ["offered"]
    assert not fresh(entry).charges_card
    assert told() == ["waitlist_offer"]


def test_a_card_removed_at_the_last_moment_is_not_charged(rush, monkeypatch):
    entry = join_with_card(rush)
    let_go(rush)
    remove_between_the_intent_and_the_charge(monkeypatch)

    charge_all()

    assert (charged(), intents()) == ([], ["canceled"])
    hold = fresh(entry).hold
    assert (fresh(entry).status, hold.status) == ("offered", HoldStatus.ACTIVE)
    assert told() == ["waitlist_offer"]
    assert_books_are_right()


def remove_between_the_intent_and_the_charge(monkeypatch) -> None:
    begin = payments.checkout.opening.begin_attempt

    def removed_first(*args, **wish):
        SavedCard.objects.update(removed_at=NOON)
        return begin(*args, **wish)

    monkeypatch.setattr(payments.checkout.opening, "begin_attempt", removed_first)


@pytest.mark.parametrize(
    "beyond",
    [
        {"max_total_amount": 4999},
        {"quantity": 1},
        {"currency": "EUR"},
        {"ends_at": NOON + timedelta(seconds=30)},
    ],
    ids=["amount", "quantity", "currency", "time"],
)
def test_no_charge_goes_beyond_its_mandate(rush, beyond):
    entry = join_with_card(rush)
    let_go(rush)
    Mandate.objects.update(**beyond)

    charge_all()

    assert (charged(), intents()) == ([], ["canceled"])
    assert not PaymentAttempt.objects.exists()
    assert told() == ["waitlist_offer"]
    assert fresh(entry).hold.status == HoldStatus.ACTIVE


def test_who_has_tickets_by_now_is_not_charged_for_more(rush):
    other = make.ticket_type(event=rush.event, stock=2)
    entry = join_with_card(rush)
    let_go(rush)
    give_tickets(entry.user, other)

    charge_all()

    assert (charged(), intents()) == ([], ["canceled"])
    assert statuses(entry) == ["ended"]
    assert fresh(entry).reason == WaitlistReason.BOUGHT_ANOTHER_WAY
    assert fresh(entry).hold.status == HoldStatus.RELEASED


def test_who_bought_another_ticket_for_one_given_back_is_not_charged():
    show = make.event()
    other = make.ticket_type(event=show, stock=1)
    rush = sold_out(1, event=show)
    buyer = make.buyer()
    give_tickets(buyer, other)
    entry = join_with_card(rush, quantity=1, user=buyer)
    inventory.return_tickets(tickets=list(other.tickets.all()), now=NOON)
    let_go(rush)
    give_tickets(buyer, other)

    charge_all()

    assert charged() == []
    assert fresh(entry).reason == WaitlistReason.BOUGHT_ANOTHER_WAY


def give_tickets(user, ticket_type) -> None:
    """As a payment does that came too late and found tickets again."""
    late = held(ticket_type, 1)
    inventory.release_hold(hold=late, now=NOON)
    late.user = user
    inventory.retake_tickets(hold=late, now=NOON)


# Declined ---------------------------------------------------------------------------


def test_a_declined_card_passes_its_turn(rush):
    first = join_with_card(rush, DECLINED_ONCE_SAVED)
    second = join_with_card(rush)
    let_go(rush)

    charge_all()

    assert statuses(first, second) == ["passed", "purchased"]
    assert fresh(first).reason == WaitlistReason.CARD_DECLINED
    assert order_of(first).status == OrderStatus.CANCELLED
    assert intents() == ["canceled", "succeeded"]
    assert sorted(told()) == ["receipt", "waitlist_declined"]
    assert_books_are_right()


def test_a_card_the_provider_does_not_know_passes_its_turn(rush):
    first, second = join_with_card(rush), join(rush, 2)
    let_go(rush)
    SavedCard.objects.update(provider_id="pm_unknown")

    charge_all()

    assert statuses(first, second) == ["passed", "offered"]
    assert intents() == ["canceled"]
    assert_books_are_right()


# The bank asks the buyer ------------------------------------------------------------


def test_a_bank_that_asks_is_answered_within_the_window(rush):
    entry = join_with_card(rush, ALWAYS_ASKS)
    let_go(rush)
    charge_all()
    asked = order_of(entry)
    [waiting] = asked.payments.exclude(status=PaymentStatus.CANCELLED)
    between = (statuses(entry), told(), waiting.status)

    answer_challenge(challenge_url(asked))
    payments.sweep_payments(now=NOON + MINUTE, limit=10)

    assert between == (
        ["offered"],
        ["waitlist_authenticate"],
        PaymentStatus.REQUIRES_ACTION,
    )
    assert statuses(entry) == ["purchased"]
    assert attempts_of(asked) == [("declined", True), ("succeeded", False)]
    assert charged() == [5000]
    assert_books_are_right()


def test_the_call_to_confirm_ends_with_the_window(rush):
    entry = join_with_card(rush, ALWAYS_ASKS)
    let_go(rush)

    charge_all()

    call = Notification.objects.get()
    assert call.expires_at == fresh(entry).hold.expires_at == WINDOW_ENDS
    assert call.link == f"/orders/{order_of(entry).pk}"
    assert "by 13:10" in call.body


def test_another_card_may_answer_the_call(rush):
    entry = join_with_card(rush, ALWAYS_ASKS)
    let_go(rush)
    charge_all()

    payments.pay_order(order=order_of(entry), payment_method=token(), now=NOON + MINUTE)

    assert statuses(entry) == ["purchased"]
    assert charged() == [5000]
    assert intents() == ["canceled", "canceled", "succeeded"]


def test_who_does_not_answer_passes_their_turn(rush):
    first, second = join_with_card(rush, ALWAYS_ASKS), join(rush, 2)
    let_go(rush)
    charge_all()

    sweep(WINDOW_ENDS)

    assert statuses(first, second) == ["passed", "offered"]
    assert fresh(first).reason == WaitlistReason.NOT_AUTHENTICATED
    assert intents() == ["canceled", "canceled"]
    assert charged() == []
    assert_books_are_right(WINDOW_ENDS)


def test_who_fails_the_challenge_may_use_another_card_until_the_window_ends(rush):
    first, second = join_with_card(rush, ALWAYS_ASKS), join(rush, 2)
    let_go(rush)
    charge_all()
    answer_challenge(challenge_url(order_of(first)), passed=False)

    payments.sweep_payments(now=NOON + MINUTE, limit=10)
    charge_all(NOON + MINUTE)
    between = statuses(first, second)
    sweep(WINDOW_ENDS)

    assert between == ["offered", "waiting"]
    assert statuses(first, second) == ["passed", "offered"]
    assert set(intents()) == {"canceled"}
    assert charged() == []
