import re
from datetime import timedelta
from html import unescape
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from inventory.models import Ticket, TicketStatus
from payments import services
from payments.gateways.sandbox import post
from payments.gateways.sandbox.switches import outage
from payments.models import (
    Dispute,
    Incident,
    LedgerEntry,
    Order,
    OrderStatus,
    Payment,
    PaymentStatus,
    ReconcileRun,
    Refund,
    SandboxObject,
    StripeEvent,
)
from payments.services import differences as house
from payments.services import reconciling
from tests import factories as make
from tests.paying import (
    DISPUTED,
    REFUND_PENDS,
    answer_challenge,
    ask,
    assert_books_are_right,
    at_provider,
    challenge_url,
    challenged,
    held,
    paid,
)
from ticketapp import audit

pytestmark = pytest.mark.django_db


def placed_now(tonight, **card) -> Order:
    return paid(*card.values(), now=timezone.now(), event=tonight)


def reconcile(*arguments: str, minutes: int = 10) -> str:
    out = StringIO()
    at = (timezone.now() + timedelta(minutes=minutes)).isoformat()
    call_command("reconcile", "--at", at, *arguments, stdout=out)
    return out.getvalue()


def differences(*arguments: str, minutes: int = 10) -> list[str]:
    """The kinds of difference found; the command fails if any is left."""
    try:
        reconcile(*arguments, minutes=minutes)
    except CommandError:
        assert Incident.objects.filter(kind="reconcile").exists()
    return [found["kind"] for found in ReconcileRun.objects.latest("pk").differences]


def test_when_all_agree_it_says_so(tonight):
    placed_now(tonight)

    told = reconcile()

    assert told == "1 payments compared, 0 differences, 0 left.\n"
    assert not Incident.objects.exists()


def test_money_we_never_heard_of_is_found_and_settled_by_the_ordinary_flow(tonight):
    placed = challenged(held(event=tonight, now=timezone.now()), now=timezone.now())
    answer_challenge(challenge_url(placed))

    with pytest.raises(CommandError, match="1 left"):
        reconcile()
    placed.refresh_from_db()
    assert placed.status == OrderStatus.PENDING
    assert "missed_success" in Incident.objects.get().detail
    told = reconcile("--repair")

    placed.refresh_from_db()
    assert "did settle it" in told
    assert placed.status == OrderStatus.PAID
    assert reconcile() == "1 payments compared, 0 differences, 0 left.\n"
    assert_books_are_right()


def test_an_intent_left_open_behind_a_closed_order_is_cancelled(tonight):
    placed = challenged(held(event=tonight, now=timezone.now()), now=timezone.now())
    Payment.objects.update(status=PaymentStatus.CANCELLED)
    placed.move_to(OrderStatus.CANCELLED, cancelled_at=timezone.now())

    assert differences("--repair") == ["intent_left_open"]

    assert at_provider("payment_intent")[0]["status"] == "canceled"


def test_an_intent_cancelled_at_the_provider_is_closed_here(tonight):
    placed = challenged(held(event=tonight, now=timezone.now()), now=timezone.now())
    intent_id = placed.payments.get().intent_id
    ask("POST", f"/v1/payment_intents/{intent_id}/cancel")

    assert differences("--repair") == ["missed_cancellation"]

    assert placed.payments.get().status == PaymentStatus.CANCELLED


def test_a_refund_and_a_dispute_we_never_heard_of_are_recorded(tonight):
    refunded, disputed = placed_now(tonight), placed_now(tonight, number=DISPUTED)
    intent_id = refunded.payments.get().intent_id
    ask("POST", "/v1/refunds", {"payment_intent": intent_id, "amount": 100})
    post.let_mature(now=timezone.now() + timedelta(minutes=1), limit=10)

    assert sorted(differences("--repair")) == ["disputes_differ", "refunds_differ"]

    assert Refund.objects.get().unallocated
    assert Dispute.objects.get().payment.order == disputed
    assert differences() == []


def slow_refund(tonight) -> Refund:
    """Paid back by us, and still on its way to the bank."""
    placed = placed_now(tonight, number=REFUND_PENDS)
    refund = services.refund_order(order=placed, by=None, now=timezone.now())
    services.pay_refunds(now=timezone.now(), limit=10)
    assert at_provider("refund")[0]["status"] == "pending"
    return refund


def test_a_slow_refund_that_came_through_without_our_hearing_it_is_booked(tonight):
    refund = slow_refund(tonight)
    assert differences() == []
    post.let_mature(now=timezone.now() + timedelta(minutes=1), limit=10)

    assert differences() == ["refunds_differ"]
    assert differences("--repair") == ["refunds_differ"]

    refund.refresh_from_db()
    assert refund.status == "succeeded"
    assert sum(LedgerEntry.objects.values_list("amount", flat=True)) == 0
    assert differences() == []


