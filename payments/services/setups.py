"""Card set-ups whose end was never heard of: the bank's page left open, a lost webhook.

Any number of workers may sweep at once: each claims one set-up by `ask_after`, commits,
and asks with nothing locked. Lock order: card setup, customer, cards.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from payments.gateways import (
    GatewayMisconfigured,
    GatewayRefused,
    GatewayUnavailable,
    Intent,
    IntentStatus,
    get_gateway,
)
from payments.models import WAITING_SETUP, CardSetup, CardSetupStatus, Customer
from payments.services import telling
from payments.services.cards import FIRST_LOOK, apply_setup
from payments.services.keeping import without_detached
from payments.services.runs import Run

LONGEST_WAIT = timedelta(hours=1)
DOUBLINGS = 10  # More would only overflow: the longest wait is reached before.
# Nobody is at their bank's page for so long.
GIVEN_UP_AFTER = timedelta(days=1)
ENDED_INTENT = (IntentStatus.SUCCEEDED, IntentStatus.CANCELED)


@dataclass
class SetupsAsked(Run):
    """What one sweep did: set-ups asked about, unanswered, and at an end by it."""

    asked: int = 0
    unanswered: int = 0
    ended: int = 0


def sweep_card_setups(*, now: datetime, limit: int) -> SetupsAsked:
    """Ask about up to `limit` set-ups that wait, and bring them to what they are.

    The gaps grow from a minute to an hour. After a day a set-up is cancelled at the
    provider, and has failed once it says so. When it does not answer, the others are
    left for the next sweep: they would meet the same silence.
    """
    run = SetupsAsked()
    while run.asked < limit and (setup := _claim_one(now)):
        run.asked += 1
        with run.apart(setup):
            try:
                run.ended += _ask(setup, now) not in WAITING_SETUP
            except GatewayUnavailable:
                run.unanswered += 1
                break
            except GatewayRefused as refusal:
                telling.tell_refused(refusal)
                run.problems.append(f"{setup}: {refusal.reason}")
                run.ended += _end_refused(setup, refusal, now)
    return run


@transaction.atomic(durable=True)
def _claim_one(now: datetime) -> CardSetup | None:
    """The set-up that waits longest, kept from other sweeps until its next look."""
    due = CardSetup.objects.filter(status__in=WAITING_SETUP, ask_after__lte=now)
    locked = due.select_for_update(skip_locked=True, no_key=True)
    setup = locked.order_by("ask_after", "pk").first()
    if setup:
        setup.asked = min(setup.asked + 1, DOUBLINGS)
        setup.ask_after = now + min(FIRST_LOOK * 2**setup.asked, LONGEST_WAIT)
        setup.save(update_fields=["asked", "ask_after"])
    return setup


def _ask(setup: CardSetup, now: datetime) -> str:
    """The set-up's status once our side is as the provider says."""
    found = _at_provider(setup)
    if _is_given_up(setup, now):
        if found is None:
            return _fail(setup)
        if found.status not in ENDED_INTENT:
            found = get_gateway().cancel_setup(setup_id=found.id)
    if found is None:
        return setup.status
    return apply_setup(setup=setup, intent=without_detached(found), now=now).status


def _at_provider(setup: CardSetup) -> Intent | None:
    """Where the reply to its creation was lost, looked for and never made again: the
    buyer was told that it did not work, and may have gone away."""
    if setup.provider_id:
        return get_gateway().retrieve_setup(setup_id=setup.provider_id)
    customer = Customer.objects.filter(user=setup.user_id).first()
    if customer is None or not customer.provider_id:
        return None
    return get_gateway().find_setup(
        customer=customer.provider_id, reference=str(setup.pk)
    )


def _is_given_up(setup: CardSetup, now: datetime) -> bool:
    return setup.created_at + GIVEN_UP_AFTER <= now


def _end_refused(setup: CardSetup, refusal: GatewayRefused, now: datetime) -> bool:
    """A set-up that the provider refuses to show is over too, after its day.

    Not while our own keys are refused: that says nothing of the set-up.
    """
    if isinstance(refusal, GatewayMisconfigured) or not _is_given_up(setup, now):
        return False
    return _fail(setup) not in WAITING_SETUP


@transaction.atomic(durable=True)
def _fail(setup: CardSetup) -> str:
    """Over, unless news of it came meanwhile."""
    locked = CardSetup.objects.select_for_update(no_key=True).get(pk=setup.pk)
    is_as_it_was = locked.provider_id == setup.provider_id
    if locked.status in WAITING_SETUP and is_as_it_was:
        locked.move_to(CardSetupStatus.FAILED)
    return locked.status
