"""A card detached in the provider's dashboard pays for nothing, and its owner sees why.

It is learned from the provider's news, or where that was missed from its refusal;
the other cards of the same buyer go on as before.
"""

import json

import pytest
from django.utils import timezone

from inventory.models import HoldStatus
from payments import services
from payments.gateways import CardDetails, GatewayUnavailable, PaymentMethodRefused
from payments.gateways.sandbox import post
from payments.gateways.sandbox.switches import outage, refusing
from payments.models import (
    CardSetup,
    CardSetupStatus,
    Incident,
    OrderStatus,
    Payment,
    SandboxEvent,
    SandboxObject,
    SavedCard,
    StripeEvent,
)
from payments.services import forgetting, keeping
from tests.factories import NOON
from tests.keeping import MASTERCARD, detach, hear, keep, usable
from tests.paying import (
    LEASE_OVER,
    ask,
    assert_books_are_right,
    charged,
    held,
    order,
    token,
)

pytestmark = pytest.mark.django_db
DETACHED = "payment_method.detached"


@pytest.fixture
def card(hold):
    """The first of two, and detached."""
    card = keep(hold.user)
    keep(hold.user, MASTERCARD)
    detach(card)
    return card


def bring(type_: str, times: int = 1) -> None:
    """The post comes out of its order, and more than once."""
    now = timezone.now()
    for event in SandboxEvent.objects.filter(type=type_):
        body = json.dumps(event.payload).encode()
        for _ in range(times):
            services.receive_event(
                body=body, signature=post.sign(body.decode(), now=now), now=now
            )
            services.process_events(now=now, limit=10)


# Buying


def test_a_detached_card_charges_nothing_and_says_what_to_do(hold, card):
    with pytest.raises(services.SavedCardGone) as refusal:
        order(hold, payment_method=str(card.pk))

    assert refusal.value.action == "use_another_card"
    assert "You have not been charged" in str(refusal.value)
    hold.refresh_from_db()
    assert (hold.status, charged()) == (HoldStatus.ACTIVE, [])
    assert usable(hold.user) == ["4444"]
    assert not Incident.objects.exists()
    assert_books_are_right()


def test_the_buyer_s_other_card_pays_then(hold, card):
    with pytest.raises(services.SavedCardGone):
        order(hold, payment_method=str(card.pk))

    other = SavedCard.objects.get(last4="4444")
    placed = order(hold, payment_method=str(other.pk))

    assert (placed.status, charged()) == (OrderStatus.PAID, [5000])
    assert_books_are_right()


def test_a_detached_card_is_not_the_default_any_more(hold, card):
    with pytest.raises(services.SavedCardGone):
        order(hold, payment_method=str(card.pk))

    card.refresh_from_db()
    assert (card.lost_at, card.is_default) == (NOON, False)


def test_a_silence_while_it_is_learned_charges_nothing_and_the_next_try_learns(
    hold, card
):
    with outage("before", "GET /v1/payment_methods"):
        placed = order(hold, payment_method=str(card.pk))
    assert (placed.status, charged()) == (OrderStatus.PENDING, [])

    with pytest.raises(services.SavedCardGone):
        order(hold, payment_method=str(card.pk), now=LEASE_OVER)

    assert order(hold, now=LEASE_OVER).status == OrderStatus.PAID
    assert (charged(), usable(hold.user)) == ([5000], ["4444"])
    assert_books_are_right(LEASE_OVER)


def test_a_refusal_of_a_card_that_is_still_attached_loses_nothing(hold):
    """The guard is that the provider is asked: it refuses cards for other reasons."""
    card = keep(hold.user)

    with refusing("/confirm", 400), pytest.raises(PaymentMethodRefused):
        order(hold, payment_method=str(card.pk))

    assert usable(hold.user) == ["4242"]
    assert order(hold, payment_method=str(card.pk)).status == OrderStatus.PAID
    assert_books_are_right()


def test_a_card_that_the_provider_never_had_is_not_taken_for_a_detached_one(hold):
    card = keep(hold.user)
    SandboxObject.objects.filter(pk=card.provider_id).delete()

    with pytest.raises(PaymentMethodRefused):
        order(hold, payment_method=str(card.pk))

    assert usable(hold.user) == ["4242"]
    assert_books_are_right()


def test_a_typed_card_that_was_used_up_is_no_kept_card(hold):
    """The guard is that only kept cards are asked about: no typed one is attached."""
    method = token()
    order(held(), payment_method=method)

    with outage("before", "GET"), pytest.raises(PaymentMethodRefused):
        order(hold, payment_method=method)

    assert_books_are_right()


# News


