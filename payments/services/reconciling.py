"""Comparing what the provider says with what we have: payments, refunds, disputes,
the ledger, the stock and the gate.

A repair is never more than asking the ordinary flows to look again: they settle,
cancel or record as they would have. Nothing here writes the ledger, moves money or
makes a ticket, so nothing is ever "fixed" upwards; what the flows cannot explain is
for a person, and becomes an incident.

However many payments there are, a run ends: it compares with the provider as far back
as there is time for, and the next one goes on from there.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta

from payments.gateways import (
    GatewayRefused,
    GatewayUnavailable,
    Intent,
    Unreadable,
)
from payments.models import Payment
from payments.models.news import ReconcileRun
from payments.services import comparing, staff_list
from payments.services.deadlines import NEVER, Deadline
from payments.services.differences import (
    ALL_CHECKS,
    BROKEN,
    STUCK,
    Difference,
    in_our_own_house,
    stuck_events,
)
from payments.services.errors import PaymentStuck
from payments.services.spans import Span

logger = logging.getLogger(__name__)
SHORT = timedelta(days=3)
# A charge can be disputed for four months.
LONG = timedelta(days=130)
EVERY_DAY = timedelta(days=1)
# Who has more than that to do needs no list.
MOST_KEPT = 1000
CLOSED = "The provider refuses to be asked: {reason}."
PROVIDER = "the comparison with the provider"
NEWS = "the look for news that nobody could place"
HOUSE = "the look at our own rows"
SILENT = "The provider stopped answering; the rest was not compared."
TIME_UP = (
    "Time was up: of what was begun since {since:%Y-%m-%d}, compared back to "
    "{reached:%Y-%m-%d %H:%M:%S} UTC."
)


@dataclass
class Findings:
    """What a run has come to so far; `seen` are the intents it has compared.

    `span` is what it compares last: where it `is_cut`, another can go on from there.
    """

    span: Span
    is_cut: bool = False
    differences: list[Difference] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    compared: int = 0
    seen: set[str] = field(default_factory=set)
    ended: set[str] = field(default_factory=set)

    def looked_at(self, kind: str, subject: str) -> bool:
        """Whether it would have found such a difference if there were one."""
        if kind == STUCK:
            return NEWS in self.ended
        return HOUSE in self.ended if kind.startswith(BROKEN) else subject in self.seen


def reconcile(
    *,
    now: datetime,
    since: datetime,
    repair: bool,
    left_before: datetime | None = None,
    deadline: Deadline = NEVER,
) -> ReconcileRun:
    """Compare everything begun since then, record the run, and tell staff.

    With `repair`, differences that an ordinary flow explains are given to it,
    and looked at again. A provider that stops answering, a `deadline` that is past,
    or a check that could not be made, is said in the run's `problem`; the rest is
    compared all the same. With `left_before`, only the last days are compared anew,
    and then what a run before this one has left.
    """
    run = ReconcileRun.objects.create(
        as_of=now, since=since, repairs=repair, started_at=now
    )
    found = Findings(Span(since, left_before or now, is_open=left_before is None))
    with _going_on_after(found, PROVIDER):
        _compare_with_provider(found, now, deadline, repair=repair)
    with _going_on_after(found, NEWS):
        found.differences += stuck_events(now)
    with _going_on_after(found, HOUSE):
        for_checks = Deadline.after(ALL_CHECKS, clock=deadline.clock)
        broken, problems = in_our_own_house(now, for_checks)
        found.differences += broken
        found.problems += problems
    return _finish(run, found, now)


@contextmanager
def _going_on_after(found: Findings, part: str) -> Iterator[None]:
    """What kept a part from its end is said; the others are done all the same."""
    said = len(found.problems)
    try:
        yield
        if len(found.problems) == said:
            found.ended.add(part)
    except GatewayUnavailable:
        found.is_cut = True
        found.problems.append(SILENT)
    except GatewayRefused as refusal:
        found.problems.append(CLOSED.format(reason=refusal.reason))
    except Exception as bug:
        logger.exception("A bug kept %s from its end", part)
        found.problems.append(f"A bug kept {part} from its end: {type(bug).__name__}.")


def reconcile_what_is_due(*, now: datetime, deadline: Deadline = NEVER) -> ReconcileRun:
    """What the clock asks for: the last days each time, and all of them once a day.

    Banks and staff touch payments months later; should the provider's news of that
    be lost, nothing else would ever look at them again. Where there is no time for
    all, the next runs go on with the rest; a day after that it begins anew.
    """
    far_back = ReconcileRun.objects.filter(
        as_of__gt=now - EVERY_DAY, as_of__lte=now, since__lte=now - LONG + EVERY_DAY
    )
    last = far_back.exclude(finished_at=None).order_by("as_of", "pk").last()
    left_before = last.left_before if last else None
    if last and (left_before is None or left_before <= now - LONG):
        return reconcile(now=now, since=now - SHORT, repair=True, deadline=deadline)
    return reconcile(
        now=now,
        since=now - LONG,
        repair=True,
        left_before=left_before,
        deadline=deadline,
    )


def _compare_with_provider(
    found: Findings, now: datetime, deadline: Deadline, *, repair: bool
) -> None:
    """The newest first; half of the time at least is for what was left."""
    if not found.span.is_open:
        last_days = Span(now - SHORT, now, is_open=True)
        _compare(found, last_days, now, deadline.half_way(), repair=repair)
        until = min(found.span.until, last_days.reached)
        found.span = Span(found.span.since, until)
    _compare(found, found.span, now, deadline, repair=repair)


def _compare(
    found: Findings, span: Span, now: datetime, deadline: Deadline, *, repair: bool
) -> None:
    listed: set[str] = set()
    try:
        for each, payment in span.walk(comparing.pairs(span), deadline):
            listed.add(each.intent.id)
            found.compared += 1
            _compare_one(found, each.intent, payment, now, repair=repair)
    finally:
        found.differences += comparing.only_here(listed, span)
    if not span.is_through:
        found.is_cut = True
        told = TIME_UP.format(since=span.since, reached=span.reached)
        found.problems.append(told)


def _compare_one(
    found: Findings,
    intent: Intent | Unreadable,
    payment: Payment | None,
    now: datetime,
    *,
    repair: bool,
) -> None:
    if isinstance(intent, Unreadable):
        odd = Difference("unreadable_intent", intent.id, intent.why)
        found.differences.append(odd)
        return
    try:
        found.differences += comparing.compared(intent, payment, now, repair=repair)
        found.seen.add(intent.id)
    except (GatewayRefused, PaymentStuck) as refusal:
        told = f"the provider refuses to show it: {refusal.details['reason']}"
        found.differences.append(Difference("not_compared", intent.id, told))
    except GatewayUnavailable:
        raise
    except Exception as bug:
        # What we cannot make sense of must not keep the rest from being seen.
        logger.exception("Intent %s could not be compared", intent.id)
        told = f"{type(bug).__name__}: {bug}"
        found.differences.append(Difference("not_compared", intent.id, told))


def _finish(run: ReconcileRun, found: Findings, now: datetime) -> ReconcileRun:
    left = [difference for difference in found.differences if not difference.done]
    for difference in left[:MOST_KEPT]:
        staff_list.tell(difference)
    staff_list.close_the_others(left=left, looked_at=found.looked_at, now=now)
    run.compared, run.problem = found.compared, " ".join(found.problems)[:1000]
    run.found = len(found.differences)
    run.repaired = run.found - len(left)
    run.differences = [asdict(each) for each in found.differences[:MOST_KEPT]]
    if found.is_cut and not found.span.is_through:
        run.left_before = found.span.reached
    run.finished_at = now
    run.save()
    return run
