"""A second intent of one payment: it must not take money, nor be taken for the first.

It is left by a creation that was answered to nobody and asked for again when the
provider had forgotten the key.
"""

from datetime import timedelta

import pytest
from django.utils import timezone

from inventory import services as inventory
from payments import services
from payments.gateways import GatewayUnavailable
from payments.gateways.sandbox.switches import outage
from payments.models import (
    Incident,
    LedgerEntry,
    Order,
    Payment,
    PaymentStatus,
    ReconcileRun,
    SandboxKey,
    SandboxObject,
)
from payments.services import asking
from tests.paying import (
    answer_challenge,
    ask,
    at_provider,
    challenge_url,
    held,
    order,
    token,
)
from tests.reconciling import challenged_tonight, differences, paid_tonight, reconcile

pytestmark = pytest.mark.django_db


def given_up(tonight) -> Order:
    """Its intent is cancelled at the provider and here."""
    placed = challenged_tonight(tonight)
    payment = placed.payments.get()
    ask("POST", f"/v1/payment_intents/{payment.intent_id}/cancel")
    services.ask_about(payment=payment, now=timezone.now())
    return placed


def second_intent(placed: Order, **data) -> SandboxObject:
    """Another intent that says it is of the same payment."""
    payment = placed.payments.get()
    params = {
        "amount": payment.amount,
        "currency": "gbp",
        "metadata[payment]": str(payment.pk),
    }
    _, made, _ = ask("POST", "/v1/payment_intents", params)
    intent = SandboxObject.objects.get(pk=made["id"])
    intent.data |= data
    intent.save()
    return intent


@pytest.mark.parametrize("first", [paid_tonight, given_up])
def test_one_that_is_open_is_cancelled_and_the_first_is_left_alone(tonight, first):
    placed = first(tonight)
    second = second_intent(placed)
    before = Payment.objects.values().get()

    assert differences() == ["second_intent"]
    assert differences("--repair") == ["second_intent"]

    second.refresh_from_db()
    assert second.data["status"] == "canceled"
    assert ReconcileRun.objects.latest("pk").repaired == 1
    assert Payment.objects.values().get() == before
    assert differences() == []


@pytest.mark.parametrize("first", [paid_tonight, given_up])
def test_one_that_was_paid_is_for_a_person_and_buys_nothing(tonight, first):
    placed = first(tonight)
    booked = LedgerEntry.objects.count()
    second = second_intent(placed, status="succeeded", amount_received=5000)

    assert differences("--repair") == ["second_intent"]

    assert ReconcileRun.objects.get().repaired == 0
    told = Incident.objects.get(kind="reconcile").detail
    assert f"£50.00, succeeded, beside {placed.payments.get()}" in told
    assert LedgerEntry.objects.count() == booked
    assert second.pk != placed.payments.get().intent_id


def test_one_whose_money_went_back_is_no_difference(tonight):
    placed = paid_tonight(tonight)
    first = SandboxObject.objects.get(pk=placed.payments.get().intent_id)
    charge = SandboxObject.objects.get(pk=first.data["latest_charge"])
    charge.pk, charge.data = (
        "ch_again",
        charge.data
        | {
            "id": "ch_again",
            "amount_refunded": 5000,
        },
    )
    charge.save(force_insert=True)
    second_intent(
        placed, status="succeeded", amount_received=5000, latest_charge="ch_again"
    )

    assert differences() == []


def test_a_lost_reply_and_a_day_away_leave_no_intent_open(tonight):
    hold = held(event=tonight, now=timezone.now())
    with (
        outage("after", "POST /v1/payment_intents"),
        pytest.raises(GatewayUnavailable),
    ):
        order(hold, now=timezone.now(), payment_method=token())
    SandboxKey.objects.all().delete()  # As it forgets keys after a day.
    later = timezone.now() + timedelta(hours=25)
    inventory.release_expired_holds(now=later, limit=10)
    services.sweep_payments(now=later, limit=10)
    assert [each["status"] for each in at_provider("payment_intent")] == [
        "requires_payment_method",
        "canceled",
    ]

    assert differences("--repair", minutes=26 * 60) == ["second_intent"]

    assert {each["status"] for each in at_provider("payment_intent")} == {"canceled"}
    assert differences("--repair", minutes=26 * 60) == []


def test_what_the_ordinary_flow_did_not_mend_is_not_called_mended(tonight, monkeypatch):
    placed = challenged_tonight(tonight)
    answer_challenge(challenge_url(placed))
    monkeypatch.setattr(asking, "ask_about", lambda **asked: None)

    assert differences("--repair") == ["missed_success"]

    assert ReconcileRun.objects.get().repaired == 0
    assert placed.payments.get().status == PaymentStatus.REQUIRES_ACTION
    monkeypatch.undo()
    assert "did settle it" in reconcile("--repair")
