"""Kill -9, and then nothing but what a person can type: the sweeps and the audit."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from inventory.models import HoldStatus, WaitlistStatus
from payments.models import Order, OrderStatus
from tests import standing_orders as line
from tests.crash.dying import assert_provider_and_books_agree, every_death
from tests.factories import NOON
from tests.lining_up import fresh
from tests.paying import held, order, token

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(900)]
MINUTE = timedelta(minutes=1)
SWEEPS = ("release_expired_holds", "sweep_payments")


def typed(command: str, now) -> None:
    """Also fails if the command finds fault."""
    call_command(command, "--at", now.isoformat(), stdout=StringIO())


def sweep_for_four_minutes() -> None:
    for minute in range(1, 5):
        for sweep in SWEEPS:
            typed(sweep, NOON + minute * MINUTE)


def a_purchase_is_whole_within_five_minutes() -> None:
    hold = None

    def prepare():
        nonlocal hold
        hold, card = held(), token()
        return lambda: order(hold, payment_method=card)

    for _ in every_death(prepare, at_least=16):
        sweep_for_four_minutes()
        typed("audit", NOON + 5 * MINUTE)
        hold.refresh_from_db()
        placed = Order.objects.filter(hold=hold, status=OrderStatus.PAID)
        assert placed.exists() == (hold.status == HoldStatus.CONVERTED)
        assert_provider_and_books_agree()


def whoever_waits_is_bought_for_within_five_minutes() -> None:
    entry = None

    def prepare():
        nonlocal entry
        rush = line.sold_out()
        entry = line.join_with_card(rush)
        line.let_go(rush)
        return line.charge_all

    for _ in every_death(prepare, at_least=18):
        sweep_for_four_minutes()
        typed("audit", NOON + 5 * MINUTE)
        assert fresh(entry).status == WaitlistStatus.PURCHASED
        assert_provider_and_books_agree()


STORIES = [
    a_purchase_is_whole_within_five_minutes,
    whoever_waits_is_bought_for_within_five_minutes,
]


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_after_the_sweeps_the_audit_is_clean(story):
    story()


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_with_no_sweep_of_payments_it_is_not(story, monkeypatch):
    monkeypatch.setattr(f"{__name__}.SWEEPS", ("release_expired_holds",))

    with pytest.raises((AssertionError, CommandError)):
        story()
