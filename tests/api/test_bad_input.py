"""Everything that may not be asked for: a clear refusal, and nothing changes.

One list, from the outside: negative, zero, huge and fractional quantities, what is
somebody else's, other currencies, quotes that ran out; and in `test_bad_news` forged
and old signatures, events nobody knows, and those of the other mode. `refused`
compares every row of stock, money and news before and after, and ends with the audit.
"""

from datetime import timedelta

import pytest
from django.utils import timezone

from inventory.models import Hold, TicketType
from payments import services
from payments.models import Order, OrderStatus, Payment, Refund
from tests import factories as make
from tests.lining_up import held
from tests.paying import (
    ALWAYS_ASKS,
    DECLINED,
    answer_challenge,
    assert_books_are_right,
    at_provider,
    challenge_url,
    token,
)
from tests.refusals import refused
from tests.standing_orders import kept_card

pytestmark = pytest.mark.django_db
API = "/api/v1"
UNKNOWN = "5d0f8f6e-27a4-4a34-9c0b-0f4c2f1f9a11"


@pytest.fixture
def rush():
    return make.ticket_type(event=make.tonight(), stock=6)


@pytest.fixture
def hold(buyer, rush):
    return held(rush, 2, user=buyer, now=timezone.now())


@pytest.fixture
def foreign(rush):
    return held(rush, 2, now=timezone.now())


def paid(hold) -> Order:
    return services.place_order(
        user=hold.user, hold=hold, payment_method=token(), now=timezone.now()
    )


# Quantities

QUANTITIES = [-1, 0, 11, 2**31, 10**30, -(10**30), 1.5, 2.0, "2", "", True, None, [2]]


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_only_a_small_whole_number_of_tickets_is_held(api, rush, quantity):
    body = {"ticket_type": str(rush.pk), "quantity": quantity}

    refused(lambda: api.post(f"{API}/holds", body), 400, "invalid", field="quantity")


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_only_a_small_whole_number_of_tickets_is_waited_for(api, rush, quantity):
    held(rush, 6, now=timezone.now())
    body = {"ticket_type": str(rush.pk), "quantity": quantity}
    address = f"{API}/waitlist-entries"

    refused(lambda: api.post(address, body), 400, "invalid", field="quantity")


@pytest.mark.parametrize(
    "number", ["NaN", "Infinity", "1e999", "-1e400", "0x10", "2,5"]
)
def test_what_is_no_number_is_none(api, rush, number):
    body = f'{{"ticket_type": "{rush.pk}", "quantity": {number}}}'

    def send():
        return api.post(f"{API}/holds", body, content_type="application/json")

    answer = send()
    assert answer.json()["code"] in {"invalid", "parse_error"}
    refused(send, 400, answer.json()["code"])


@pytest.mark.parametrize("wanted", [UNKNOWN, "1", "", None, "' OR 1=1", ["a"]])
def test_a_ticket_type_that_nobody_knows_is_named(api, wanted):
    body = {"ticket_type": wanted, "quantity": 1}

    refused(lambda: api.post(f"{API}/holds", body), 400, "invalid", field="ticket_type")


# Somebody else's


def test_what_somebody_else_holds_can_neither_be_bought_nor_let_go(api, foreign):
    body = {"hold": str(foreign.pk), "payment_method": token()}
    address = f"{API}/holds/{foreign.pk}"

    refused(lambda: api.post(f"{API}/orders", body), 400, "invalid", field="hold")
    refused(lambda: api.delete(address), 404, "not_found")
    refused(lambda: api.get(address), 404, "not_found")


@pytest.mark.parametrize("act", ["pay", "cancel", "refund"])
def test_somebody_elses_order_is_not_there(api, foreign, act):
    with pytest.raises(services.CardDeclined):
        services.place_order(
            user=foreign.user,
            hold=foreign,
            payment_method=token(DECLINED),
            now=timezone.now(),
        )
    address = f"{API}/orders/{Order.objects.get().pk}"
    body = {"payment_method": token()}

    refused(lambda: api.post(f"{address}/{act}", body), 404, "not_found")
    refused(lambda: api.get(address), 404, "not_found")


def test_somebody_elses_tickets_are_not_there(api, foreign):
    ticket = paid(foreign).lines.first().ticket
    address = f"{API}/tickets/{ticket.pk}"

    refused(lambda: api.get(address), 404, "not_found")


def test_somebody_elses_card_pays_nothing_and_is_not_removed(api, hold):
    card = kept_card(make.buyer())
    body = {"hold": str(hold.pk), "payment_method": str(card.pk)}
    address = f"{API}/payment-methods/{card.pk}"

    refused(lambda: api.post(f"{API}/orders", body), 409, "saved_card_gone")
    refused(lambda: api.delete(address), 404, "not_found")


# Other currencies, and prices of one's own


