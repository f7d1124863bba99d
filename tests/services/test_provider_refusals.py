"""The provider says no, for a reason that is not the card's; or says nothing."""

from datetime import timedelta

import pytest

from inventory import services as inventory
from inventory.models import HoldStatus
from payments import services
from payments.gateways import (
    AmountNotPayable,
    GatewayMisconfigured,
    GatewayRefused,
    GatewayUnavailable,
    get_gateway,
)
from payments.gateways.sandbox.switches import outage, refusing
from payments.models import (
    AttemptStatus,
    Incident,
    Order,
    OrderStatus,
    Payment,
    PaymentAttempt,
    PaymentStatus,
    SandboxKey,
)
from payments.services import cards
from tests import factories as make
from tests.factories import NOON
from tests.paying import (
    LEASE_OVER,
    ask,
    assert_books_are_right,
    at_provider,
    held,
    order,
)

pytestmark = pytest.mark.django_db
CREATE = "POST /v1/payment_intents"
NOT_LET_IN = [(401, GatewayMisconfigured), (403, GatewayMisconfigured)]
NO_ANSWER = [500, 502, 503, 409, 429]


def left_after(hold) -> tuple[str, int]:
    """What has become of the hold, and how much money moved."""
    hold.refresh_from_db()
    taken = sum(c["amount"] for c in at_provider("charge") if c["paid"])
    return hold.status, taken


# What may not be charged


@pytest.mark.parametrize(
    ("amount", "reason"),
    [(29, "amount_too_small"), (100_000_000, "amount_too_large")],
)
def test_an_amount_that_no_card_is_charged_is_refused_and_the_hold_stays(
    amount, reason
):
    hold = held(quantity=1, unit_amount=amount)

    with pytest.raises(AmountNotPayable) as refusal:
        order(hold)

    assert refusal.value.details == {"reason": reason}
    assert "You have not been charged" in str(refusal.value)
    assert left_after(hold) == (HoldStatus.ACTIVE, 0)
    assert Payment.objects.get().status == PaymentStatus.FAILED
    assert_books_are_right()


def test_a_price_that_cannot_be_charged_is_told_to_staff_once_for_its_ticket_type():
    hold = held(quantity=1, unit_amount=20)

    for _ in range(2):
        with pytest.raises(AmountNotPayable):
            order(hold)

    incident = Incident.objects.get()
    assert (incident.kind, incident.order) == ("provider_refuses", Order.objects.get())
    assert "does not take £0.20" in incident.detail


def test_each_try_after_a_refusal_has_a_key_of_its_own():
    hold = held()
    with (
        refusing(CREATE, 400, code="amount_too_small", times=1),
        pytest.raises(AmountNotPayable),
    ):
        order(hold)

    assert order(hold).status == OrderStatus.PAID
    keys = Payment.objects.order_by("created_at").values_list("key", "status")
    assert len({key for key, _ in keys}) == 2
    assert sorted(status for _, status in keys) == ["failed", "succeeded"]
    assert_books_are_right()


def test_an_order_that_was_refused_is_closed_when_its_hold_ends():
    hold = held(quantity=1, unit_amount=20)
    with pytest.raises(AmountNotPayable):
        order(hold)

    inventory.release_expired_holds(now=hold.expires_at, limit=10)
    swept = services.sweep_payments(now=hold.expires_at, limit=10)

    assert (swept.closed, swept.problems) == (1, [])
    assert_books_are_right(hold.expires_at)


def test_a_key_that_made_another_intent_is_given_up_for_a_new_one():
    hold = held()
    with (
        refusing(CREATE, 400, type_="idempotency_error", times=1),
        pytest.raises(GatewayRefused),
    ):
        order(hold)

    assert order(hold).status == OrderStatus.PAID
    assert left_after(hold)[1] == 5000
    assert_books_are_right()


# Our own keys


@pytest.mark.parametrize("call", [CREATE, "/confirm"])
@pytest.mark.parametrize(("status", "error"), NOT_LET_IN)
def test_keys_that_are_not_taken_cost_the_buyer_nothing_and_staff_are_told(
    call, status, error
):
    hold = held()

    with refusing(call, status), pytest.raises(error) as refusal:
        order(hold)

    assert "You have not been charged" in str(refusal.value)
    assert left_after(hold) == (HoldStatus.ACTIVE, 0)
    assert Incident.objects.get().kind == "not_let_in"
    assert order(hold).status == OrderStatus.PAID
    assert_books_are_right()


def test_an_account_that_may_not_charge_is_ours_to_mend_too():
    with (
        refusing(CREATE, 400, code="testmode_charges_only"),
        pytest.raises(GatewayMisconfigured),
    ):
        order(held())


def test_that_we_are_not_let_in_is_told_once_and_again_after_it_was_dealt_with():
    def sell():
        with refusing(CREATE, 401), pytest.raises(GatewayMisconfigured):
            order(held())

    sell()
    sell()
    services.resolve_incident(incident=Incident.objects.get(), now=NOON)
    sell()

    assert Incident.objects.get().resolved_at is None


# While the card is asked


