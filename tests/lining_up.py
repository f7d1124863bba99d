"""How tests put people in line, and look at what became of them."""

from datetime import datetime, timedelta

from accounts.models import User
from inventory import services as inventory
from inventory.models import Hold, Ticket, TicketType, Waitlist, WaitlistEntry
from inventory.services import lines, matching, waitlist
from tests import factories as make
from tests.factories import NOON

EVENING = NOON + timedelta(hours=7)
LEASE = timedelta(minutes=2)


def priced(ticket_type: TicketType) -> TicketType:
    return TicketType.objects.with_terms().get(pk=ticket_type.pk)


def held(
    ticket_type: TicketType,
    quantity: int = 1,
    *,
    user: User | None = None,
    now: datetime = NOON,
) -> Hold:
    """Tickets taken the public way."""
    return inventory.hold_tickets(
        user=user or make.buyer(),
        ticket_type=priced(ticket_type),
        quantity=quantity,
        now=now,
    )


def join(
    ticket_type: TicketType, quantity: int = 1, *, user: User | None = None, **wish
) -> WaitlistEntry:
    """Somebody who wants to be told, until an hour before the start."""
    wish = {"ends_at": EVENING, "now": NOON} | wish
    return inventory.join_waitlist(
        user=user or make.buyer(),
        ticket_type=priced(ticket_type),
        quantity=quantity,
        **wish,
    )


def fresh(entry: WaitlistEntry) -> WaitlistEntry:
    return WaitlistEntry.objects.select_related("hold").get(pk=entry.pk)


def statuses(*entries: WaitlistEntry) -> list[str]:
    return [fresh(entry).status for entry in entries]


def take_out_the_waitlists_lock(monkeypatch) -> None:
    """What the race tests must not survive."""

    def unlocked(ticket_type_ids):
        return list(Waitlist.objects.filter(pk__in=set(ticket_type_ids)).order_by("pk"))

    for module in (lines, matching, waitlist):
        monkeypatch.setattr(module, "lock_waitlists", unlocked)


def free_one_pair(ticket_type, *, now=NOON) -> None:
    rivals = Hold.objects.live().filter(ticket_type=ticket_type, from_waitlist=False)
    inventory.release_hold(hold=rivals.first(), now=now)


def sell(hold, *, now=NOON) -> list[Ticket]:
    inventory.start_paying(hold=hold, now=now, lease=LEASE)
    return inventory.sell_held_tickets(hold=hold, now=now)
