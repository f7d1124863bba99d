"""Case 5. A double tap, two devices, a reply that was lost.

The same key gives the same answer; a buyer has one live hold per event, on whatever
device, and so one thing to pay for; two devices that pay for one hold charge once,
and the slower one is told so in plain words; a declined card never leaves a
second intent that could take money.

The guards: one live hold per buyer and event (`picking.PICK`), without which the other
device is not told of the hold that there is; the lease on the hold (`selling.START`,
which `inventory.start_paying` and the statement of a first order share), without which
the slower device meets a bug instead of an answer; the one open payment of an order
(the constraint `payments_payment_is_one_live_per_order`), which refuses a second
one whoever asks; and the key of the request (`idempotency.idempotent_flow`), which
is the account's own. Each is taken out below and must be missed.
"""

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from rest_framework.test import APIClient

from inventory import services as inventory
from inventory.models import Hold, HoldStatus, Ticket
from inventory.services import picking
from payments import services
from payments.models import Order, OrderStatus, Payment
from tests import factories as make
from tests.concurrency.racing import ROUNDS, breaks_within, race
from tests.crash.dying import assert_provider_and_books_agree
from tests.factories import NOON
from tests.paying import (
    DECLINED,
    assert_books_are_right,
    at_provider,
    challenged,
    held,
    order,
    token,
)
from ticketapp import idempotency

pytestmark = pytest.mark.django_db(transaction=True)
ONE_TAP = {"Idempotency-Key": "one tap"}


def charges() -> list[dict]:
    return [c for c in at_provider("charge") if c["status"] == "succeeded"]


def one_buyer_takes_tickets_on_two_devices() -> None:
    event, buyer = make.event(per_buyer_limit=9), make.buyer()
    rushes = [make.ticket_type(event=event, stock=4) for _ in range(2)]

    outcomes = race(
        partial(
            inventory.hold_tickets, user=buyer, ticket_type=rush, quantity=2, now=NOON
        )
        for rush in rushes
    )

    kinds = sorted(type(found).__name__ for found in outcomes)
    assert kinds == ["Hold", "HoldExists"], outcomes
    assert Hold.objects.live().filter(user=buyer).count() == 1
    assert Ticket.objects.filter(ticket_type__in=rushes, status="held").count() == 2
    assert_books_are_right()


def test_case_05_a_buyer_has_one_live_hold_per_event_on_all_devices():
    for _ in range(5):
        one_buyer_takes_tickets_on_two_devices()


def test_case_05_without_asking_for_a_live_hold_the_other_device_meets_a_bug(
    monkeypatch,
):
    asked = "(id IS NULL OR %(beside_a_live_hold)s)"
    for name in ("EAGER", "PATIENT"):
        statement = getattr(picking, name)
        assert statement.count(asked) == 1
        monkeypatch.setattr(picking, name, statement.replace(asked, "true"))

    with pytest.raises(AssertionError):
        one_buyer_takes_tickets_on_two_devices()


def two_devices_pay_for_one_hold() -> None:
    hold = held()
    pay = [partial(order, hold, payment_method=token()) for _ in range(2)]
    before = len(charges())

    outcomes = race(pay)

    paid = [found for found in outcomes if isinstance(found, Order)]
    refused = [found for found in outcomes if not isinstance(found, Order)]
    assert paid
    assert all(isinstance(r, services.PaymentInProgress) for r in refused), refused
    assert len(charges()) == before + 1
    assert Order.objects.get(hold=hold).status == OrderStatus.PAID
    assert_provider_and_books_agree()
    assert_books_are_right()


def test_case_05_two_devices_charge_once():
    for _ in range(5):
        two_devices_pay_for_one_hold()


def other_cards_on_four_devices_after_a_decline() -> None:
    hold, before = held(), len(charges())
    with pytest.raises(services.CardDeclined):
        order(hold, DECLINED)
    placed = Order.objects.get(hold=hold)

    outcomes = race(
        partial(services.pay_order, order=placed, payment_method=token(), now=NOON)
        for _ in range(4)
    )

    refused = [found for found in outcomes if not isinstance(found, Order)]
    assert all(isinstance(r, services.PaymentInProgress) for r in refused), refused
    assert len(charges()) == before + 1
    assert_books_are_right()


def test_case_05_two_devices_with_other_cards_after_a_decline_charge_once():
    for _ in range(3):
        other_cards_on_four_devices_after_a_decline()