def test_a_confirmation_that_is_refused_for_certain_charges_nothing():
    hold = held()

    with (
        refusing("/confirm", 404, code="resource_missing"),
        pytest.raises(GatewayRefused),
    ):
        order(hold)

    assert left_after(hold) == (HoldStatus.ACTIVE, 0)
    assert PaymentAttempt.objects.get().status == AttemptStatus.ABANDONED
    assert Payment.objects.get().status == PaymentStatus.CREATED
    assert order(hold).status == OrderStatus.PAID
    assert len(at_provider("payment_intent")) == 1
    assert_books_are_right()


def test_a_decline_that_does_not_show_the_intent_is_a_decline():
    hold = held()

    error = refusing("/confirm", 402, type_="card_error", code="expired_card")
    with error, pytest.raises(services.CardDeclined) as decline:
        order(hold)

    assert decline.value.details["decline_code"] == "expired_card"
    assert left_after(hold) == (HoldStatus.ACTIVE, 0)
    assert order(hold).status == OrderStatus.PAID


@pytest.mark.parametrize("status", NO_ANSWER)
def test_trouble_at_the_provider_before_the_card_is_asked_leaves_the_hold(status):
    hold = held()

    with refusing(CREATE, status), pytest.raises(GatewayUnavailable) as silence:
        order(hold)

    assert silence.value.code == "payment_unavailable"
    assert left_after(hold) == (HoldStatus.ACTIVE, 0)
    assert order(hold).status == OrderStatus.PAID
    assert_books_are_right()


@pytest.mark.parametrize(
    ("status", "type_", "code"),
    [
        *((status, "api_error", "") for status in NO_ANSWER),
        (409, "invalid_request_error", "lock_timeout"),
        (429, "invalid_request_error", "lock_timeout"),
        (400, "idempotency_error", ""),
    ],
)
def test_trouble_while_the_card_is_asked_keeps_the_hold_until_the_sweep_knows(
    status, type_, code
):
    hold = held()

    with refusing("/confirm", status, type_=type_, code=code):
        placed = order(hold)

    assert placed.status == OrderStatus.PENDING
    assert left_after(hold) == (HoldStatus.PAYING, 0)
    services.sweep_payments(now=LEASE_OVER, limit=10)
    assert left_after(hold) == (HoldStatus.ACTIVE, 0)
    assert order(hold, now=LEASE_OVER).status == OrderStatus.PAID
    assert_books_are_right(LEASE_OVER)


def test_an_address_that_changed_after_a_lost_answer_does_not_keep_a_card_away():
    user = make.buyer()
    with outage("after", "/v1/customers"), pytest.raises(GatewayUnavailable):
        cards.ensure_customer(user)
    user.email = "new@example.com"

    assert cards.ensure_customer(user).startswith("cus_")


def test_another_customer_is_not_named_on_an_intent_that_is_over():
    hold = held()
    with outage("before", "/confirm"):
        order(hold)
    [intent] = at_provider("payment_intent")
    ask("POST", f"/v1/payment_intents/{intent['id']}/cancel")

    get_gateway().set_intent_customer(intent_id=intent["id"], customer="cus_1")

    assert at_provider("payment_intent")[0]["customer"] is None


# A payment that the provider will not speak of


def test_a_payment_the_provider_refuses_to_cancel_keeps_its_tickets_and_is_flagged():
    hold = held()
    with outage("before", "/confirm"):
        order(hold)
    payment = Payment.objects.get()

    with refusing(payment.intent_id, 404, code="resource_missing"):
        first = services.sweep_payments(now=hold.expires_at, limit=10)
        soon = hold.expires_at + timedelta(minutes=5)
        second = services.sweep_payments(now=soon, limit=10)

    assert (first.asked, second.asked) == (1, 0)
    assert "resource_missing" in first.problems[0]
    assert left_after(hold) == (HoldStatus.PAYING, 0)
    payment.refresh_from_db()
    assert "resource_missing" in payment.flag
    assert Incident.objects.get().order == payment.order
    assert_books_are_right()


def test_a_payment_without_an_intent_that_can_have_none_is_over():
    """The reply to its creation was lost, and since then our keys are refused."""
    hold = held()
    with outage("after", CREATE), pytest.raises(GatewayUnavailable):
        order(hold)

    with refusing(CREATE, 401):
        services.cancel_order(order=Order.objects.get(), now=NOON)

    assert Payment.objects.get().status == PaymentStatus.FAILED
    assert left_after(hold) == (HoldStatus.RELEASED, 0)
    assert Order.objects.get().status == OrderStatus.CANCELLED
    assert_books_are_right()


@pytest.mark.parametrize("key_is_forgotten", [False, True])
def test_an_intent_that_was_made_all_the_same_is_found_and_cancelled(key_is_forgotten):
    """Its creation was answered to nobody, and then refused; keys last a day."""
    hold = held()
    with outage("after", CREATE), pytest.raises(GatewayUnavailable):
        order(hold)
    with refusing(CREATE, 401):
        services.cancel_order(order=Order.objects.get(), now=NOON)
    if key_is_forgotten:
        SandboxKey.objects.all().delete()

    later, day = NOON + timedelta(hours=1), timedelta(days=1)
    services.reconcile(now=later, since=NOON - day, repair=True)

    assert [i["status"] for i in at_provider("payment_intent")] == ["canceled"]
    assert_books_are_right()
