"""A price that falls to nothing while the tickets are held is passed on: no card."""

import pytest
from django.utils import timezone

from inventory.models import Hold, PriceStep
from payments.models import Order, Payment
from payments.services import checkout
from tests.ordering import ORDERS, hold_for
from tests.paying import DECLINED, assert_books_are_right, at_provider, token
from tests.refusals import refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def hold(buyer) -> Hold:
    return hold_for(buyer, stock=2, unit_amount=2000)


def fall(hold, price=0) -> None:
    PriceStep.objects.create(
        ticket_type=hold.ticket_type, starts_at=timezone.now(), unit_amount=price
    )


def place(api, hold, **card):
    return api.post(ORDERS, {"hold": str(hold.pk)} | card)


def test_tickets_that_became_free_are_ordered_without_a_card(api, hold):
    fall(hold)

    answer = place(api, hold)

    body = answer.json()
    assert (answer.status_code, body["status"]) == (201, "paid")
    assert body["total"] == {"amount": 0, "currency": "GBP"}
    assert (body["payment"], len(body["tickets"])) == (None, 2)
    assert not Payment.objects.exists()
    assert at_provider("payment_intent") == []
    assert place(api, hold).json()["id"] == body["id"]
    assert_books_are_right(timezone.now())


def test_after_a_declined_card_they_are_ordered_without_one_too(api, hold):
    place(api, hold, payment_method=token(DECLINED))
    fall(hold)

    answer = place(api, hold)

    assert (answer.status_code, answer.json()["status"]) == (201, "paid")
    assert [i["status"] for i in at_provider("payment_intent")] == ["canceled"]
    assert [c["paid"] for c in at_provider("charge")] == [False]
    assert_books_are_right(timezone.now())


def test_with_a_card_nothing_is_charged_either(api, hold):
    fall(hold)

    answer = place(api, hold, payment_method=token())

    assert (answer.json()["status"], answer.json()["payment"]) == ("paid", None)
    assert at_provider("charge") == []
    assert_books_are_right(timezone.now())


def test_a_fall_to_anything_more_needs_a_card(api, hold):
    fall(hold, 100)

    refused(lambda: place(api, hold), 400, "payment_method_required")

    hold.refresh_from_db()
    assert (hold.status, hold.total_amount) == ("active", 4000)
    assert not Order.objects.exists()


def test_a_price_that_rises_again_at_the_last_moment_is_not_given_away(
    api, hold, monkeypatch
):
    """For an order that is there counts the price under its lock, not one before."""
    place(api, hold, payment_method=token(DECLINED))
    fall(hold)
    take_turn = checkout._take_turn

    def after_staff_raise_it(*given):
        PriceStep.objects.all().delete()
        return take_turn(*given)

    monkeypatch.setattr(checkout, "_take_turn", after_staff_raise_it)

    assert place(api, hold).json()["code"] == "payment_method_required"
    hold.refresh_from_db()
    assert (hold.status, Order.objects.get().status) == ("active", "pending")
    assert_books_are_right(timezone.now())
