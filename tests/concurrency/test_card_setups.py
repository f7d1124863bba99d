"""The sweep, the news and another sweep, all at once about one card set-up."""

from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from payments import services
from payments.models import CardSetup, SavedCard
from tests import factories as make
from tests.concurrency.racing import assert_all_is_well, race
from tests.paying import ALWAYS_ASKS, answer_challenge, deliver, token

pytestmark = pytest.mark.django_db(transaction=True)


def passed_at_the_bank() -> CardSetup:
    """The provider has kept the card, and its news is here but not acted on."""
    setup = services.set_up_card(
        user=make.buyer(), payment_method=token(ALWAYS_ASKS), now=timezone.now()
    )
    answer_challenge(setup.next_action["url"])
    deliver()
    return setup


def test_sweeps_and_news_at_once_keep_one_card():
    setup = passed_at_the_bank()
    later = timezone.now() + timedelta(minutes=2)
    sweep = partial(services.sweep_card_setups, now=later, limit=10)
    hear = partial(services.process_events, now=later, limit=10)

    runs = race([sweep, sweep, hear, sweep])

    assert [run.problems for run in runs] == [[]] * 4
    assert sum(run.asked for run in runs if hasattr(run, "asked")) <= 1
    setup.refresh_from_db()
    assert setup.status == "succeeded"
    assert SavedCard.objects.count() == 1
    assert_all_is_well()


def test_without_the_claim_the_provider_is_asked_more_than_once(monkeypatch):
    """The control: the guard is that a set-up is claimed before it is asked about."""
    passed_at_the_bank()
    later = timezone.now() + timedelta(minutes=2)
    monkeypatch.setattr(
        services.setups, "_claim_one", lambda now: CardSetup.objects.get()
    )
    sweep = partial(services.sweep_card_setups, now=later, limit=1)

    runs = race([sweep] * 4)

    assert sum(run.asked for run in runs) == 4
