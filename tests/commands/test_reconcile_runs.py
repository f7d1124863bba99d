"""What a comparison says of itself, how far back it looks, and what it costs."""

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

from inventory.models import TicketStatus
from payments import services
from payments.gateways.sandbox.switches import outage
from payments.models import Incident, OrderStatus, ReconcileRun, SandboxObject
from payments.services import differences as house
from payments.services import reconciling
from tests import factories as make
from tests.paying import answer_challenge, ask, challenge_url, challenged, held
from tests.reconciling import challenged_tonight, differences, paid_tonight, reconcile
from ticketapp import audit

pytestmark = pytest.mark.django_db


def test_a_silent_provider_is_said_and_fails(tonight):
    paid_tonight(tonight)

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
    given_up = challenged_tonight(tonight)
    missed = challenged_tonight(tonight)
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

    paid_tonight(tonight)
    for_one = questions()
    for _ in range(3):
        paid_tonight(tonight)

    assert questions() == for_one


def test_a_check_that_takes_too_long_is_said_and_the_others_are_made(
    tonight, monkeypatch
):
    sleepy = audit.Check(0, "Nobody sleeps", "SELECT pg_sleep(10)")
    monkeypatch.setitem(audit._checks, sleepy.promise, sleepy)
    monkeypatch.setattr(house, "SLOWEST_CHECK", timedelta(milliseconds=50))
    placed = paid_tonight(tonight)
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
