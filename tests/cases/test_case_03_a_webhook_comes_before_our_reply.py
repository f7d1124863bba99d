"""Case 3. A webhook comes before our own reply, even before our own commit.

The payment row exists before the provider is called, and the intent carries the
row's id; so an event about an intent whose id we do not know yet still finds its
payment. One that matches nothing is kept and tried again, and never dropped.

The guards are `webhooks._id_in` (the row's id in the intent's metadata) and
`webhooks._keep` (the mark stays null). Taken out, the news is lost.
"""

from datetime import timedelta

import pytest
from django.utils import timezone

from payments import services
from payments.gateways.sandbox.switches import Outage, outage, switched
from payments.models import LedgerEntry, Order, OrderStatus, StripeEvent
from payments.services import webhooks
from tests.paying import (
    ask,
    assert_books_are_right,
    at_provider,
    deliver,
    held,
    order,
    token,
)

pytestmark = pytest.mark.django_db


class BeforeTheReply(Outage):
    """Not an outage: something happens between the effect and the reply."""

    def __init__(self, call: str, happens) -> None:
        super().__init__("after", call)
        self.happens = happens

    def hits(self, call: str) -> bool:
        if self.call in call:
            self.happens()
        return False


def bring_the_news(now=None) -> None:
    deliver()
    services.process_events(now=now or timezone.now(), limit=100)


def test_case_03_the_webhook_settles_before_the_reply_arrives():
    hold = held()

    with switched(outages=[BeforeTheReply("/confirm", bring_the_news)]):
        placed = order(hold)

    assert placed.status == OrderStatus.PAID
    assert LedgerEntry.objects.count() == 1
    assert placed.lines.count() == 2
    assert_books_are_right()


def paid_before_its_id_was_committed() -> Order:
    """The reply to `create` is lost, and the intent is paid all the same."""
    cut = outage("after", "POST /v1/payment_intents", times=1)
    with cut, pytest.raises(Exception, match="not been charged"):
        order(held())
    [intent] = at_provider("payment_intent")
    params = {"payment_method": token()}
    ask("POST", f"/v1/payment_intents/{intent['id']}/confirm", params)
    bring_the_news()
    return Order.objects.get()


def test_case_03_an_intent_whose_id_we_never_learnt_finds_its_payment():
    placed = paid_before_its_id_was_committed()

    assert placed.status == OrderStatus.PAID
    assert_books_are_right()


def test_case_03_without_the_id_in_the_intent_it_does_not(monkeypatch):
    monkeypatch.setattr(webhooks, "_id_in", lambda subject, name: None)

    placed = paid_before_its_id_was_committed()

    assert placed.status == OrderStatus.PENDING
    event = StripeEvent.objects.get()
    assert event.processed_at is None
    assert event.error == "No payment here belongs to this yet."


def early_news_is_told_again() -> None:
    """The event of an intent that our commit has not reached yet."""
    placed = order(held())
    deliver()
    payment, intent_id = placed.payments.get(), placed.payments.get().intent_id
    StripeEvent.objects.update(object_id="pi_unknown", processed_at=None)
    event = StripeEvent.objects.get()
    event.payload["data"]["object"] |= {"id": "pi_unknown", "metadata": {}}
    event.save()
    services.process_events(now=timezone.now(), limit=10)
    event.refresh_from_db()
    assert (event.processed_at, event.attempts) == (None, 1)

    event.payload["data"]["object"]["id"] = event.object_id = intent_id
    event.save()
    services.process_events(now=timezone.now() + timedelta(minutes=1), limit=10)

    event.refresh_from_db()
    assert event.processed_at
    assert payment.order == placed


def test_case_03_what_matches_nothing_yet_is_kept_and_tried_again():
    early_news_is_told_again()


def test_case_03_without_keeping_it_the_news_is_lost(monkeypatch):
    def answer_fine_and_forget(event, error, now):
        StripeEvent.objects.filter(pk=event.pk).update(processed_at=now)

    monkeypatch.setattr(webhooks, "_keep", answer_fine_and_forget)

    with pytest.raises(AssertionError):
        early_news_is_told_again()