def test_a_maximum_in_another_currency_is_refused(api, buyer, rush):
    held(rush, 6, now=timezone.now())
    body = {
        "ticket_type": str(rush.pk),
        "quantity": 2,
        "max_total": {"amount": 9000, "currency": "USD"},
        "payment_method": str(kept_card(buyer).pk),
        "consent_version": services.waiting.CURRENT,
    }

    refused(
        lambda: api.post(f"{API}/waitlist-entries", body),
        400,
        "invalid",
        field="max_total.currency",
    )


@pytest.mark.parametrize("amount", [-1, 1.5, 10**12, "5000", None])
def test_a_maximum_is_a_whole_number_of_minor_units(api, rush, amount):
    held(rush, 6, now=timezone.now())
    body = {
        "ticket_type": str(rush.pk),
        "quantity": 2,
        "max_total": {"amount": amount, "currency": "GBP"},
    }

    refused(
        lambda: api.post(f"{API}/waitlist-entries", body),
        400,
        "invalid",
        field="max_total.amount",
    )


def test_a_price_and_a_currency_of_the_buyers_own_are_not_listened_to(api, hold):
    own = {"amount": 1, "total": 1, "currency": "JPY", "quantity": 6, "user": "1"}
    body = {"hold": str(hold.pk), "payment_method": token()} | own

    answer = api.post(f"{API}/orders", body)

    assert answer.json()["total"] == {"amount": 5000, "currency": "GBP"}
    [charge] = at_provider("charge")
    assert (charge["amount"], charge["currency"]) == (5000, "gbp")
    assert_books_are_right(timezone.now())


def test_money_in_another_currency_than_was_asked_for_buys_nothing(hold):
    """Only a hand in the database or at the provider does this: it goes back."""
    now = timezone.now()
    placed = services.place_order(
        user=hold.user, hold=hold, payment_method=token(ALWAYS_ASKS), now=now
    )
    Payment.objects.update(currency="USD")
    answer_challenge(challenge_url(placed))

    services.ask_about(payment=Payment.objects.get(), now=now)

    placed.refresh_from_db()
    assert placed.status == OrderStatus.CANCELLED
    assert Refund.objects.get().reason == "mismatch"
    assert not rush_tickets(hold, "sold")


def rush_tickets(hold, status) -> int:
    return hold.ticket_type.tickets.filter(status=status).count()


# Quotes that ran out


def run_out(hold, **times) -> None:
    Hold.objects.filter(pk=hold.pk).update(
        expires_at=timezone.now() - timedelta(**times)
    )


@pytest.mark.parametrize("late", [{"seconds": 0}, {"minutes": 4}])
def test_a_quote_that_ran_out_is_refused_with_todays_price(api, hold, late):
    run_out(hold, **late)
    TicketType.objects.update(unit_amount=3000)
    body = {"hold": str(hold.pk), "payment_method": token()}

    problem = refused(lambda: api.post(f"{API}/orders", body), 409, "hold_expired")

    assert problem["meta"]["total"] == {"amount": 6000, "currency": "GBP"}
    assert problem["action"] == "choose_other_tickets"
    assert not at_provider("payment_intent")


def test_another_card_does_not_revive_a_quote_either(api, hold):
    body = {"hold": str(hold.pk), "payment_method": token(DECLINED)}
    order_id = api.post(f"{API}/orders", body).json()["meta"]["order"]
    run_out(hold, seconds=1)
    card = {"payment_method": token()}

    def send():
        return api.post(f"{API}/orders/{order_id}/pay", card)

    refused(send, 409, "hold_expired")
    assert [charge["paid"] for charge in at_provider("charge")] == [False]


# Cards that are none


@pytest.mark.parametrize(
    ("method", "code"),
    [
        ("pm_unknown", "payment_method_refused"),
        ("tok_visa", "payment_method_refused"),
        ("4242424242424242", "payment_method_refused"),
        ("", "invalid"),
        ("pm_\x00", "invalid"),
        ("pm_" + "x" * 300, "invalid"),
        ({"id": "pm_1"}, "invalid"),
        (["pm_1"], "invalid"),
        (True, "invalid"),
        (None, "payment_method_required"),
    ],
)
def test_what_is_no_card_pays_nothing(api, hold, method, code):
    body = {"hold": str(hold.pk), "payment_method": method}

    answer = api.post(f"{API}/orders", body)

    assert (answer.status_code, answer.json()["code"]) == (400, code)
    hold.refresh_from_db()
    assert hold.status == "active"
    assert not at_provider("charge")
    assert_books_are_right(timezone.now())


@pytest.mark.parametrize("body", ["", "[]", "null", '"hold"', "{", "{'hold': 1}", "1"])
def test_a_body_that_cannot_be_read_is_a_400(api, hold, body):
    def send():
        return api.post(f"{API}/orders", body, content_type="application/json")

    refused(send, 400, send().json()["code"])
