"""Ordering what one holds, over the API; and the webhooks that follow."""

from uuid import uuid4

import pytest
from django.utils import timezone

from payments import services
from payments.gateways.sandbox.switches import outage
from payments.models import Order, StripeEvent
from tests import factories as make
from tests.ordering import CARDS, ORDERS, hold_for, place
from tests.paying import (
    ALWAYS_ASKS,
    DECLINED,
    NO_FUNDS,
    VISA,
    answer_challenge,
    at_provider,
    deliver,
    token,
)

pytestmark = pytest.mark.django_db


# Ordering


def test_ordering_what_one_holds_gives_the_paid_order(api, hold):
    answer = place(api, hold)

    body = answer.json()
    assert answer.status_code == 201
    assert (body["status"], body["total"]) == (
        "paid",
        {"amount": 5300, "currency": "GBP"},
    )
    assert body["payment"] == {
        "status": "succeeded",
        "provider": "sandbox",
        "client_secret": None,
        "next_action": None,
        "decline": None,
    }
    assert len(body["tickets"]) == len(body["lines"]) == 2
    line = body["lines"][0]
    assert line["fee"] == {"amount": 150, "currency": "GBP", "name": "Booking fee"}
    assert line["total"] == {"amount": 2650, "currency": "GBP"}
    assert (body["quantity"], body["hold"]["status"]) == (2, "converted")
    assert body["event"]["venue"]["time_zone"] == "Europe/London"
    assert body["paid_at"].endswith("Z")


def test_tickets_and_holds_name_their_order(api, hold):
    body = place(api, hold).json()

    [ticket, _] = api.get("/api/v1/tickets").json()["results"]
    kept = api.get(f"/api/v1/holds/{hold.pk}").json()

    assert ticket["order"] == {"id": body["id"], "reference": body["reference"]}
    assert kept["order"] == body["id"]


def test_free_tickets_are_ordered_without_a_card(api, buyer, tonight):
    hold = hold_for(buyer, tonight, unit_amount=0)

    answer = api.post(ORDERS, {"hold": str(hold.pk)})

    assert answer.status_code == 201
    assert (answer.json()["status"], answer.json()["payment"]) == ("paid", None)


def test_a_decline_says_why_whether_money_moved_and_what_to_do(api, hold):
    answer = place(api, hold, NO_FUNDS)

    problem = answer.json()
    assert answer.status_code == 402
    assert answer["Content-Type"] == "application/problem+json"
    assert (problem["code"], problem["action"]) == ("card_declined", "use_another_card")
    assert problem["meta"] == {
        "order": str(Order.objects.get().pk),
        "decline_code": "insufficient_funds",
        "charged": False,
    }
    assert "not enough money" in problem["detail"]
    assert "You have not been charged." in problem["detail"]


def test_another_card_pays_a_declined_order(api, hold):
    order_id = place(api, hold, DECLINED).json()["meta"]["order"]
    pending = api.get(f"{ORDERS}/{order_id}").json()

    answer = api.post(f"{ORDERS}/{order_id}/pay", {"payment_method": token()})

    decline = pending["payment"]["decline"]
    assert (decline["code"], decline["charged"]) == ("generic_decline", False)
    assert decline["action"] == "use_another_card"
    assert pending["hold"]["status"] == "active"
    assert answer.status_code == 200
    assert answer.json()["status"] == "paid"
    assert answer.json()["payment"]["decline"] is None


def test_a_challenge_is_shown_answered_and_polled_for(api, hold):
    body = place(api, hold, ALWAYS_ASKS).json()
    action = body["payment"]["next_action"]
    assert (body["status"], body["payment"]["status"]) == ("pending", "requires_action")
    assert action["type"] == "redirect_to_url"
    assert action["url"].startswith("http://testserver/sandbox/3ds/pi_")
    assert body["payment"]["client_secret"].startswith("pi_")

    answer_challenge(action["url"])
    deliver()
    services.process_events(now=timezone.now(), limit=10)

    body = api.get(f"{ORDERS}/{body['id']}").json()
    assert (body["status"], body["payment"]["client_secret"]) == ("paid", None)


def test_silence_after_the_card_was_sent_is_told_as_processing(api, hold):
    with outage("after", "/confirm"):
        answer = place(api, hold)

    body = answer.json()
    assert answer.status_code == 201
    assert (body["status"], body["payment"]["status"]) == ("pending", "processing")