def test_a_slow_refund_that_the_provider_does_not_know_is_for_a_person(tonight):
    refund = slow_refund(tonight)
    SandboxObject.objects.filter(type="refund").delete()

    assert differences("--repair") == ["refunds_differ"]

    refund.refresh_from_db()
    assert refund.status == "pending"
    assert "unknown at the provider" in Incident.objects.get(kind="reconcile").detail


def test_a_refund_that_only_we_have_is_for_a_person_and_not_called_repaired(tonight):
    services.refund_order(order=placed_now(tonight), by=None, now=timezone.now())
    services.pay_refunds(now=timezone.now(), limit=10)
    SandboxObject.objects.filter(type="refund").delete()
    charge = SandboxObject.objects.get(type="charge")
    charge.data |= {"amount_refunded": 0, "refunded": False}
    charge.save()

    assert differences("--repair") == ["refunds_differ"]

    assert ReconcileRun.objects.latest("pk").repaired == 0
    assert "5000" in Incident.objects.get(kind="reconcile").detail.replace(".", "")


def test_what_is_paid_only_here_is_for_a_person_and_never_made_true(tonight):
    placed = challenged(held(event=tonight, now=timezone.now()), now=timezone.now())
    Payment.objects.update(status=PaymentStatus.SUCCEEDED, succeeded_at=timezone.now())

    found = differences("--repair")

    assert "paid_only_here" in found
    assert not LedgerEntry.objects.exists()
    placed.refresh_from_db()
    assert placed.status == OrderStatus.PENDING


def test_another_amount_in_the_ledger_is_for_a_person(tonight):
    placed = placed_now(tonight)
    payment = placed.payments.get()
    LedgerEntry.objects.create(
        order=placed,
        payment=payment,
        kind="capture",
        amount=1,
        currency="GBP",
        source="by hand",
    )

    assert "amount_differs" in differences("--repair")

    assert LedgerEntry.objects.count() == 2


def test_strangers_on_either_side_are_for_a_person(tonight):
    ask("POST", "/v1/payment_intents", {"amount": 5000, "currency": "gbp"})
    placed = placed_now(tonight)
    placed.payments.update(intent_id="pi_only_here")

    found = differences("--repair")

    assert sorted(found) == [
        "missing_at_provider",
        "second_intent",  # Of a payment that says it has another.
        "unknown_intent",
    ]


def forgotten_by_the_provider(tonight) -> Payment:
    placed = placed_now(tonight)
    SandboxObject.objects.all().delete()
    return placed.payments.get()


@pytest.mark.parametrize(("minutes", "found"), [(4, []), (6, ["missing_at_provider"])])
def test_what_is_made_while_the_list_is_read_is_not_missing_from_it(
    tonight, minutes, found
):
    forgotten_by_the_provider(tonight)

    assert differences(minutes=minutes) == found


@pytest.mark.parametrize(("minutes", "found"), [(4, []), (6, ["missing_at_provider"])])
def test_what_was_made_as_the_list_begins_may_be_before_it_by_the_providers_clock(
    tonight, minutes, found
):
    since = forgotten_by_the_provider(tonight).created_at - timedelta(minutes=minutes)

    run = services.reconcile(now=since + timedelta(hours=1), since=since, repair=False)

    assert [difference["kind"] for difference in run.differences] == found


def test_the_stock_and_the_gate_are_compared_with_what_was_sold(tonight):
    placed = placed_now(tonight)
    ticket = placed.lines.first().ticket
    Ticket.objects.filter(pk=ticket.pk).update(status=TicketStatus.RETURNED)

    assert "invariant_1" in differences("--repair")

    ticket.refresh_from_db()
    assert ticket.status == TicketStatus.RETURNED


def test_news_that_nobody_could_place_is_mentioned(tonight):
    StripeEvent.objects.create(
        provider_id="evt_1", type="refund.updated", object_id="re_1", payload={}
    )

    assert differences(minutes=120) == ["stuck_event"]


def test_a_payment_on_its_way_is_not_a_difference(tonight):
    now = timezone.now()
    answer_challenge(challenge_url(challenged(held(event=tonight, now=now), now=now)))
    assert differences(minutes=1) == []


def test_a_silent_provider_is_said_and_fails(tonight):
    placed_now(tonight)

    with outage("before"), pytest.raises(CommandError, match="stopped answering"):
        reconcile()

    assert ReconcileRun.objects.get().problem