def a_challenge_is_given_up_on_three_devices() -> None:
    placed, before = challenged(held()), len(charges())

    outcomes = race(
        partial(services.pay_order, order=placed, payment_method=token(), now=NOON)
        for _ in range(3)
    )

    kinds = (Order, services.PaymentInProgress)
    assert all(isinstance(found, kinds) for found in outcomes), outcomes
    assert len(charges()) == before + 1
    open_intents = {intent["status"] for intent in at_provider("payment_intent")}
    assert open_intents == {"canceled", "succeeded"}
    assert_books_are_right()


def test_case_05_giving_a_challenge_up_on_two_devices_charges_once():
    for _ in range(3):
        a_challenge_is_given_up_on_three_devices()


@pytest.mark.parametrize(
    "story",
    [
        two_devices_pay_for_one_hold,
        other_cards_on_four_devices_after_a_decline,
        a_challenge_is_given_up_on_three_devices,
    ],
    ids=lambda story: story.__name__,
)
def test_case_05_without_the_lease_the_slower_device_meets_a_bug(story, monkeypatch):
    def take_without_asking(*, hold, now, lease):
        Hold.objects.filter(pk=hold.pk, status=HoldStatus.ACTIVE).update(
            status=HoldStatus.PAYING, lease_until=now + lease
        )
        hold.refresh_from_db()
        return hold

    monkeypatch.setattr(inventory, "start_paying", take_without_asking)

    assert breaks_within(ROUNDS, story)


def a_second_payment_that_could_take_money() -> None:
    with pytest.raises(services.CardDeclined):
        order(held(), DECLINED)
    placed = Order.objects.get()

    with pytest.raises(IntegrityError), transaction.atomic():
        Payment.objects.create(order=placed, amount=5000, currency="GBP")

    assert placed.payments.count() == 1


def test_case_05_a_second_payment_that_could_take_money_is_refused():
    a_second_payment_that_could_take_money()
    assert_books_are_right()


@pytest.mark.django_db
def test_case_05_without_the_constraint_it_is_made():
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX payments_payment_is_one_live_per_order")

    with pytest.raises(pytest.fail.Exception):
        a_second_payment_that_could_take_money()


def fifty_replays_of_one_request(headers=ONE_TAP) -> None:
    before, now = len(charges()), timezone.now()
    tonight = make.event(starts_at=now + timedelta(hours=5), sales_close_at=None)
    hold = held(now=now, event=tonight)
    body = {"hold": str(hold.pk), "payment_method": token()}

    def send():
        client = APIClient()
        client.force_authenticate(hold.user)
        return client.post("/api/v1/orders", body, headers=headers)

    answers = [answer for _ in range(5) for answer in race([send] * 10)]

    told = {answer.status_code for answer in answers}
    assert told <= {201, 409}
    assert answers[-1].status_code == 201
    replayed = {a.json()["id"] for a in answers if a.status_code == 201}
    assert replayed == {str(Order.objects.get(hold=hold).pk)}
    assert {a.json()["code"] for a in answers if a.status_code == 409} <= {
        "request_in_progress"
    }
    assert len(charges()) == before + 1
    assert_books_are_right(now)


def test_case_05_fifty_replays_of_one_request_make_one_charge():
    fifty_replays_of_one_request()


def test_case_05_without_the_key_there_is_not_one_answer_for_all():
    """Still one charge: that is the lease's work."""
    assert breaks_within(ROUNDS, partial(fifty_replays_of_one_request, headers={}))

    paid = Order.objects.filter(status=OrderStatus.PAID).count()
    assert len(charges()) == paid == Order.objects.count()


def the_same_key_of_two_accounts() -> None:
    now = timezone.now()
    tonight = make.event(starts_at=now + timedelta(hours=5), sales_close_at=None)
    statuses = []

    for hold in [held(now=now, event=tonight) for _ in range(2)]:
        client = APIClient()
        client.force_authenticate(hold.user)
        body = {"hold": str(hold.pk), "payment_method": token()}
        answer = client.post("/api/v1/orders", body, headers=ONE_TAP)
        statuses.append(answer.status_code)

    assert statuses == [201, 201]
    assert len(charges()) == 2
    assert_books_are_right(now)


def test_case_05_the_same_key_of_two_accounts_is_two_keys():
    the_same_key_of_two_accounts()


def test_case_05_without_the_account_the_second_is_refused(monkeypatch):
    of = idempotency.Attempt.of

    def of_everybody(request):
        return replace(of(request), account="everybody")

    monkeypatch.setattr(idempotency.Attempt, "of", of_everybody)

    with pytest.raises(AssertionError):
        the_same_key_of_two_accounts()
