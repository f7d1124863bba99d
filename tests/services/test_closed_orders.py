"""Who paid for an order that was closed is not told that nothing was charged."""

import pytest

from events import services as events
from inventory import services as inventory
from payments import services
from payments.gateways.stripe import StripeGateway
from payments.models import Order, OrderStatus, Refund
from payments.services import outcomes
from tests.factories import NOON
from tests.paying import assert_books_are_right, at_provider, held, order, paid, token

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def hold(monkeypatch):
    """Tickets whose event is cancelled while the card is being charged."""
    hold, confirm = held(), StripeGateway.confirm_intent

    def and_meanwhile(self, **asked):
        answer = confirm(self, **asked)
        events.cancel_event(event=hold.event)
        return answer

    monkeypatch.setattr(StripeGateway, "confirm_intent", and_meanwhile)
    return hold


def test_money_that_came_for_nothing_is_said_to_go_back(hold):
    with pytest.raises(services.OrderClosed) as told:
        order(hold)

    assert Refund.objects.get().amount == 5000
    assert "£50.00 goes back to your card" in str(told.value)
    assert "not been charged" not in str(told.value)
    assert told.value.details["charged"] is True
    assert_books_are_right()


def test_it_is_still_said_when_they_ask_again(hold):
    with pytest.raises(services.OrderClosed):
        order(hold)

    with pytest.raises(services.OrderClosed, match="goes back to your card"):
        services.pay_order(order=Order.objects.get(), payment_method=token(), now=NOON)


def test_an_order_that_was_never_paid_has_cost_nothing():
    placed = held()
    with pytest.raises(services.CardDeclined):
        order(placed, "4000000000000002")
    services.cancel_order(order=Order.objects.get(), now=NOON)

    with pytest.raises(services.OrderClosed, match="not been charged") as told:
        order(placed)

    assert told.value.details["charged"] is False


def test_an_order_that_others_paid_meanwhile_is_given():
    placed = paid()

    assert outcomes.overtaken(placed, now=NOON).status == OrderStatus.PAID


def test_a_turn_that_was_taken_away_meanwhile_is_not_called_a_closed_order(monkeypatch):
    held_tickets, create = held(), StripeGateway.create_intent

    def and_meanwhile(self, **asked):
        answer = create(self, **asked)
        inventory.pause_paying(hold=held_tickets, now=NOON)
        return answer

    monkeypatch.setattr(StripeGateway, "create_intent", and_meanwhile)

    with pytest.raises(services.PaymentInProgress):
        order(held_tickets)

    assert not at_provider("charge")


def test_money_that_goes_back_in_two_parts_is_said_to_go_back_as_one_sum(hold):
    with pytest.raises(services.OrderClosed):
        order(hold)
    whole = Refund.objects.get()
    Refund.objects.update(amount=4000)
    part = {"currency": whole.currency, "reason": whole.reason, "created_at": NOON}
    Refund.objects.create(payment=whole.payment, key="part", amount=1000, **part)

    assert "£50.00 goes back" in str(outcomes.closed(Order.objects.get(), now=NOON))


def test_money_that_could_not_go_back_is_not_said_to_be_on_its_way(hold):
    with pytest.raises(services.OrderClosed):
        order(hold)
    Refund.objects.update(status="failed")

    told = outcomes.closed(Order.objects.get(), now=NOON)

    assert "£50.00 should go back to you and has not reached your card" in str(told)
    assert (told.action, told.details["charged"]) == ("contact_support", True)


def test_no_price_is_told_of_an_event_that_is_off():
    placed = held()
    with pytest.raises(services.CardDeclined):
        order(placed, "4000000000000002")
    events.cancel_event(event=placed.event)
    services.cancel_order(order=Order.objects.get(), now=NOON)

    with pytest.raises(services.OrderClosed, match=r"again\.$") as told:
        order(placed)

    assert "total" not in told.value.details


def test_who_let_tickets_go_is_not_told_that_time_ran_out():
    waiting = held()
    inventory.release_hold(hold=waiting, now=NOON)
    waiting.refresh_from_db()

    with pytest.raises(inventory.HoldExpired, match="You let these tickets go"):
        order(waiting)
