"""Money goes back from the sandbox, or is taken back by a bank."""

import pytest
from django.utils import timezone

from payments.gateways.sandbox import post
from payments.gateways.sandbox.switches import switched
from tests.paying import DISPUTED, REFUND_FAILS, REFUND_PENDS, ask, at_provider
from tests.sandbox import LATER, event_types, intent, paid

pytestmark = pytest.mark.django_db


# Refunds


def test_refunds_never_exceed_the_charge():
    done = paid()

    def refund(**params):
        return ask("POST", "/v1/refunds", {"payment_intent": done["id"], **params})

    part, above, rest, more = (
        refund(amount=2000),
        refund(amount=3001),
        refund(),
        refund(),
    )

    assert (part[0], rest[0]) == (200, 200)
    assert rest[1]["amount"] == 3000
    assert (above[0], above[1]["error"]["code"]) == (400, "amount_too_large")
    assert (more[0], more[1]["error"]["code"]) == (400, "charge_already_refunded")
    assert at_provider("charge")[0]["refunded"] is True


def test_an_unpaid_intent_is_not_refundable():
    assert ask("POST", "/v1/refunds", {"payment_intent": intent()["id"]})[0] == 400


def test_a_refund_can_fail_later():
    done = paid(REFUND_FAILS)
    ask("POST", "/v1/refunds", {"payment_intent": done["id"]})

    post.let_mature(now=timezone.now() + LATER, limit=10)

    [refund] = at_provider("refund")
    assert (refund["status"], at_provider("charge")[0]["amount_refunded"]) == (
        "failed",
        0,
    )
    # Both of the same moment, so in no order.
    assert sorted(event_types()[-2:]) == ["refund.failed", "refund.updated"]


def test_a_refund_can_take_its_time():
    done = paid(REFUND_PENDS)
    status = ask("POST", "/v1/refunds", {"payment_intent": done["id"]})[1]["status"]

    post.let_mature(now=timezone.now() + LATER, limit=10)

    assert (status, at_provider("refund")[0]["status"]) == ("pending", "succeeded")


def test_a_short_balance_refuses_refunds():
    done = paid()

    with switched(balance_is_short=True):
        status, body, _ = ask("POST", "/v1/refunds", {"payment_intent": done["id"]})

    assert (status, body["error"]["code"]) == (400, "balance_insufficient")
    assert not at_provider("refund")


# Disputes


@pytest.mark.parametrize(("word", "balance"), [("winning", 5000), ("losing", 0)])
def test_a_dispute_takes_the_money_until_it_is_won(word, balance):
    done = paid(DISPUTED)
    post.let_mature(now=timezone.now() + LATER, limit=10)
    [dispute] = at_provider("dispute")
    refund = ask("POST", "/v1/refunds", {"payment_intent": done["id"]})
    evidence = {"evidence[uncategorized_text]": f"{word}_evidence"}

    status, body, _ = ask("POST", f"/v1/disputes/{dispute['id']}", evidence)

    assert dispute["status"] == "needs_response"
    assert refund[1]["error"]["code"] == "charge_disputed"
    assert (status, body["status"]) == (200, "won" if balance else "lost")
    [available] = ask("GET", "/v1/balance")[1]["available"]
    assert available["amount"] == balance
