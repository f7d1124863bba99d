"""A bank renews a card that is kept, and the provider follows: so do we.

Otherwise a good card is refused on the day that its old one would have ended.
"""

import pytest
from django.utils import timezone

from payments import services
from payments.gateways import get_gateway
from payments.models import OrderStatus, SandboxEvent, StripeEvent
from tests.factories import NOON
from tests.keeping import MASTERCARD, detach, hear, keep, renew
from tests.paying import ask, assert_books_are_right, deliver, order, token

pytestmark = pytest.mark.django_db
OLD = {"exp_month": 1, "exp_year": 2020}
BY_ITSELF = "payment_method.automatically_updated"


@pytest.fixture
def card(hold):
    """Kept long ago, so that it would have expired since."""
    card = keep(hold.user)
    renew(card, **OLD)
    hear()
    SandboxEvent.objects.all().delete()
    StripeEvent.objects.all().delete()
    card.refresh_from_db()
    return card


def printed(card) -> tuple[str, int, int]:
    card.refresh_from_db()
    return card.last4, card.exp_month, card.exp_year


def test_a_card_that_the_bank_renewed_pays_on(hold, card):
    with pytest.raises(services.SavedCardGone):
        order(hold, payment_method=str(card.pk))
    renew(card, exp_month=5, exp_year=2038)

    hear()

    assert printed(card) == ("4242", 5, 2038)
    assert order(hold, payment_method=str(card.pk)).status == OrderStatus.PAID
    assert_books_are_right()


def test_a_card_with_a_new_number_is_shown_by_it_and_known_by_it(hold, card):
    renew(card, last4="1881", fingerprint="another", exp_month=5, exp_year=2038)

    hear()

    assert printed(card) == ("1881", 5, 2038)
    assert card.fingerprint == "another"
    again = keep(hold.user)  # The old number is another card now.
    assert again.pk != card.pk


def test_a_date_that_was_changed_in_the_dashboard_counts(hold, card):
    address = f"/v1/payment_methods/{card.provider_id}"
    params = {"card[exp_month]": "5", "card[exp_year]": "2038"}
    assert ask("POST", address, params)[0] == 200

    hear()

    assert printed(card) == ("4242", 5, 2038)


def test_the_same_news_again_and_that_of_other_cards_change_nothing(hold, card):
    other = keep(hold.user, MASTERCARD)
    renew(card, exp_year=2038)
    hear()
    SandboxEvent.objects.update(next_attempt_at=NOON, delivered_at=None)

    hear()

    assert printed(card) == ("4242", 1, 2038)
    assert printed(other) == ("4444", 12, 2034)


def test_how_a_card_was_renewed_is_asked_and_not_believed(card):
    renew(card, exp_year=2038)
    told = {"id": card.provider_id, "customer": None, "card": {"exp_year": 2099}}
    StripeEvent.objects.create(
        provider_id="evt_1",
        type=BY_ITSELF,
        object_id=card.provider_id,
        payload={"data": {"object": told}},
        received_at=NOON,
        next_attempt_at=NOON,
    )

    assert services.process_events(now=NOON, limit=10).done == 1

    assert printed(card) == ("4242", 1, 2038)
    assert not card.lost_at


def test_news_of_a_card_that_was_detached_since_does_not_renew_it(card):
    renew(card, exp_year=2038)
    detach(card)
    SandboxEvent.objects.exclude(type=BY_ITSELF).delete()

    hear()

    assert printed(card) == ("4242", 1, 2020)
    assert card.lost_at


def test_of_two_answers_the_older_does_not_undo_the_newer(card, monkeypatch):
    """The guard is what the row said before the provider was asked: without it the
    answer that was long on its way writes over what came meanwhile."""
    gateway = get_gateway()
    retrieve = gateway.retrieve_card
    renew(card, exp_year=2030)
    deliver()

    def slowly(**asked):
        monkeypatch.undo()
        answer = retrieve(**asked)
        renew(card, exp_year=2038)
        deliver()
        assert services.process_events(now=timezone.now(), limit=10).done == 1
        return answer

    monkeypatch.setattr(gateway, "retrieve_card", slowly)
    assert services.process_events(now=timezone.now(), limit=10).kept == 1

    assert printed(card) == ("4242", 1, 2038)
    hear()
    assert printed(card) == ("4242", 1, 2038)


# The sandbox


def update(method: str, **params):
    return ask("POST", f"/v1/payment_methods/{method}", params)


def test_the_provider_tells_what_was_printed_before(card):
    status, body, _ = update(card.provider_id, **{"card[exp_year]": "2038"})

    assert (status, body["card"]["exp_year"]) == (200, 2038)
    event = SandboxEvent.objects.get(type="payment_method.updated")
    assert event.payload["data"]["object"] == body
    assert event.payload["data"]["previous_attributes"] == {"card": {"exp_year": 2020}}


@pytest.mark.parametrize("params", [{"card[exp_year]": "2019"}, {"metadata[a]": "b"}])
def test_the_provider_takes_no_date_that_is_over_and_nothing_that_it_does_not_know(
    card, params
):
    assert update(card.provider_id, **params)[0] in (400, 402)
    assert not SandboxEvent.objects.exists()


def test_the_provider_updates_no_card_that_nobody_keeps():
    status, body, _ = update(token(), **{"card[exp_year]": "2038"})

    assert (status, body["error"]["type"]) == (400, "invalid_request_error")
