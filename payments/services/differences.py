"""What can differ, and what our own rows say without asking the provider."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import DatabaseError, connection, transaction

from payments.models import StripeEvent
from payments.services.deadlines import Deadline
from ticketapp import audit

logger = logging.getLogger(__name__)
STAFF = "tell staff"
STUCK, BROKEN = "stuck_event", "invariant_"
STUCK_EVENT = timedelta(hours=1)
# Of one broken promise: who has more than that to do needs no list.
MOST_OF_A_KIND = 100
# Nobody waits for it, but nothing may run for ever either: each check, and all.
SLOWEST_CHECK = timedelta(minutes=1)
ALL_CHECKS = timedelta(minutes=15)
TOO_SLOW = "57014"


@dataclass
class Difference:
    """One thing that two of us see differently, and what is to be done.

    `about` tells apart what is broken in more than one way, `told` is whether staff
    have it on their list.
    """

    kind: str
    subject: str
    detail: str
    remedy: str = STAFF
    done: bool = False
    about: str = ""
    told: bool = False

    def __str__(self) -> str:
        told = self.told and self.remedy == STAFF
        state = "did" if self.done or told else "would"
        return f"{self.kind} {self.subject}: {self.detail} ({state} {self.remedy})"


def stuck_events(now: datetime) -> Iterator[Difference]:
    """News that nobody could place for an hour."""
    stuck = StripeEvent.objects.filter(
        processed_at=None, received_at__lte=now - STUCK_EVENT
    )
    for event in stuck.order_by("pk"):
        told = f"{event.type}: {event.error}"
        yield Difference(STUCK, event.provider_id, told)


def in_our_own_house(
    now: datetime, deadline: Deadline
) -> tuple[list[Difference], list[str]]:
    """The ledger against its orders, the stock and the gate against the lines.

    Gives what is broken, and which promises could not be checked, or not to the end.
    """
    broken, unchecked = [], []
    for check in audit.checks():
        if deadline.is_past():
            unchecked.append(f"No time was left to check: {check.promise}.")
            continue
        try:
            rows = _checked(check, now)
        except DatabaseError as error:
            unchecked.append(f"{_why_not(error)}: {check.promise}.")
        else:
            broken += [_broken(row) for row in rows]
            if len(rows) == MOST_OF_A_KIND:
                unchecked.append(f"Perhaps more of: {check.promise}.")
    return broken, unchecked


def _why_not(error: DatabaseError) -> str:
    code = getattr(error.__cause__, "pgcode", None)
    if code == TOO_SLOW:
        return "Too slow to be checked"
    logger.error("A check failed", exc_info=error)
    return f"Not checked ({code})"


@transaction.atomic
def _checked(check: audit.Check, now: datetime) -> list[audit.Finding]:
    """One check in a transaction of its own, so that none holds the others up."""
    with connection.cursor() as cursor:
        milliseconds = SLOWEST_CHECK // timedelta(milliseconds=1)
        cursor.execute("SET LOCAL statement_timeout = %s", [milliseconds])
    return audit.findings_of(check, now=now, most=MOST_OF_A_KIND)


def _broken(finding: audit.Finding) -> Difference:
    row = ", ".join(f"{name}={value}" for name, value in finding.row.items())
    subject = str(next(iter(finding.row.values()), ""))
    told = f"{finding.promise}: {row}"
    kind = f"{BROKEN}{finding.number}"
    return Difference(kind, subject, told, about=finding.promise)
