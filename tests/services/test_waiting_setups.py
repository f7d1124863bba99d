"""A card whose keeping nobody finished, or whose end we did not hear of."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import transaction

from payments import services
from payments.gateways import GatewayUnavailable
from payments.gateways.sandbox.switches import outage, refusing
from payments.models import CardSetup, Incident, SavedCard
from tests import factories as make
from tests.factories import MINUTE, NOON
from tests.keeping import keep, usable
from tests.paying import (
    ALWAYS_ASKS,
    VISA,
    answer_challenge,
    ask,
    assert_books_are_right,
    at_provider,
    token,
)

pytestmark = pytest.mark.django_db
NEXT_DAY = NOON + timedelta(days=1)


@pytest.fixture
def asked_for() -> CardSetup:
    """The bank asks its customer first, and we hear no more of it."""
    return services.set_up_card(
        user=make.buyer(), payment_method=token(ALWAYS_ASKS), now=NOON
    )


@pytest.fixture
def unheard() -> CardSetup:
    """The provider kept the card, but its reply was lost."""
    with outage("after", "POST /v1/setup_intents"), pytest.raises(GatewayUnavailable):
        keep(make.buyer())
    return CardSetup.objects.get()


def sweep(at=NOON + MINUTE, limit=10):
    return services.sweep_card_setups(now=at, limit=limit)


def answer(setup, *, passed=True) -> None:
    answer_challenge(setup.next_action["url"], passed=passed)


def status(setup) -> str:
    setup.refresh_from_db()
    return setup.status


def test_a_set_up_whose_news_was_lost_is_found_and_its_card_kept(asked_for):
    answer(asked_for)

    run = sweep()

    assert (run.asked, run.ended, run.problems) == (1, 1, [])
    assert status(asked_for) == "succeeded"
    assert usable(asked_for.user) == ["3184"]
    assert_books_are_right()


def test_one_that_the_bank_refused_has_failed(asked_for):
    answer(asked_for, passed=False)

    sweep()

    assert status(asked_for) == "failed"
    assert not SavedCard.objects.exists()
    assert_books_are_right()


def test_while_the_bank_waits_it_is_asked_about_again_with_growing_gaps(asked_for):
    asked_at = []
    for minute in range(200):
        if sweep(NOON + minute * MINUTE).asked:
            asked_at.append(minute)

    assert asked_at == [1, 3, 7, 15, 31, 63, 123, 183]
    assert status(asked_for) == "requires_action"


def test_what_ended_is_not_asked_about_again(asked_for):
    answer(asked_for)
    sweep()

    assert sweep(NEXT_DAY).asked == 0


def test_after_a_day_it_is_cancelled_at_the_provider(asked_for):
    sweep(NEXT_DAY - MINUTE)
    assert status(asked_for) == "requires_action"

    sweep(NEXT_DAY + 2 * MINUTE)

    assert status(asked_for) == "failed"
    assert [setup["status"] for setup in at_provider("setup_intent")] == ["canceled"]
    assert not SavedCard.objects.exists()
    assert_books_are_right(NEXT_DAY)


def test_a_buyer_who_is_just_in_time_keeps_the_card(asked_for, monkeypatch):
    """The guard is that the provider's word after the cancellation counts."""
    gateway = services.setups.get_gateway()
    cancel = gateway.cancel_setup

    def too_late(**named):
        answer(asked_for)
        return cancel(**named)

    monkeypatch.setattr(gateway, "cancel_setup", too_late)

    sweep(NEXT_DAY)

    assert status(asked_for) == "succeeded"
    assert usable(asked_for.user) == ["3184"]


def test_a_provider_that_does_not_answer_is_asked_again_and_not_one_by_one(asked_for):
    other = services.set_up_card(
        user=make.buyer(), payment_method=token(ALWAYS_ASKS), now=NOON
    )
    with outage("before"):
        silent = sweep(NEXT_DAY)

    assert (silent.asked, silent.unanswered, silent.problems) == (1, 1, [])
    assert {status(asked_for), status(other)} == {"requires_action"}
    assert sweep(NEXT_DAY + 2 * MINUTE).ended == 2
    assert_books_are_right(NEXT_DAY)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_cancellation_that_was_not_answered_is_made_good_later(asked_for, moment):
    with outage(moment, "/cancel"):
        assert sweep(NEXT_DAY).unanswered == 1
    assert status(asked_for) == "requires_action"

    sweep(NEXT_DAY + 2 * MINUTE)

    assert status(asked_for) == "failed"
    assert_books_are_right(NEXT_DAY)


def test_a_card_that_was_kept_without_our_hearing_it_is_found(unheard):
    assert not SavedCard.objects.exists()

    sweep()

    assert status(unheard) == "succeeded"
    assert usable(unheard.user) == [VISA[-4:]]
    assert len(at_provider("setup_intent")) == 1


def test_what_the_provider_never_heard_of_is_not_made_and_ends_after_a_day():
    with outage("before", "POST /v1/setup_intents"), pytest.raises(GatewayUnavailable):
        keep(make.buyer())
    setup = CardSetup.objects.get()

    assert sweep().ended == 0
    assert sweep(NEXT_DAY).ended == 1

    assert status(setup) == "failed"
    assert at_provider("setup_intent") == []


def test_keys_that_are_refused_end_nothing_and_staff_are_told(asked_for):
    with refusing("GET /v1/setup_intents", 401):
        run = sweep(NEXT_DAY)

    assert (run.ended, len(run.problems)) == (0, 1)
    assert Incident.objects.get().kind == "not_let_in"
    assert status(asked_for) == "requires_action"


def test_one_that_the_provider_does_not_know_ends_after_a_day(asked_for):
    with refusing("GET /v1/setup_intents", 404, code="resource_missing"):
        assert sweep().ended == 0
        assert sweep(NEXT_DAY).ended == 1

    assert status(asked_for) == "failed"
    assert Incident.objects.get().kind == "provider_refuses"


def test_the_command_asks_as_of_a_given_time(asked_for):
    out = StringIO()

    call_command("sweep_payments", "--at", NEXT_DAY.isoformat(), stdout=out)

    assert "1 card set-ups asked about (0 unanswered)" in out.getvalue()
    assert status(asked_for) == "failed"


def test_nothing_is_asked_inside_a_transaction(asked_for):
    """The guard is the `durable` of the claim, and the gateway's own look."""
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        sweep()


def test_a_cancelled_set_up_cannot_be_finished_at_the_bank(asked_for):
    sweep(NEXT_DAY)

    code, _, _ = ask("POST", f"/v1/setup_intents/{asked_for.provider_id}/cancel")

    assert code == 400
