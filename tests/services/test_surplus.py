"""Money on a payment that we had ended, heard of in every way."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from events.models import EventStatus
from inventory import services as inventory
from inventory.models import PriceStep
from notifications.models import Notification
from payments import services
from payments.gateways import GatewayRefused, GatewayUnavailable
from payments.gateways.sandbox.switches import outage, refusing
from payments.models import (
    Incident,
    LedgerEntry,
    Order,
    OrderStatus,
    Payment,
    Refund,
    StripeEvent,
)
from tests import beside
from tests.beside import (
    assert_gives_back_once,
    assert_sound,
    by_asking,
    by_webhook,
    take_by_hand,
)
from tests.factories import MINUTE, NOON
from tests.paying import (
    answer_challenge,
    at_provider,
    challenge_url,
    challenged,
    held,
    order,
    token,
)
from ticketapp import audit

pytestmark = pytest.mark.django_db
WAYS = [beside.by_webhook, beside.by_asking, beside.by_comparing]
STORIES = [beside.paid_with_another, beside.with_another_at_the_bank, beside.given_up]


def told(kind: str = "paid_too_late") -> list[str]:
    return list(Notification.objects.filter(kind=kind).values_list("body", flat=True))


# It goes back


@pytest.mark.parametrize("hear", WAYS)
@pytest.mark.parametrize("story", STORIES)
def test_it_goes_back_however_we_hear_of_it(story, hear):
    placed, first = story(held())
    was = placed.status

    hear(first)

    assert_gives_back_once(placed, first)
    assert placed.status == was
    assert len(told()) == 1
    assert Incident.objects.get(kind="surplus").order == placed
    assert_sound()


@pytest.mark.parametrize("lapsed", [False, True])
def test_a_sweep_that_took_the_payment_up_while_it_was_open_gives_it_back(lapsed):
    """It asks, or cancels at the end, and is told that the money came."""
    hold = held()
    placed = challenged(hold)
    first = placed.payments.get()

    def meanwhile():
        services.pay_order(order=placed, payment_method=token(), now=NOON)
        take_by_hand(first)

    now = hold.expires_at if lapsed else NOON + MINUTE
    with beside.before_the_provider_is_asked(meanwhile):
        assert services.sweep_payments(now=now, limit=10).problems == []

    assert_gives_back_once(placed, first)
    assert placed.status == OrderStatus.PAID
    assert_sound(now)


def test_the_second_payment_still_buys_the_tickets():
    placed, first = beside.with_another_at_the_bank(held())
    by_webhook(first)

    answer_challenge(challenge_url(placed))
    beside.hear()

    assert_gives_back_once(placed, first)
    assert placed.status == OrderStatus.PAID
    assert_sound()


def test_the_second_payment_whose_reply_was_lost_buys_them_too():
    placed, first = beside.with_another_unanswered(held())
    by_asking(first)

    services.sweep_payments(now=NOON + 3 * MINUTE, limit=10)

    assert_gives_back_once(placed, first)
    assert placed.status == OrderStatus.PAID
    assert_sound(NOON + 3 * MINUTE)


@pytest.mark.parametrize("status", [EventStatus.CANCELLED, EventStatus.POSTPONED])
def test_it_goes_back_where_the_event_is_off(status):
    placed, first = beside.abandoned(held())
    placed.event.move_to(status)

    by_webhook(first)

    assert_gives_back_once(placed, first)
    assert_sound()


@pytest.mark.parametrize("price", [1800, 0])
def test_it_goes_back_where_the_tickets_were_bought_for_less(price):
    hold = held(unit_amount=2500)
    placed, first = beside.abandoned(hold)
    PriceStep.objects.create(
        ticket_type=hold.ticket_type, starts_at=NOON, unit_amount=price
    )
    order(hold, now=NOON + MINUTE)

    by_webhook(first)

    assert_gives_back_once(placed, first)
    assert (placed.status, placed.amount) == (OrderStatus.PAID, 2 * price)
    assert_sound()


def test_an_old_price_is_not_paid_while_a_lower_one_is_asked():
    """The second payment never came to be, but the buyer was told the lower price."""
    hold = held(unit_amount=2500)
    placed, first = beside.abandoned(hold)
    PriceStep.objects.create(
        ticket_type=hold.ticket_type, starts_at=NOON, unit_amount=1800
    )
    with refusing("POST /v1/payment_intents", 400), pytest.raises(GatewayRefused):
        order(hold, now=NOON + MINUTE)

    by_webhook(first)

    assert_gives_back_once(placed, first)
    assert placed.status == OrderStatus.PENDING
    assert_sound()


def test_an_intent_that_was_refused_and_made_all_the_same_gives_back_too():
    hold = held()
    with outage("after", "POST /v1/payment_intents"), pytest.raises(GatewayUnavailable):
        order(hold)
    with refusing("POST /v1/payment_intents", 401):
        services.cancel_order(order=Order.objects.get(), now=NOON)
    failed = Payment.objects.get()
    assert (failed.status, failed.intent_id) == ("failed", None)
    [intent] = at_provider("payment_intent")

    beside.take_intent_by_hand(intent["id"])
    beside.compare(repair=True)

    assert_gives_back_once(failed.order, failed)
    assert_sound()


# It buys the tickets


@pytest.mark.parametrize("hear", WAYS)
def test_where_nothing_else_pays_and_the_hold_is_theirs_it_buys_the_tickets(hear):
    placed, first = beside.abandoned(held())

    hear(first)

    placed.refresh_from_db()
    first.refresh_from_db()
    assert (placed.status, first.surplus) == (OrderStatus.PAID, False)
    assert len(told("receipt")) == 1
    assert not Refund.objects.exists()
    assert_sound()


def test_where_the_hold_has_just_ended_it_is_late_money():
    hold = held()
    placed, first = beside.abandoned(hold)
    inventory.release_expired_holds(now=hold.expires_at, limit=10)
    take_by_hand(first)

    services.ask_about(payment=first, now=hold.expires_at)

    placed.refresh_from_db()
    assert placed.status == OrderStatus.PAID
    assert Incident.objects.get().kind == "late_honoured"
    assert_sound(hold.expires_at)


# Comparing


@pytest.mark.parametrize(
    ("story", "kind", "remedy"),
    [
        (beside.paid_with_another, "surplus_charge", "give it back"),
        (beside.abandoned, "missed_success", "settle it"),
    ],
)
def test_comparing_alone_says_what_would_be_done_and_does_nothing(story, kind, remedy):
    _, first = story(held())
    take_by_hand(first)
    entries = LedgerEntry.objects.count()

    run = beside.compare(repair=False)

    [found] = run.differences
    assert (found["kind"], found["remedy"], found["done"]) == (kind, remedy, False)
    assert LedgerEntry.objects.count() == entries
    assert not Refund.objects.exists()
    first.refresh_from_db()
    assert first.status == "cancelled"


def test_once_it_went_back_there_is_nothing_to_compare():
    placed, first = beside.paid_with_another(held())
    by_asking(first)
    assert_gives_back_once(placed, first)

    assert beside.compare(repair=False).differences == []


# What can never be false


def broken(now) -> list[str]:
    return [finding.promise for finding in audit.findings(now=now)]


def test_the_audit_finds_news_of_it_that_was_left_lying():
    _, first = beside.paid_with_another(held())
    by_webhook(first)
    Payment.objects.filter(pk=first.pk).update(status="cancelled", surplus=False)
    StripeEvent.objects.update(processed_at=None)
    hour = timezone.now() + timedelta(hours=1)

    told = "Money that came on a payment which had ended is in the ledger"
    assert not any(each.startswith(told) for each in broken(hour - MINUTE))
    assert any(each.startswith(told) for each in broken(hour + MINUTE))


def test_the_audit_finds_a_surplus_that_is_kept():
    _, first = beside.paid_with_another(held())
    by_asking(first)
    Refund.objects.update(amount=4999)

    [found] = broken(NOON)

    assert found.startswith("Surplus money goes back whole")


def test_a_surplus_has_come():
    _, first = beside.paid_with_another(held())

    with pytest.raises(IntegrityError, match="surplus_has_come"), transaction.atomic():
        Payment.objects.filter(pk=first.pk).update(surplus=True)
