"""Kill -9 of the web over a request, and the app that sends the same one again."""

from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from inventory.models import Hold, HoldStatus
from tests import factories as make
from tests.crash.dying import assert_provider_and_books_agree, every_death
from tests.paying import assert_books_are_right, at_provider, held, token
from ticketapp.models import IdempotencyKey

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]


def two_minutes_pass() -> None:
    """Whoever died has no claim any more: on the key, and on the hold."""
    past = timezone.now() - timedelta(seconds=1)
    IdempotencyKey.objects.filter(response_status=None).update(lease_until=past)
    Hold.objects.filter(status=HoldStatus.PAYING).update(lease_until=past)


def test_a_request_that_died_is_sent_again_with_its_key_and_charged_once():
    send = hold = None
    soon = timezone.now() + timedelta(hours=8)

    def prepare():
        nonlocal send, hold
        tonight = make.event(starts_at=soon, sales_close_at=None)
        hold, card = held(event=tonight, now=timezone.now()), token()
        buyer, key = APIClient(), str(hold.pk)
        buyer.force_authenticate(hold.user)
        body = {"hold": str(hold.pk), "payment_method": card}

        def send():
            headers = {"Idempotency-Key": key}
            return buyer.post("/api/v1/orders", body, headers=headers)

        return send

    for at in every_death(prepare, at_least=16):
        two_minutes_pass()
        answer = send()
        assert (answer.status_code, answer.json()["status"]) == (201, "paid"), at
        assert send().json() == answer.json(), at
        hold.refresh_from_db()
        assert hold.status == HoldStatus.CONVERTED, at
        charges = [c for c in at_provider("charge") if c["status"] == "succeeded"]
        assert len(charges) == 1, at
        assert_books_are_right(timezone.now())
        assert_provider_and_books_agree()