def test_the_news_that_a_card_was_detached_is_enough(hold, card):
    hear()

    assert usable(hold.user) == ["4444"]
    with pytest.raises(services.SavedCardGone):
        order(hold, payment_method=str(card.pk))
    assert not Payment.objects.exists()


def test_the_same_news_again_changes_nothing(hold, card):
    forgetting.forget_card(card=card.provider_id, now=NOON)

    bring(DETACHED, times=3)
    forgetting.forget_card(card=card.provider_id, now=LEASE_OVER)

    assert SavedCard.objects.get(pk=card.pk).lost_at == NOON
    assert StripeEvent.objects.filter(type=DETACHED).count() == 1
    assert usable(hold.user) == ["4444"]


def test_late_news_leaves_the_card_alone_that_was_kept_again(hold, card):
    """The guard is that what was typed last pays: what is kept was detached."""
    assert keep(hold.user) == card

    hear()

    assert usable(hold.user) == ["4242", "4444"]
    assert order(hold, payment_method=str(card.pk)).status == OrderStatus.PAID
    assert_books_are_right()


def test_news_before_the_news_that_it_was_kept_does_not_list_it_as_usable(hold):
    """The guard is that a card that is detached by then is not kept: without it the
    later news lists what the earlier could not take off the list."""
    method = token()
    with outage("after", "POST /v1/setup_intents"), pytest.raises(GatewayUnavailable):
        services.set_up_card(user=hold.user, payment_method=method, now=NOON)
    ask("POST", f"/v1/payment_methods/{method}/detach")

    bring(DETACHED)
    bring("setup_intent.succeeded")

    assert CardSetup.objects.get().status == CardSetupStatus.FAILED
    assert not SavedCard.objects.exists()


def test_a_card_detached_before_its_payment_was_known_is_not_kept(hold):
    method = token()
    with outage("after", "/confirm"):
        placed = order(hold, payment_method=method, save_card=True)
    ask("POST", f"/v1/payment_methods/{method}/detach")

    bring(DETACHED)
    bring("payment_intent.succeeded")

    placed.refresh_from_db()
    assert (placed.status, charged()) == (OrderStatus.PAID, [5000])
    assert not SavedCard.objects.exists()
    assert_books_are_right()


def test_a_card_detached_before_its_payment_was_given_up_is_not_kept(hold):
    method = token()
    with outage("after", "/confirm"):
        placed = order(hold, payment_method=method, save_card=True)
    ask("POST", f"/v1/payment_methods/{method}/detach")

    services.cancel_payment(payment=placed.payments.get(), now=NOON)

    placed.refresh_from_db()
    assert (placed.status, charged()) == (OrderStatus.PAID, [5000])
    assert not SavedCard.objects.exists()
    assert_books_are_right()


def test_that_a_card_was_detached_is_asked_and_not_believed(hold):
    card = keep(hold.user)
    StripeEvent.objects.create(
        provider_id="evt_1",
        type=DETACHED,
        object_id=card.provider_id,
        payload={"data": {"object": {"id": card.provider_id, "customer": None}}},
        received_at=NOON,
        next_attempt_at=NOON,
    )

    assert services.process_events(now=NOON, limit=10).done == 1

    assert usable(hold.user) == ["4242"]


def test_the_news_of_our_own_removal_is_news_of_nothing(hold):
    """Nothing is even asked: the guard is that it is no kept card's any more."""
    card = keep(hold.user)
    services.remove_card(card=card, now=NOON)

    with outage("before", "GET"):
        bring(DETACHED)

    assert StripeEvent.objects.get(type=DETACHED).processed_at
    card.refresh_from_db()
    assert (card.removed_at, card.lost_at) == (NOON, None)


def test_a_card_that_is_removed_while_its_loss_is_learned_stays_as_it_was(hold, card):
    services.remove_card(card=card, now=NOON)

    forgetting.forget_card(card=card.provider_id, now=LEASE_OVER)

    card.refresh_from_db()
    assert (card.removed_at, card.lost_at) == (NOON, None)
    assert card.forgotten_at


def test_a_card_that_was_removed_is_not_brought_back_by_old_news_of_it(hold):
    """The guard is the provider's name for it: each is kept once for good."""
    old = keep(hold.user)
    services.remove_card(card=old, now=NOON)
    again = keep(hold.user)
    known = {"id": old.provider_id, "fingerprint": old.fingerprint}
    printed = {"exp_month": old.exp_month, "exp_year": old.exp_year}

    keeping.keep_card(
        user=hold.user,
        card=CardDetails(brand="visa", last4="4242", **known, **printed),
        now=LEASE_OVER,
    )

    assert list(SavedCard.objects.filter(removed_at=None)) == [again]
