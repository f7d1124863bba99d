"""Case 11, at once: somebody leaves as they are charged, workers share an offer.

Who leaves has left and was not charged, or has tickets and was; however many
workers look at one offer, it is charged once.

The guards: no charge begins once somebody leaves (`stop_charging`), a hold under
payment is not let go (`waitlist._refuse_unless_unpaid`), and of several workers one
has the lease of the offer and the one turn to pay for its hold. Each is taken out
below and must be missed.
"""

from contextlib import suppress
from functools import partial

import pytest
from django.conf import settings

from inventory import services as inventory
from inventory.models import Hold, HoldStatus
from inventory.services import waitlist
from payments import services as payments
from payments.gateways.sandbox.switches import outage, switched
from payments.models import SandboxObject
from payments.services import checkout, waitlist_charges
from tests.concurrency.racing import ROUNDS, breaks_within, race
from tests.factories import MINUTE, NOON
from tests.lining_up import fresh, join, statuses
from tests.paying import assert_books_are_right, at_provider, charged
from tests.properties import provider
from tests.standing_orders import charge_all, join_with_card, let_go, sold_out, sweep

pytestmark = pytest.mark.django_db


def leaving_while_being_charged() -> None:
    rush = sold_out()
    entry, second = join_with_card(rush), join(rush, 2)
    let_go(rush)

    left, *charges = race(
        [partial(payments.stop_waiting, entry=entry, now=NOON)]
        + [partial(payments.charge_next_offer, now=NOON)] * 2
    )

    assert not [c for c in charges if isinstance(c, Exception)], charges
    sold_or_busy = (inventory.HoldAlreadySold, inventory.HoldBeingPaid)
    if fresh(entry).status == "offered":  # Told to try again: the charge stood aside.
        payments.stop_waiting(entry=entry, now=NOON)
    if fresh(entry).status == "withdrawn":
        assert charged() == []
        assert statuses(second) == ["offered"]
    else:
        assert isinstance(left, (*sold_or_busy, payments.PaymentInProgress)), left
        assert statuses(entry, second) == ["purchased", "waiting"]
        assert charged() == [5000]
    assert_books_are_right()


@pytest.mark.django_db(transaction=True)
def test_case_11_who_leaves_as_they_are_charged_has_left_or_has_tickets():
    for _ in range(6):
        leaving_while_being_charged()
        forget_the_provider()


def a_worker_comes_by_while_somebody_leaves(monkeypatch) -> None:
    """After the leaver has looked for an order to cancel, and before they are gone."""
    rush = sold_out()
    entry = join_with_card(rush)
    let_go(rush)
    withdraw = inventory.withdraw_from_waitlist

    def leave_slowly(**what):
        with outage("after", "/confirm"):
            charge_all()
        return withdraw(**what)

    with monkeypatch.context() as patch, suppress(inventory.HoldBeingPaid):
        patch.setattr(inventory, "withdraw_from_waitlist", leave_slowly)
        payments.stop_waiting(entry=entry, now=NOON)

    assert (statuses(entry), charged()) == (["withdrawn"], [])
    assert_books_are_right()


def test_case_11_no_charge_begins_once_somebody_leaves(monkeypatch):
    a_worker_comes_by_while_somebody_leaves(monkeypatch)


def test_case_11_without_the_word_that_they_leave_they_are_charged(monkeypatch):
    monkeypatch.setattr(inventory, "stop_charging", lambda *, entry: None)

    with pytest.raises(AssertionError):
        a_worker_comes_by_while_somebody_leaves(monkeypatch)


def leaving_while_the_bank_thinks(rush) -> None:
    entry = join_with_card(rush)
    let_go(rush)
    with switched(processing=True):
        charge_all()

    with suppress(inventory.HoldBeingPaid, payments.PaymentInProgress):
        payments.stop_waiting(entry=entry, now=NOON)
    provider.decide(at_provider("payment_intent")[0]["id"])
    sweep(NOON + MINUTE)

    assert (statuses(entry), charged()) == (["purchased"], [5000])
    assert fresh(entry).hold.status == HoldStatus.CONVERTED
    assert_books_are_right(NOON + MINUTE)


def test_case_11_nobody_leaves_while_the_bank_thinks(rush):
    leaving_while_the_bank_thinks(rush)


def test_case_11_without_asking_for_a_payment_the_tickets_go(rush, monkeypatch):
    monkeypatch.setattr(waitlist, "_refuse_unless_unpaid", lambda hold: None)

    with pytest.raises(AssertionError):
        leaving_while_the_bank_thinks(rush)


def workers_on_one_offer(log) -> None:
    rush = sold_out()
    entry = join_with_card(rush)
    let_go(rush)

    race([partial(payments.charge_next_offer, now=NOON)] * 4)
    charge_all(NOON + MINUTE)

    assert log.text == ""
    assert statuses(entry) == ["purchased"]
    assert charged() == [5000]
    assert_books_are_right()


@pytest.mark.django_db(transaction=True)
def test_case_11_however_many_workers_one_charge(caplog):
    for _ in range(4):
        workers_on_one_offer(caplog)
        forget_the_provider()


def let_workers_meet(monkeypatch) -> None:
    """No worker keeps the others away, and none asks whose turn it is to pay."""

    def take_the_hold(order, now):
        lease = now + settings.PAYMENT_LEASE
        Hold.objects.filter(order=order).update(status="paying", lease_until=lease)
        return Hold.objects.get(order=order)

    monkeypatch.setattr(waitlist_charges, "LEASE", -MINUTE)
    monkeypatch.setattr(checkout, "_start_paying", take_the_hold)


@pytest.mark.django_db(transaction=True)
def test_case_11_without_the_claim_and_the_turn_workers_meet(monkeypatch, caplog):
    let_workers_meet(monkeypatch)

    def anew():
        forget_the_provider()
        workers_on_one_offer(caplog)

    assert breaks_within(ROUNDS, anew)


def forget_the_provider() -> None:
    SandboxObject.objects.filter(type="charge").delete()
