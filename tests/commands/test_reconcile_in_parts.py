"""More payments than there is time for: each run ends, and the next goes on."""

from datetime import datetime, timedelta
from io import StringIO
from itertools import count

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from inventory.models import TicketStatus
from payments import services
from payments.gateways import stripe
from payments.gateways.sandbox.switches import outage
from payments.management.commands import reconcile as command
from payments.models import (
    Incident,
    Payment,
    PaymentAttempt,
    ReconcileRun,
    SandboxObject,
    StripeEvent,
)
from payments.services import comparing
from payments.services.deadlines import Deadline
from tests import factories as make
from tests.factories import NOON
from tests.paying import (
    answer_challenge,
    challenge_url,
    challenged,
    date_back,
    held,
    paid,
    strangers_intent,
)

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def short_pages(monkeypatch):
    for reader in (stripe, comparing):
        monkeypatch.setattr(reader, "PAGE", 5)


def within(seconds: int) -> Deadline:
    """By a clock on which each look at it takes a second."""
    return Deadline.after(timedelta(seconds=seconds), clock=count().__next__)


def sweep(*, seconds: int, begins: datetime = NOON) -> list[ReconcileRun]:
    """What the clock asks for every hour, until nothing is left."""
    runs: list[ReconcileRun] = []
    while not runs or runs[-1].left_before:
        assert len(runs) < 20, "It does not come to an end."
        now = begins + len(runs) * HOUR
        due = services.reconcile_what_is_due(now=now, deadline=within(seconds))
        runs.append(due)
    return runs


def strangers(days: range) -> list[str]:
    """One intent for each of so many days ago: each is a difference, and tells of
    itself whether it was compared."""
    return [strangers_intent(NOON - day * DAY) for day in days]


def told(run: ReconcileRun, kind: str = "unknown_intent") -> list[str]:
    return [each["subject"] for each in run.differences if each["kind"] == kind]


def on_the_list(kind: str) -> bool:
    open_ = Incident.objects.open().filter(kind="reconcile")
    return open_.filter(detail__startswith=kind).exists()


def begun(payment: Payment, at: datetime) -> Payment:
    """As if it had been made then, here and at the provider."""
    Payment.objects.filter(pk=payment.pk).update(created_at=at)
    PaymentAttempt.objects.filter(payment=payment).update(created_at=at)
    date_back(payment.intent_id, at)
    return payment


def missed_success(at: datetime) -> Payment:
    placed = challenged(held())
    answer_challenge(challenge_url(placed))
    return begun(placed.payments.get(), at)


# Going on


def test_parts_together_compare_every_intent_exactly_once():
    long_ago = strangers(range(4, 44))

    runs = sweep(seconds=12)

    assert len(runs) > 3
    assert [subject for run in runs for subject in told(run)] == long_ago
    assert sum(run.compared for run in runs) == 40


def test_with_time_enough_it_is_one_part():
    long_ago = strangers(range(4, 44))

    [run] = sweep(seconds=1000)

    assert told(run) == long_ago
    assert (run.problem, run.left_before) == ("", None)


def test_the_last_days_are_compared_each_hour_and_then_what_was_left():
    yesterday, long_ago = strangers(range(1, 2)), strangers(range(4, 24))

    runs = sweep(seconds=9)

    assert len(runs) > 2
    assert all(told(run)[:1] == yesterday for run in runs)
    assert [subject for run in runs for subject in told(run)[1:]] == long_ago


def test_last_days_that_take_all_the_time_leave_half_of_it_to_what_is_older():
    busy = [strangers_intent(NOON - n * HOUR) for n in range(60)]
    long_ago = strangers(range(4, 14))

    runs = sweep(seconds=10)

    assert {subject for run in runs for subject in told(run)} == {*busy, *long_ago}
    assert all("compared back to" in run.problem for run in runs)
    for run in runs[1:]:
        assert told(run)[:5] == busy[:5]


def test_what_was_left_of_the_last_days_is_not_compared_twice_in_one_run():
    everything = strangers(range(1, 21))
    services.reconcile_what_is_due(now=NOON, deadline=within(1))

    run = services.reconcile_what_is_due(now=NOON)

    assert told(run) == everything


def test_the_money_of_a_far_part_is_found_by_it_and_settled():
    strangers(range(4, 24))
    missed = missed_success(NOON - 30 * DAY)

    *before, last = sweep(seconds=9)

    assert all(told(run, "missed_success") == [] for run in before)
    assert told(last, "missed_success") == [missed.intent_id]
    missed.refresh_from_db()
    assert missed.status == "succeeded"


