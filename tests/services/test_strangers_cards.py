"""A card that one buyer keeps is no other's to keep, whoever knows its name."""

import pytest

from payments import services
from payments.gateways import PaymentMethodRefused
from payments.models import CardSetup, CardSetupStatus, OrderStatus, SavedCard
from tests import factories as make
from tests.factories import NOON
from tests.keeping import keep, usable
from tests.paying import ask, assert_books_are_right, at_provider, charged, order, token
from tests.standing_orders import kept_card

pytestmark = pytest.mark.django_db


@pytest.fixture
def card(hold):
    """Kept by who holds tickets."""
    return keep(hold.user)


def test_another_s_card_cannot_be_kept_and_pays_for_its_owner_as_before(hold, card):
    stranger = make.buyer()

    with pytest.raises(PaymentMethodRefused) as refusal:
        services.set_up_card(user=stranger, payment_method=card.provider_id, now=NOON)

    assert refusal.value.action == "use_another_card"
    assert (usable(stranger), usable(hold.user)) == ([], ["4242"])
    assert order(hold, payment_method=str(card.pk)).status == OrderStatus.PAID
    assert charged() == [5000]
    assert_books_are_right()


def test_one_s_own_card_can_be_set_up_again(hold, card):
    setup = services.set_up_card(
        user=hold.user, payment_method=card.provider_id, now=NOON
    )

    assert setup.status == CardSetupStatus.SUCCEEDED
    assert services.card_kept_by(setup) == card.pk


def test_a_set_up_that_kept_nothing_has_failed(hold):
    """The guard is that the list is looked at again: the provider says that it went
    well, for the card that is in another buyer's list."""
    kept = kept_card(make.buyer())
    typed = token()
    SavedCard.objects.filter(pk=kept.pk).update(provider_id=typed)

    with pytest.raises(services.CardNotKept) as refusal:
        services.set_up_card(user=hold.user, payment_method=typed, now=NOON)

    assert refusal.value.details["decline_code"] == "payment_method_refused"
    assert CardSetup.objects.get().status == CardSetupStatus.FAILED
    assert SavedCard.objects.get(provider_id=typed) == kept
    assert usable(hold.user) == []


# The sandbox


def customer() -> str:
    return ask("POST", "/v1/customers", {"email": "b@example.com"})[1]["id"]


@pytest.mark.parametrize("how", ["attach", "setup_intents"])
def test_the_provider_attaches_no_card_of_another_customer(card, how):
    method = card.provider_id
    known = at_provider("payment_method")
    path, params = f"/v1/payment_methods/{method}/attach", {"customer": customer()}
    if how == "setup_intents":
        path = "/v1/setup_intents"
        params |= {"payment_method": method, "confirm": "true"}

    status, body, _ = ask("POST", path, params)

    assert (status, body["error"]["param"]) == (400, "payment_method")
    assert body["error"]["type"] == "invalid_request_error"
    assert at_provider("payment_method") == known
