"""A customer deleted in the provider's dashboard: their cards pay for nothing.

It is learned from the provider's definite no, or from its news; the cards are shown
as not usable, and the next need makes a new customer.
"""

from datetime import timedelta

import pytest

from inventory.models import HoldStatus
from payments import services
from payments.gateways import GatewayRefused, GatewayUnavailable, PaymentMethodRefused
from payments.gateways.sandbox.switches import outage
from payments.models import (
    CardSetup,
    Customer,
    Incident,
    OrderStatus,
    Payment,
    PaymentStatus,
    SandboxObject,
    SavedCard,
    StripeEvent,
)
from payments.services import cards, forgetting
from tests.factories import NOON
from tests.keeping import MASTERCARD, delete_customer, hear, keep, usable
from tests.paying import ask, assert_books_are_right, at_provider, charged, order

pytestmark = pytest.mark.django_db


@pytest.fixture
def card(hold):
    card = keep(hold.user)
    delete_customer(hold.user)
    return card


# Buying


def test_a_kept_card_of_a_deleted_customer_charges_nothing_and_says_what_to_do(
    hold, card
):
    with pytest.raises(services.CustomerForgotten) as refusal:
        order(hold, payment_method=str(card.pk))

    assert refusal.value.action == "use_another_card"
    assert "You have not been charged" in str(refusal.value)
    assert "Enter your card again" in str(refusal.value)
    hold.refresh_from_db()
    assert (hold.status, charged(), usable(hold.user)) == (HoldStatus.ACTIVE, [], [])
    assert Payment.objects.get().status == PaymentStatus.FAILED
    assert not Incident.objects.exists()
    assert_books_are_right()


def test_the_next_need_makes_a_new_customer(hold, card):
    """Without who is lost in the key of its creation, the deleted one is given."""
    with pytest.raises(services.CustomerForgotten):
        order(hold, payment_method=str(card.pk))

    placed = order(hold, MASTERCARD, save_card=True)

    assert placed.status == OrderStatus.PAID
    assert usable(hold.user) == ["4444"]
    assert len(at_provider("customer")) == 2
    assert SavedCard.objects.get(last4="4444").is_default
    assert_books_are_right()


def test_a_typed_card_that_should_be_kept_pays_at_the_second_try(hold, card):
    with pytest.raises(services.CustomerForgotten):
        order(hold, save_card=True)

    assert order(hold, save_card=True).status == OrderStatus.PAID
    assert charged() == [5000]
    assert_books_are_right()


def test_a_typed_card_that_is_not_kept_needs_no_customer(hold, card):
    assert order(hold).status == OrderStatus.PAID
    assert_books_are_right()


def test_a_customer_deleted_before_the_card_is_asked_is_learned_of_too(hold):
    kept = keep(hold.user)
    with outage("before", "/confirm"):
        order(hold, payment_method=str(kept.pk))
    delete_customer(hold.user)
    later = NOON + timedelta(seconds=121)

    with pytest.raises(services.CustomerForgotten):
        order(hold, payment_method=str(kept.pk), now=later)

    assert order(hold, now=later).status == OrderStatus.PAID
    assert (charged(), usable(hold.user)) == ([5000], [])
    assert_books_are_right(later)


def test_a_silence_while_it_is_learned_changes_nothing_and_the_next_try_learns(
    hold, card
):
    with outage("before", "GET /v1/customers"), pytest.raises(GatewayUnavailable):
        order(hold, payment_method=str(card.pk))
    assert usable(hold.user) == ["4242"]

    with pytest.raises(services.CustomerForgotten):
        order(hold, payment_method=str(card.pk))

    assert usable(hold.user) == []
    assert_books_are_right()


def test_a_customer_that_the_provider_never_had_is_for_staff_and_not_forgotten(hold):
    """Its key may be that of another account: without asking whether the customer was
    deleted, a wrong key would cost every buyer their cards."""
    card = keep(hold.user)
    SandboxObject.objects.filter(type="customer").delete()

    with pytest.raises(GatewayRefused):
        order(hold, payment_method=str(card.pk))

    assert usable(hold.user) == ["4242"]
    assert "another account" in Incident.objects.get().detail
    assert_books_are_right()


def test_a_typed_card_that_is_refused_asks_about_no_customer(hold, card):
    with outage("before", "GET"), pytest.raises(PaymentMethodRefused):
        order(hold, payment_method="pm_nobody_has")

    assert usable(hold.user) == ["4242"]
    assert_books_are_right()


# Keeping


def test_keeping_a_card_makes_a_new_customer_at_once(hold, card):
    keep(hold.user, MASTERCARD)

    assert usable(hold.user) == ["4444"]
    assert CardSetup.objects.filter(status="succeeded").count() == 2


def test_the_same_card_kept_again_takes_the_place_of_the_lost_one(hold, card):
    again = keep(hold.user)

    left = SavedCard.objects.filter(removed_at=None)
    assert [each.pk for each in left] == [again.pk]