@pytest.mark.parametrize("seconds", [0, 1, 4])
def test_a_part_ends_between_two_seconds_however_little_time_there_is(seconds):
    at_once = {strangers_intent(NOON - 5 * DAY) for _ in range(7)}
    older = strangers(range(6, 9))

    first, *others = sweep(seconds=seconds)

    assert at_once <= set(told(first))
    assert len(told(first)) == 7 + max(seconds - 1, 0)
    rest = [subject for run in [first, *others] for subject in told(run)][7:]
    assert rest == older


def test_after_a_silence_it_goes_on_with_the_second_that_was_cut(short_pages):
    long_ago = strangers(range(4, 24))

    with outage("before", "GET /v1/payment_intents", skip=2):
        first = services.reconcile_what_is_due(now=NOON)
    second = services.reconcile_what_is_due(now=NOON + HOUR)

    assert "stopped answering" in first.problem
    assert told(first) == long_ago[:10]
    assert told(second) == long_ago[9:]
    assert (second.problem, second.left_before) == ("", None)


def test_a_silence_from_the_start_leaves_what_was_left():
    long_ago = strangers(range(4, 24))
    first = services.reconcile_what_is_due(now=NOON, deadline=within(9))
    with outage("before"):
        services.reconcile_what_is_due(now=NOON + HOUR)

    last = services.reconcile_what_is_due(now=NOON + 2 * HOUR)

    assert told(first) + told(last) == long_ago


# What is due


def earlier(hours: float, *, back: int = 130, left: float | None, **fields) -> None:
    """A run so many hours ago, which left what was begun so many days ago."""
    as_of = NOON - hours * HOUR
    fields = {"finished_at": as_of, "since": as_of - back * DAY} | fields
    before = None if left is None else NOON - left * DAY
    ReconcileRun.objects.create(as_of=as_of, left_before=before, **fields)


WHOLE, RECENT, REST = (130, [1, 20, 60]), (3, [1]), (130, [1, 60])


@pytest.mark.parametrize(
    ("earlier_runs", "due"),
    [
        ([], WHOLE),
        ([{"hours": 1, "left": None}], RECENT),
        ([{"hours": 1, "left": 50}], REST),
        ([{"hours": 2, "left": 10}, {"hours": 1, "left": 50}], REST),
        ([{"hours": 2, "left": 50}, {"hours": 1, "left": None}], RECENT),
        # A run of the last days says nothing of what is older.
        ([{"hours": 2, "left": 50}, {"hours": 1, "left": None, "back": 3}], REST),
        # What was left is too old by now.
        ([{"hours": 1, "left": 130}], RECENT),
        # It was killed, and what it found was told to nobody.
        ([{"hours": 1, "left": 50, "finished_at": None}], WHOLE),
        # Between then and the last days nobody may have looked.
        ([{"hours": 24, "left": 50}], WHOLE),
        ([{"hours": 24, "left": None}], WHOLE),
        # Made as if it were later.
        ([{"hours": -1, "left": 50}], WHOLE),
    ],
)
def test_what_is_due_is_told_by_the_runs_before(earlier_runs, due):
    days = {strangers_intent(NOON - day * DAY): day for day in (1, 20, 60)}
    for run in earlier_runs:
        earlier(**run)

    run = services.reconcile_what_is_due(now=NOON)

    back = (run.as_of - run.since).days
    assert (back, [days[subject] for subject in told(run)]) == due


def test_a_day_after_its_last_part_a_sweep_begins_anew():
    long_ago = strangers(range(4, 24))
    last = sweep(seconds=9)[-1]

    again = services.reconcile_what_is_due(now=last.as_of + DAY)

    assert told(again) == long_ago


# The rest of a run that was cut


def test_a_run_without_time_says_how_far_it_came_and_does_all_else():
    strangers(range(4, 24))
    placed = paid()
    begun(placed.payments.get(), NOON)
    placed.lines.first().ticket.move_to(TicketStatus.RETURNED)
    StripeEvent.objects.create(
        provider_id="evt_1", type="x", payload={}, received_at=NOON - 2 * HOUR
    )

    run = services.reconcile_what_is_due(now=NOON, deadline=within(3))

    assert run.finished_at
    assert run.left_before == NOON - 5 * DAY
    assert run.problem == (
        "Time was up: of what was begun since 2026-01-22, compared back to "
        "2026-05-27 12:00:00 UTC."
    )
    assert told(run, "stuck_event") == ["evt_1"]
    assert told(run, "invariant_1")


