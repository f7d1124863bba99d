"""Staff's list says what is so: as it is now, and no more once it is mended."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from payments import services
from payments.gateways.sandbox import post
from payments.gateways.sandbox.switches import outage
from payments.models import Incident, Order, Refund, SandboxObject, StripeEvent
from payments.services import differences as house
from tests.paying import (
    DISPUTED,
    answer_challenge,
    ask,
    challenge_url,
)
from tests.reconciling import challenged_tonight, differences, paid_tonight
from ticketapp import audit

pytestmark = pytest.mark.django_db


def money_of_which_no_news_came(tonight):
    placed = challenged_tonight(tonight)
    answer_challenge(challenge_url(placed))


def a_refund_by_hand(tonight):
    payment = paid_tonight(tonight).payments.get()
    ask("POST", "/v1/refunds", {"payment_intent": payment.intent_id, "amount": 100})


def a_dispute(tonight):
    paid_tonight(tonight, DISPUTED)
    post.let_mature(now=timezone.now() + timedelta(minutes=1), limit=10)


def on_the_list() -> list[Incident]:
    return list(Incident.objects.open().filter(kind="reconcile"))


@pytest.mark.parametrize(
    "something", [money_of_which_no_news_came, a_refund_by_hand, a_dispute]
)
def test_what_a_run_has_mended_is_taken_off_the_list(tonight, something):
    something(tonight)
    differences()
    [told] = on_the_list()

    differences("--repair")

    assert on_the_list() == []
    told.refresh_from_db()
    assert "Closed by the comparison of" in told.detail


def test_the_command_says_that_staff_have_been_told(tonight):
    ask("POST", "/v1/payment_intents", {"amount": 5000, "currency": "gbp"})
    money_of_which_no_news_came(tonight)
    out, later = StringIO(), timezone.now() + timedelta(minutes=10)

    with pytest.raises(CommandError):
        call_command("reconcile", "--at", later.isoformat(), stdout=out)

    missed, unknown = out.getvalue().splitlines()
    assert missed.endswith("(would settle it)")
    assert unknown.endswith("(did tell staff)")


def test_what_a_sweep_has_mended_is_taken_off_by_the_next_run(tonight):
    money_of_which_no_news_came(tonight)
    differences()
    assert on_the_list()
    services.sweep_payments(now=timezone.now() + timedelta(minutes=3), limit=10)

    assert differences() == []

    assert on_the_list() == []


def test_what_a_run_did_not_look_at_stays_on_the_list(tonight):
    money_of_which_no_news_came(tonight)
    differences()
    now = timezone.now() + timedelta(minutes=11)

    services.reconcile(now=now, since=now, repair=False)
    with outage("before"):
        services.reconcile(now=now, since=now - timedelta(days=1), repair=False)

    assert len(on_the_list()) == 1


def test_news_that_was_placed_at_last_is_taken_off(tonight):
    news = StripeEvent.objects.create(
        provider_id="evt_1", type="refund.updated", object_id="re_1", payload={}
    )
    differences(minutes=120)
    assert on_the_list()
    StripeEvent.objects.filter(pk=news.pk).update(processed_at=timezone.now())

    differences(minutes=120)

    assert on_the_list() == []


def in_two_ways_broken(tonight) -> Order:
    placed = paid_tonight(tonight)
    Refund.objects.create(
        payment=placed.payments.get(), amount=1234, currency="GBP", reason="staff"
    )
    services.pay_refunds(now=timezone.now(), limit=10)
    Order.objects.update(status="paid")
    return placed


def test_two_promises_that_one_row_breaks_are_two_entries(tonight):
    placed = in_two_ways_broken(tonight)

    assert differences() == ["invariant_4", "invariant_4"]

    assert len(on_the_list()) == 2
    Order.objects.filter(pk=placed.pk).update(status="partly_refunded")
    differences()
    [left] = on_the_list()
    assert "What was kept of an order's money" in left.detail


def test_a_promise_that_was_not_checked_leaves_the_list_as_it_is(tonight, monkeypatch):
    placed = in_two_ways_broken(tonight)
    differences()
    broken = audit.Check(0, "All can be divided", "SELECT 1 / 0")
    monkeypatch.setitem(audit._checks, broken.promise, broken)
    Order.objects.filter(pk=placed.pk).update(status="partly_refunded")

    differences()

    assert len(on_the_list()) == 2


def test_a_promise_broken_more_often_than_is_listed_closes_nothing(
    tonight, monkeypatch
):
    in_two_ways_broken(tonight)
    differences()
    monkeypatch.setattr(house, "MOST_OF_A_KIND", 1)
    paid_tonight(tonight)
    Order.objects.update(status="refunded")

    differences()

    assert len(on_the_list()) >= 2


def test_what_has_become_worse_is_told_as_it_is_now(tonight):
    payment = paid_tonight(tonight).payments.get()
    intent = SandboxObject.objects.get(pk=payment.intent_id)
    for amount, told in ((4900, "£49.00"), (100, "£1.00")):
        intent.data |= {"amount": amount, "amount_received": amount}
        intent.save()
        differences()
        [listed] = on_the_list()
        assert listed.detail == (
            f"amount_differs: {told} at the provider, £50.00 in the ledger"
        )


def test_what_comes_back_after_it_was_closed_is_told_anew(tonight):
    money_of_which_no_news_came(tonight)
    differences()
    before = on_the_list()
    Incident.objects.update(resolved_at=timezone.now(), detail="Closed")

    differences()

    assert on_the_list() == before
    assert on_the_list()[0].detail.startswith("missed_success")
