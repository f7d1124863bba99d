"""Case 11. The bank may only be asked about a charge that the mandate covers.

A bank that refuses a charge because the buyer is away is asked once more, with the
buyer within call, and many a bank then takes the money without a question. So that
charge is one under the mandate like any other: never after its end, once the buyer
has tickets another way, or once they have left, whatever comes between the refusal
and the question. What the buyers themselves say to their bank is honoured.

The guard is that `mandates.refuse_unless_covered` has the last word on this attempt
too, in its transaction. It is taken out below and must be missed.
"""

from functools import partial

import pytest

from inventory import services as inventory
from inventory.models import HoldStatus, WaitlistEntry, WaitlistReason
from inventory.notices import OFFER
from notifications.models import Notification
from payments import services as payments
from payments.gateways.sandbox import intents as bank
from payments.gateways.sandbox.switches import outage
from payments.models import PaymentAttempt
from payments.services import mandates, waitlist_charges
from tests import factories as make
from tests.concurrency.racing import race
from tests.factories import MINUTE, NOON, SECOND
from tests.lining_up import fresh, held, join, statuses
from tests.paying import (
    ALWAYS_ASKS,
    answer_challenge,
    assert_books_are_right,
    challenge_url,
    charged,
    intents,
)
from tests.standing_orders import (
    attempts_of,
    charge_all,
    join_with_card,
    let_go,
    order_of,
    sold_out,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _a_bank_that_only_asks_who_is_away(monkeypatch):
    asks = bank.needs_authentication

    def only_who_is_away(card, method, *, off_session):
        return off_session and asks(card, method, off_session=True)

    monkeypatch.setattr(bank, "needs_authentication", only_who_is_away)


@pytest.fixture
def bank_asks_everybody(monkeypatch, _a_bank_that_only_asks_who_is_away):
    monkeypatch.setattr(bank, "needs_authentication", lambda *_, **__: True)


def forget_the_limits_when_asking(monkeypatch) -> None:
    refuse = mandates.refuse_unless_covered

    def unbound(mandate, hold, *, now):
        if not PaymentAttempt.objects.filter(mandate=mandate).exists():
            refuse(mandate, hold, now=now)

    monkeypatch.setattr(mandates, "refuse_unless_covered", unbound)


def beside_tickets_bought_another_way(entry) -> None:
    other = make.ticket_type(event=entry.event, stock=1)
    late = held(other, 1)
    inventory.release_hold(hold=late, now=NOON)
    late.user = entry.user
    inventory.retake_tickets(hold=late, now=NOON)


def once_they_leave(entry) -> None:
    inventory.stop_charging(entry=entry)


MEANWHILE = [beside_tickets_bought_another_way, once_they_leave]


def asking_although(rush, change, monkeypatch) -> WaitlistEntry:
    """The mandate covers the charge that the bank refuses, and not the next."""
    entry = join_with_card(rush, ALWAYS_ASKS)
    let_go(rush)
    ask = waitlist_charges._ask_buyer

    def ask_later(*what):
        change(entry)
        return ask(*what)

    with monkeypatch.context() as patch:
        patch.setattr(waitlist_charges, "_ask_buyer", ask_later)
        charge_all()

    assert_nothing_was_charged_after_the_refusal(entry)
    return fresh(entry)


def asking_after_its_end() -> WaitlistEntry:
    """The provider confirms only then that the refused intent is cancelled."""
    rush = sold_out()
    entry = join_with_card(rush, ALWAYS_ASKS, ends_at=NOON + 5 * MINUTE)
    let_go(rush)
    with outage("before", "/cancel"):
        charge_all()

    charge_all(NOON + 5 * MINUTE - SECOND)

    assert_nothing_was_charged_after_the_refusal(entry)
    return fresh(entry)


def assert_nothing_was_charged_after_the_refusal(entry) -> None:
    assert charged() == []
    assert attempts_of(order_of(entry)) == [("declined", True)]
    assert set(intents()) == {"canceled"}
    assert fresh(entry).hold.status in (HoldStatus.ACTIVE, HoldStatus.RELEASED)


@pytest.mark.parametrize("change", MEANWHILE, ids=lambda change: change.__name__)
def test_case_11_the_bank_is_not_asked(change, monkeypatch):
    asking_although(sold_out(), change, monkeypatch)


@pytest.mark.parametrize("change", MEANWHILE, ids=lambda change: change.__name__)
def test_case_11_without_the_guard_it_is_asked_and_takes_the_money(monkeypatch, change):
    forget_the_limits_when_asking(monkeypatch)

    with pytest.raises(AssertionError):
        asking_although(sold_out(), change, monkeypatch)


def test_case_11_who_has_tickets_by_then_waits_no_longer(monkeypatch):
    another_way = beside_tickets_bought_another_way

    entry = asking_although(sold_out(), another_way, monkeypatch)

    assert (entry.status, entry.reason) == ("ended", WaitlistReason.BOUGHT_ANOTHER_WAY)


def test_case_11_whose_mandate_has_ended_by_then_may_buy_by_hand():
    entry = asking_after_its_end()

    assert (entry.status, entry.charges_card) == ("offered", False)
    assert Notification.objects.get().kind == OFFER
    assert_books_are_right(NOON + 5 * MINUTE - SECOND)


def test_case_11_without_the_guard_it_is_charged_after_its_end(monkeypatch):
    forget_the_limits_when_asking(monkeypatch)

    with pytest.raises(AssertionError):
        asking_after_its_end()


def test_case_11_a_bank_that_wants_no_answer_after_all_is_within_the_mandate():
    entry = join_with_card(rush := sold_out(), ALWAYS_ASKS)
    let_go(rush)

    charge_all()

    tries = PaymentAttempt.objects.order_by("pk")
    assert [(a.status, a.mandate_id, a.asks_buyer) for a in tries] == [
        ("declined", entry.mandate.pk, False),
        ("succeeded", entry.mandate.pk, True),
    ]
    assert statuses(entry) == ["purchased"]
    assert charged() == [5000]
    assert_books_are_right()


@pytest.mark.usefixtures("bank_asks_everybody")
def test_case_11_what_the_buyer_tells_their_bank_is_honoured():
    """Also in the mandate's last seconds: it is they who pay."""
    ends_at = NOON + 5 * MINUTE
    entry = join_with_card(rush := sold_out(), ALWAYS_ASKS, ends_at=ends_at)
    let_go(rush)
    charge_all()
    once_they_leave(entry)

    answer_challenge(challenge_url(order_of(entry)))
    payments.sweep_payments(now=ends_at - SECOND, limit=10)

    assert statuses(entry) == ["purchased"]
    assert charged() == [5000]


# At once ----------------------------------------------------------------------------


def leaving_while_the_bank_is_asked() -> None:
    rush = sold_out()
    entry, second = join_with_card(rush, ALWAYS_ASKS), join(rush, 2)
    let_go(rush)
    with outage("before", "/cancel", times=1):
        waitlist_charges.charge_next_offer(now=NOON)
    before = len(charged())

    later = NOON + MINUTE
    _, *charges = race(
        [partial(payments.stop_waiting, entry=entry, now=later)]
        + [partial(payments.charge_next_offer, now=later)] * 2
    )

    assert not [c for c in charges if isinstance(c, Exception)], charges
    if fresh(entry).status == "offered":  # Told to try again: the charge stood aside.
        payments.stop_waiting(entry=entry, now=later)
    if fresh(entry).status == "withdrawn":
        assert (len(charged()), statuses(second)) == (before, ["offered"])
    else:
        assert statuses(entry, second) == ["purchased", "waiting"]
        assert len(charged()) == before + 1
    assert_books_are_right(later)


@pytest.mark.django_db(transaction=True)
def test_case_11_who_leaves_as_the_bank_is_asked_has_left_or_has_tickets():
    for _ in range(6):
        leaving_while_the_bank_is_asked()