def test_operators_read_how_far_a_run_came(client):
    strangers(range(4, 24))
    run = services.reconcile_what_is_due(now=NOON, deadline=within(3))
    client.force_login(make.buyer(is_staff=True, is_superuser=True))

    listed = client.get(reverse("admin:payments_reconcilerun_changelist"))
    page = client.get(reverse("admin:payments_reconcilerun_change", args=[run.pk]))

    assert "compared back to 2026-05-26" in listed.content.decode()
    assert "26 May 2026, noon" in page.content.decode()


def test_the_command_without_time_for_all_says_so_and_fails(monkeypatch):
    begun(paid().payments.get(), NOON - DAY)
    begun(paid().payments.get(), NOON - 2 * DAY)
    arguments = ["--minutes=1", "--days=9", f"--at={NOON.isoformat()}"]
    monkeypatch.setattr(command, "monotonic", count(step=60).__next__)

    with pytest.raises(CommandError, match=r"^1 payments .* Time was up"):
        call_command("reconcile", *arguments)

    call_command("reconcile", *arguments[1:], stdout=StringIO())
    assert ReconcileRun.objects.latest("pk").compared == 2


# Staff's list


def other_amount(at: datetime) -> SandboxObject:
    """A difference that no flow mends; and then it is gone."""
    payment = begun(paid().payments.get(), at)
    intent = SandboxObject.objects.get(pk=payment.intent_id)
    put_amount(intent, 4900)
    return intent


def put_amount(intent: SandboxObject, amount: int) -> None:
    intent.data["amount_received"] = amount
    intent.save()


def test_what_another_part_looks_at_closes_nothing_of_this_one():
    mended = other_amount(NOON - 4 * DAY)
    strangers(range(5, 25))
    first = services.reconcile_what_is_due(now=NOON, deadline=within(6))
    assert on_the_list("amount_differs")
    put_amount(mended, 5000)

    others = sweep(seconds=9, begins=NOON + HOUR)

    assert first.left_before
    assert len(others) > 1
    assert on_the_list("amount_differs")
    services.reconcile_what_is_due(now=others[-1].as_of + DAY)
    assert not on_the_list("amount_differs")


def test_what_is_gone_is_closed_by_the_part_that_comes_to_it_and_not_before():
    mended = other_amount(NOON - 30 * DAY)
    services.reconcile_what_is_due(now=NOON - 2 * DAY)
    strangers(range(4, 24))
    put_amount(mended, 5000)

    services.reconcile_what_is_due(now=NOON, deadline=within(9))

    assert on_the_list("amount_differs")
    sweep(seconds=9, begins=NOON + HOUR)
    assert not on_the_list("amount_differs")


# What only we have


def only_here(at: datetime) -> str | None:
    payment = begun(paid().payments.get(), at)
    SandboxObject.objects.filter(pk=payment.intent_id).delete()
    return payment.intent_id


def test_what_only_we_have_is_found_by_the_part_that_read_the_list_there():
    strangers(range(4, 24))
    new, old = only_here(NOON - 5 * DAY - HOUR), only_here(NOON - 20 * DAY - HOUR)
    begun(paid().payments.get(), NOON - 30 * DAY)

    runs = sweep(seconds=9)

    missing = [told(run, "missing_at_provider") for run in runs]
    assert len(runs) > 2
    assert missing[0] == [new]
    assert [each for found in missing for each in found] == [new, old]


def test_what_a_silence_left_is_not_called_missing(short_pages):
    strangers(range(4, 24))
    begun(paid().payments.get(), NOON - 30 * DAY)
    new = only_here(NOON - 5 * DAY - HOUR)

    with outage("before", "GET /v1/payment_intents", skip=1):
        run = services.reconcile_what_is_due(now=NOON)

    assert told(run, "missing_at_provider") == [new]


@pytest.mark.parametrize(("tried_after", "missing"), [(9, False), (0, True)])
def test_an_intent_made_long_after_its_payment_is_not_missing_where_that_is(
    tried_after, missing
):
    """The provider was silent for days; the card was tried when it answered."""
    strangers(range(4, 24))
    begun(paid().payments.get(), NOON - 5 * DAY)
    first = services.reconcile_what_is_due(now=NOON, deadline=within(6))
    assert first.left_before == NOON - 9 * DAY
    Payment.objects.update(created_at=NOON - 14 * DAY)
    PaymentAttempt.objects.update(created_at=NOON - (14 - tried_after) * DAY)

    second = services.reconcile_what_is_due(now=NOON + HOUR)

    assert bool(told(second, "missing_at_provider")) == missing