def test_a_lost_card_is_shown_as_not_usable_until_its_owner_removes_it(api, buyer):
    card = keep(buyer)
    forgetting.forget(customer=delete_customer(buyer), now=NOON)

    [shown] = api.get("/api/v1/payment-methods").json()["results"]
    chosen = api.post(f"/api/v1/payment-methods/{card.pk}/default")

    assert (shown["usable"], shown["expired"], shown["is_default"]) == (False,) * 3
    assert (chosen.status_code, chosen.json()["code"]) == (409, "saved_card_gone")
    assert api.delete(f"/api/v1/payment-methods/{card.pk}").status_code == 204
    assert api.get("/api/v1/payment-methods").json()["results"] == []
    assert SavedCard.objects.get().forgotten_at


def test_removing_a_card_of_a_deleted_customer_learns_of_it(hold, card):
    other = SavedCard.objects.create(
        user=hold.user,
        provider_id="pm_2",
        brand="visa",
        last4="1881",
        exp_month=12,
        exp_year=2034,
        consented_at=NOON,
    )

    services.remove_card(card=card, now=NOON)

    other.refresh_from_db()
    assert other.lost_at
    assert SavedCard.objects.get(pk=card.pk).forgotten_at


def test_a_customer_that_the_provider_never_had_keeps_no_card_and_staff_know(hold):
    keep(hold.user)
    SandboxObject.objects.filter(type="customer").delete()

    with pytest.raises(GatewayRefused):
        keep(hold.user, MASTERCARD)

    assert usable(hold.user) == ["4242"]
    assert "another account" in Incident.objects.get().detail


# News


def test_the_news_that_a_customer_was_deleted_is_enough(hold, card):
    hear()

    assert usable(hold.user) == []
    with pytest.raises(services.SavedCardGone):
        order(hold, payment_method=str(card.pk))
    assert not Payment.objects.exists()


def test_late_news_of_a_deletion_leaves_the_new_customer_alone(hold, card):
    """The guard is that only the customer of that id is forgotten."""
    keep(hold.user, MASTERCARD)

    hear()

    assert usable(hold.user) == ["4444"]
    assert Customer.objects.get().provider_id == at_provider("customer")[1]["id"]


def test_who_was_forgotten_before_is_nobody_any_more(hold, card):
    old = Customer.objects.get().provider_id
    keep(hold.user, MASTERCARD)

    forgetting.forget(customer=old, now=NOON)

    assert usable(hold.user) == ["4444"]


def test_a_card_that_was_lost_or_removed_before_stays_so(hold):
    keep(hold.user)
    services.remove_card(card=keep(hold.user, MASTERCARD), now=NOON)
    forgetting.forget(customer=delete_customer(hold.user), now=NOON)
    keep(hold.user, MASTERCARD)
    later = NOON + timedelta(hours=1)

    forgetting.forget(customer=delete_customer(hold.user), now=later)

    cards_then = SavedCard.objects.order_by("created_at")
    lost_at = cards_then.values_list("lost_at", flat=True)
    assert list(lost_at) == [NOON, None, later]


def test_that_a_customer_was_deleted_is_asked_and_not_believed(hold):
    """The guard is the question: news may be old, or of another's making."""
    keep(hold.user)
    customer = Customer.objects.get().provider_id
    StripeEvent.objects.create(
        provider_id="evt_1",
        type="customer.deleted",
        object_id=customer,
        payload={"data": {"object": {"id": customer, "object": "customer"}}},
        received_at=NOON,
        next_attempt_at=NOON,
    )

    assert services.process_events(now=NOON, limit=10).done == 1

    assert usable(hold.user) == ["4242"]


def test_news_of_strangers_is_put_aside(hold):
    stranger = ask("POST", "/v1/customers", {"email": "stranger@example.com"})[1]
    ask("DELETE", f"/v1/customers/{stranger['id']}")

    with outage("before", "GET"):
        hear()

    assert StripeEvent.objects.filter(type="customer.deleted").exists()


def test_of_two_who_make_a_new_customer_at_once_both_have_the_same(hold, card):
    with pytest.raises(services.CustomerForgotten):
        order(hold, payment_method=str(card.pk))
    lost = Customer.objects.get().lost_id

    rival = cards._make_customer(hold.user, lost)
    first = cards.ensure_customer(hold.user)

    assert rival == first == cards._noted_customer(hold.user, "cus_rival", lost)
    assert Customer.objects.get().provider_id == first


def test_whoever_was_deleted_while_a_rival_made_them_is_not_brought_back(hold, card):
    forgetting.forget(customer=Customer.objects.get().provider_id, now=NOON)
    lost = Customer.objects.get().lost_id
    cards.ensure_customer(hold.user)
    gone = delete_customer(hold.user)
    forgetting.forget(customer=gone, now=NOON)

    cards._noted_customer(hold.user, gone, lost)

    assert Customer.objects.get().provider_id is None
