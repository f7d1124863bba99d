"""Whoever is away hears of their bank's question, and of a declined card, for sure."""

import pytest

from inventory import services as inventory
from inventory.models import WaitlistReason
from notifications import services as notifications
from notifications.models import Notification
from payments import services as payments
from payments.gateways.sandbox import intents as sandbox
from payments.gateways.sandbox.errors import CardRefused
from payments.gateways.sandbox.switches import outage
from tests.factories import MINUTE, NOON, SECOND
from tests.lining_up import fresh, join, statuses
from tests.paying import (
    ALWAYS_ASKS,
    answer_challenge,
    assert_books_are_right,
    challenge_url,
    charged,
    intents,
)
from tests.standing_orders import (
    DECLINED_ONCE_SAVED,
    WINDOW_ENDS,
    attempts_of,
    charge_all,
    join_with_card,
    let_go,
    order_of,
    sweep,
)

pytestmark = pytest.mark.django_db


def told(entry) -> list[tuple[str, str]]:
    sent = Notification.objects.filter(user=entry.user_id)
    return list(sent.values_list("kind", "status"))


def look(now) -> None:
    sweep(now)
    notifications.send_due(now=now, limit=50)


def test_a_question_whose_reply_was_lost_is_told_once_it_is_known(rush):
    entry = join_with_card(rush, ALWAYS_ASKS)
    let_go(rush)

    with outage("after", "/confirm", skip=1):
        charge_all()
    notifications.send_due(now=NOON + 5 * SECOND, limit=50)
    in_silence = told(entry)
    look(NOON + 40 * SECOND)
    answer_challenge(challenge_url(order_of(entry)))
    look(NOON + 2 * MINUTE)

    assert in_silence == []
    assert ("waitlist_authenticate", "sent") in told(entry)
    assert statuses(entry) == ["purchased"]
    assert charged() == [5000]
    assert_books_are_right(NOON + 2 * MINUTE)


def test_a_question_that_never_reached_the_bank_is_asked_anew(rush):
    """Nobody is told of it before the bank has it, and then they are."""
    entry = join_with_card(rush, ALWAYS_ASKS)
    let_go(rush)

    with outage("before", "/confirm", skip=1):
        charge_all()
    look(NOON + MINUTE)
    in_silence = told(entry)
    for seconds in (130, 170):
        look(NOON + seconds * SECOND)

    assert in_silence == []
    assert told(entry) == [("waitlist_authenticate", "sent")]
    assert attempts_of(order_of(entry)) == [
        ("declined", True),
        ("abandoned", False),
        ("requires_action", False),
    ]
    assert intents() == ["canceled", "canceled", "requires_action"]
    assert statuses(entry) == ["offered"]
    assert_books_are_right(NOON + 170 * SECOND)


@pytest.fixture
def bank_says_no_on_session(monkeypatch):
    """It wants the buyer when they are away, and nothing of them when they are not."""

    def decline(call, intent, method, **_) -> CardRefused:
        return sandbox.decline(call, intent, method, "insufficient_funds")

    monkeypatch.setattr(
        sandbox, "needs_authentication", lambda *_, off_session: off_session
    )
    monkeypatch.setattr(sandbox, "charge", decline)


@pytest.mark.usefixtures("bank_says_no_on_session")
def test_a_no_instead_of_a_question_is_passed_on_at_once(rush):
    """Also where its reply was lost: then nobody was called, and nobody will come."""
    entry, second = join_with_card(rush, ALWAYS_ASKS), join(rush, 2)
    let_go(rush)

    with outage("after", "/confirm", skip=1):
        charge_all()
    for seconds in (130, 170):
        look(NOON + seconds * SECOND)

    assert statuses(entry, second) == ["passed", "offered"]
    assert [kind for kind, _ in told(entry)] == ["waitlist_declined"]
    assert "not enough money" in Notification.objects.get(user=entry.user).body
    assert charged() == []
    assert_books_are_right(NOON + 170 * SECOND)


def test_who_was_never_told_of_the_question_keeps_their_place(rush):
    entry, second = join_with_card(rush, ALWAYS_ASKS), join(rush, 2)
    let_go(rush)

    with outage("before", "/confirm", skip=1):
        charge_all()
    sweep(WINDOW_ENDS)

    assert statuses(entry, second) == ["offered", "waiting"]
    assert fresh(entry).offered_at == WINDOW_ENDS
    assert charged() == []


def test_who_leaves_as_the_bank_is_asked_is_not_called(rush):
    entry = join_with_card(rush, ALWAYS_ASKS)
    let_go(rush)
    with outage("after", "/confirm", skip=1):
        charge_all()

    inventory.stop_charging(entry=entry)
    payments.sweep_payments(now=NOON + MINUTE, limit=10)

    assert told(entry) == []


def test_a_decline_is_told_although_the_provider_was_silent_until_the_end(rush):
    entry, second = join_with_card(rush, DECLINED_ONCE_SAVED), join(rush, 2)
    let_go(rush)

    with outage("before", "/cancel"):
        charge_all()
        sweep(WINDOW_ENDS)
    sweep(WINDOW_ENDS + MINUTE)

    assert statuses(entry, second) == ["passed", "offered"]
    assert fresh(entry).reason == WaitlistReason.CARD_DECLINED
    assert [kind for kind, _ in told(entry)] == ["waitlist_declined"]
    assert_books_are_right(WINDOW_ENDS + MINUTE)