def test_a_difference_that_is_still_there_comes_back_to_staff(tonight):
    ask("POST", "/v1/payment_intents", {"amount": 5000, "currency": "gbp"})
    differences()
    incident = Incident.objects.get()
    services.resolve_incident(incident=incident, now=timezone.now())

    differences()

    incident.refresh_from_db()
    assert incident.resolved_at is None
    assert Incident.objects.count() == 1


def test_what_cannot_be_compared_does_not_keep_the_rest_from_being_seen(tonight):
    given_up = challenged(held(event=tonight, now=timezone.now()), now=timezone.now())
    missed = challenged(held(event=tonight, now=timezone.now()), now=timezone.now())
    for placed in (given_up, missed):
        answer_challenge(challenge_url(placed))
    told = SandboxObject.objects.get(pk=given_up.payments.get().intent_id)
    told.data["amount_received"] = 0  # Which cannot be, and cannot be given back.
    told.save()

    assert sorted(differences("--repair")) == ["missed_success", "not_compared"]

    missed.refresh_from_db()
    assert missed.status == OrderStatus.PAID
    assert ReconcileRun.objects.get().finished_at


def test_payments_that_agree_are_not_asked_about_one_by_one(tonight):
    def questions() -> int:
        with CaptureQueriesContext(connection) as asked:
            reconcile()
        return sum('FROM "payments_payment"' in each["sql"] for each in asked)

    placed_now(tonight)
    for_one = questions()
    for _ in range(3):
        placed_now(tonight)

    assert questions() == for_one


def test_a_check_that_takes_too_long_is_said_and_the_others_are_made(
    tonight, monkeypatch
):
    sleepy = audit.Check(0, "Nobody sleeps", "SELECT pg_sleep(10)")
    monkeypatch.setitem(audit._checks, sleepy.promise, sleepy)
    monkeypatch.setattr(house, "SLOWEST_CHECK", timedelta(milliseconds=50))
    placed = placed_now(tonight)
    placed.lines.first().ticket.move_to(TicketStatus.RETURNED)

    assert "invariant_1" in differences()

    run = ReconcileRun.objects.get()
    assert run.problem == "Too slow to be checked: Nobody sleeps."
    assert run.finished_at


def test_the_clock_looks_far_back_once_a_day(tonight):
    now = timezone.now()

    def days_back(hours: int) -> int:
        at = now + timedelta(hours=hours)
        return (at - services.reconcile_what_is_due(now=at).since).days

    assert [days_back(hours) for hours in (0, 1, 23, 25)] == [130, 3, 3, 130]


def test_a_look_made_as_if_it_were_later_does_not_stand_for_todays(tonight):
    reconcile("--days", "3000", minutes=600_000)

    run = services.reconcile_what_is_due(now=timezone.now())

    assert (run.as_of - run.since).days == 130


def test_a_look_far_back_that_met_silence_is_made_again(tonight):
    now = timezone.now()
    with outage("before"):
        services.reconcile_what_is_due(now=now)

    again = services.reconcile_what_is_due(now=now + timedelta(hours=1))

    assert (again.as_of - again.since).days == 130


def test_of_very_many_differences_the_first_are_listed_and_all_counted(
    tonight, monkeypatch
):
    monkeypatch.setattr(reconciling, "MOST_KEPT", 2)
    for _ in range(3):
        ask("POST", "/v1/payment_intents", {"amount": 5000, "currency": "gbp"})

    assert differences() == ["unknown_intent"] * 2

    assert ReconcileRun.objects.get().found == 3
    assert Incident.objects.count() == 2


def test_the_sweep_command_moves_time(tonight):
    hold = held(event=tonight, now=timezone.now())
    placed = challenged(hold, now=timezone.now())
    out = StringIO()

    call_command("sweep_payments", "--at", hold.expires_at.isoformat(), stdout=out)

    placed.refresh_from_db()
    assert placed.status == OrderStatus.CANCELLED
    assert "1 payments asked about" in out.getvalue()


def test_operators_see_the_last_runs(client, tonight):
    ask("POST", "/v1/payment_intents", {"amount": 5000, "currency": "gbp"})
    differences()
    client.force_login(make.buyer(is_staff=True, is_superuser=True))
    run = ReconcileRun.objects.get()

    listed = client.get(reverse("admin:payments_reconcilerun_changelist"))
    page = client.get(reverse("admin:payments_reconcilerun_change", args=[run.pk]))

    assert listed.status_code == 200
    assert "unknown_intent" in page.content.decode()
    [address] = re.findall(r'href="([^"]+)">1 open</a>', page.content.decode())
    left = client.get(unescape(address)).content.decode()
    assert "none of our payments" in left
