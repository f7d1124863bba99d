"""A bank that still thinks about a payment that is over here."""

import pytest
from django.utils import timezone

from inventory import services as inventory
from payments.gateways.sandbox.switches import switched
from payments.models import OrderStatus, Payment, PaymentAttempt
from tests.paying import at_provider, held, order
from tests.reconciling import differences

pytestmark = pytest.mark.django_db


@pytest.fixture
def thinking(tonight):
    now = timezone.now()
    with switched(processing=True):
        return order(held(event=tonight, now=now), now=now)


def test_while_the_buyer_waits_for_it_too_it_is_no_difference(thinking):
    assert differences("--repair") == []


def test_once_its_tickets_are_on_sale_again_it_is_for_a_person(thinking):
    Payment.objects.update(status="cancelled")
    PaymentAttempt.objects.update(status="abandoned")
    inventory.free_paying_hold(hold=thinking.hold, now=timezone.now())
    thinking.move_to(OrderStatus.CANCELLED, cancelled_at=timezone.now())

    assert differences("--repair") == ["processing_though_over"]

    assert at_provider("payment_intent")[0]["status"] == "processing"
    assert thinking.payments.get().status == "cancelled"