def test_silence_before_it_is_a_503_that_may_be_repeated(api, hold):
    body = {"hold": str(hold.pk), "payment_method": token()}
    key = {"Idempotency-Key": "once"}

    with outage("before", "POST /v1/payment_intents"):
        first = api.post(ORDERS, body, headers=key)
    second = api.post(ORDERS, body, headers=key)

    assert (first.status_code, first["Retry-After"]) == (503, "5")
    assert first.json()["code"] == "payment_unavailable"
    assert (second.status_code, second.json()["status"]) == (201, "paid")


def test_the_same_key_gives_the_same_answer_and_one_charge(api, hold):
    body = {"hold": str(hold.pk), "payment_method": token()}
    answers = [
        api.post(ORDERS, body, headers={"Idempotency-Key": "once"}) for _ in range(3)
    ]

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert answers[1]["Idempotent-Replayed"] == "true"
    assert len(at_provider("charge")) == 1


def test_a_card_number_is_never_taken_for_a_payment_method(api, hold):
    answer = api.post(ORDERS, {"hold": str(hold.pk), "payment_method": VISA})

    assert answer.status_code == 400
    assert not Order.objects.exists()
    assert VISA not in answer.content.decode()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "hold"),
        ({"hold": "nonsense"}, "hold"),
        ({"hold": str(uuid4()), "payment_method": "pm_1"}, "hold"),
        ({"hold": None}, "hold"),
        ({"save_card": "perhaps"}, "save_card"),
        ({"save_card": "true"}, "save_card"),
        ({"payment_method": 12.5, "save_card": 1}, "save_card"),
    ],
)
def test_bad_input_is_a_400_that_names_the_field(api, hold, body, field):
    full = {"hold": str(hold.pk), "payment_method": "pm_1"} | body
    answer = api.post(ORDERS, full if body else {})

    assert answer.status_code == 400
    assert field in {error["field"] for error in answer.json()["errors"]}
    assert not Order.objects.exists()


def test_a_card_is_asked_for_when_something_costs(api, hold):
    answer = api.post(ORDERS, {"hold": str(hold.pk)})

    assert answer.status_code == 400
    assert answer.json()["code"] == "payment_method_required"


def test_a_hold_of_somebody_else_cannot_be_ordered(api, tonight):
    foreign = hold_for(make.buyer(), tonight)

    answer = place(api, foreign)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "hold"
    assert not Order.objects.exists()


def test_orders_of_somebody_else_are_not_there(api, tonight):
    stranger = make.buyer()
    placed = services.place_order(
        user=stranger,
        hold=hold_for(stranger, tonight),
        payment_method=token(),
        now=timezone.now(),
    )
    address = f"{ORDERS}/{placed.pk}"

    assert api.get(address).status_code == 404
    assert api.post(f"{address}/cancel").status_code == 404
    assert api.post(f"{address}/pay", {"payment_method": "pm_1"}).status_code == 404
    assert api.get(ORDERS).json()["results"] == []


def test_without_signing_in_there_are_no_orders(anonymous):
    for answer in [
        anonymous.get(ORDERS),
        anonymous.post(ORDERS, {}),
        anonymous.get(CARDS),
    ]:
        assert answer.status_code == 401


def test_a_list_of_orders_takes_a_fixed_number_of_queries(
    api, buyer, django_assert_max_num_queries
):
    for _ in range(3):
        place(api, hold_for(buyer))

    with django_assert_max_num_queries(6):
        results = api.get(ORDERS).json()["results"]

    assert len(results) == 3


def test_an_unknown_query_parameter_is_refused(api):
    assert api.get(ORDERS, {"user": "1"}).status_code == 400


# Cancelling


def test_a_pending_order_can_be_cancelled(api, hold):
    order_id = place(api, hold, DECLINED).json()["meta"]["order"]

    answer = api.post(f"{ORDERS}/{order_id}/cancel")

    body = answer.json()
    assert (answer.status_code, body["status"]) == (200, "cancelled")
    assert body["hold"]["status"] == "released"


def test_a_paid_order_cannot(api, hold):
    order_id = place(api, hold).json()["id"]

    answer = api.post(f"{ORDERS}/{order_id}/cancel")

    assert (answer.status_code, answer.json()["code"]) == (409, "order_paid")


# Webhooks


def test_a_webhook_without_a_signature_is_a_400(anonymous):
    answer = anonymous.post("/api/v1/webhooks/stripe", {"id": "evt_1"})

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_signature")
    assert not StripeEvent.objects.exists()


def test_a_signed_webhook_is_taken(api, hold):
    place(api, hold)

    assert deliver() == 1

    assert StripeEvent.objects.get().type == "payment_intent.succeeded"
