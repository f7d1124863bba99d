"""Whatever one thing is like, all others are compared and what was found is kept."""

from datetime import timedelta
from itertools import count

import pytest
from django.utils import timezone

from inventory.models import TicketStatus
from payments import services
from payments.models import Incident, Order, ReconcileRun, SandboxObject
from payments.services import reconciling
from payments.services.deadlines import Deadline
from tests.paying import answer_challenge, ask, challenge_url, paid
from tests.reconciling import challenged_tonight, differences
from ticketapp import audit

pytestmark = pytest.mark.django_db


def missed_success(tonight) -> Order:
    placed = challenged_tonight(tonight)
    answer_challenge(challenge_url(placed))
    return placed


def strangers_intent(**data) -> str:
    """Of another system on the same account, newer than all of ours."""
    _, made, _ = ask("POST", "/v1/payment_intents", {"amount": 900, "currency": "gbp"})
    stranger = SandboxObject.objects.get(pk=made["id"])
    stranger.data |= data
    stranger.save()
    return stranger.pk


@pytest.mark.parametrize(
    ("odd", "why"),
    [
        ({"status": "requires_capture"}, "'requires_capture' is not a valid"),
        ({"currency": None}, "AttributeError"),
    ],
)
def test_an_intent_that_makes_no_sense_is_for_a_person_and_the_rest_is_mended(
    tonight, odd, why
):
    placed = missed_success(tonight)
    stranger = strangers_intent(**odd)

    assert differences("--repair") == ["unreadable_intent", "missed_success"]

    placed.refresh_from_db()
    assert placed.status == "paid"
    told = Incident.objects.get(kind="reconcile")
    assert stranger in told.dedupe_key
    assert why in told.detail
    run = ReconcileRun.objects.get()
    assert (run.compared, run.repaired, run.problem) == (2, 1, "")


def test_a_check_that_fails_is_said_and_the_others_are_made(tonight, monkeypatch):
    broken = audit.Check(0, "All can be divided", "SELECT 1 / 0")
    monkeypatch.setitem(audit._checks, broken.promise, broken)
    placed = paid(now=timezone.now(), event=tonight)
    placed.lines.first().ticket.move_to(TicketStatus.RETURNED)

    assert "invariant_1" in differences()

    run = ReconcileRun.objects.get()
    assert run.problem == "Not checked (22012): All can be divided."
    assert run.finished_at


def test_checks_that_take_all_the_time_are_said_to_be_left_out(tonight, monkeypatch):
    first = audit.Check(0, "Nobody stops the clock", "SELECT 1")
    monkeypatch.setitem(audit._checks, first.promise, first)
    monkeypatch.setattr(reconciling, "ALL_CHECKS", timedelta(seconds=2))
    now = timezone.now()
    deadline = Deadline.after(timedelta(days=1), clock=count().__next__)

    run = services.reconcile(now=now, since=now, repair=False, deadline=deadline)

    assert [each["kind"] for each in run.differences] == ["invariant_0"]
    assert run.problem.startswith("No time was left to check: ")
    assert run.finished_at


@pytest.mark.parametrize("part", ["_compare_with_provider", "stuck_events"])
def test_a_bug_in_one_part_is_said_and_what_else_was_found_is_told(
    tonight, monkeypatch, part
):
    def bug(*args, **given):
        raise LookupError

    monkeypatch.setattr(reconciling, part, bug)
    placed = paid(now=timezone.now(), event=tonight)
    placed.lines.first().ticket.move_to(TicketStatus.RETURNED)

    run = services.reconcile_what_is_due(now=timezone.now())

    assert "LookupError" in run.problem
    assert "invariant_1" in {each["kind"] for each in run.differences}
    assert Incident.objects.filter(kind="reconcile").exists()
    again = services.reconcile_what_is_due(now=timezone.now())
    assert (again.as_of - again.since).days == 3
