"""An entry's way from the line to its tickets, or out. The waitlist is locked.

An offer is a hold made for an entry. Whoever ends it says what became of the
entry first, in the same transaction, and then frees the hold.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet

from events.models import Event, EventStatus
from inventory.models import (
    Hold,
    HoldStatus,
    Waitlist,
    WaitlistEntry,
    WaitlistEntryQuerySet,
    WaitlistReason,
    WaitlistStatus,
)
from inventory.notices import tell_of_end, tell_of_offer
from ticketapp.jobs import look_now

LAST_HOUR = timedelta(hours=1)
CLOSED_EVENT = (EventStatus.CANCELLED, EventStatus.FINISHED)
GONE_HOLD = (HoldStatus.EXPIRED, HoldStatus.RELEASED)

_jobs: set[str] = set()


def register_offer_job(task: str) -> None:
    """Have `task` look at once when tickets were set aside for a mandate.

    The app above that charges says so; its sweep finds the same offers later.
    """
    _jobs.add(task)


def offer_ends_at(entry: WaitlistEntry, event: Event, now: datetime) -> datetime:
    """Ten minutes, two in the last hour before the doors; a mandate's end is final."""
    doors_at = event.doors_at or event.starts_at
    window = settings.WAITLIST_OFFER_DURATION
    if doors_at and doors_at - now <= LAST_HOUR:
        window = settings.WAITLIST_OFFER_DURATION_AT_LEAST
    if event.sales_close_at:
        window = min(window, event.sales_close_at - now)
    ends_at = now + max(window, settings.WAITLIST_OFFER_DURATION_AT_LEAST)
    return min(ends_at, entry.ends_at) if entry.charges_card else ends_at


def offer(entry: WaitlistEntry, hold: Hold, *, now: datetime) -> None:
    """Tell the buyer, or whoever charges for them, that `hold` is theirs."""
    entry.move_to(
        WaitlistStatus.OFFERED,
        hold=hold,
        offered_at=now,
        charge_began_at=None,
        reason="",
    )
    if not entry.charges_card:
        tell_of_offer(entry, hold, now)
        return
    for job in sorted(_jobs):
        look_now(job)


def begin_charge(*, hold: Hold, now: datetime) -> bool:
    """From here on an offer that runs out is the card's fault, unless it is said.

    False when the offer is not open to a charge any more.
    """
    return bool(_offered(hold).filter(charges_card=True).update(charge_began_at=now))


def stop_charging(*, entry: WaitlistEntry) -> None:
    """Whatever comes of this entry, no charge begins any more."""
    WaitlistEntry.objects.filter(pk=entry.pk).live().update(charges_card=False)


def note_fault(*, hold: Hold, ours: bool) -> None:
    """Whether the latest try to pay for this offer failed through us.

    Such an offer keeps its place in line when it runs out.
    """
    if hold.from_waitlist:
        _offered(hold).update(reason=WaitlistReason.OUR_FAULT if ours else "")


def tell_instead(*, hold: Hold, now: datetime, why: str = "") -> None:
    """The mandate does not cover this offer: its buyer is told, and may buy by hand.

    `why` is a sentence for them, where they would not know it themselves.
    """
    charged = _offered(hold).filter(charges_card=True)
    if charged.update(charges_card=False, reason=""):
        entries = WaitlistEntry.objects.select_related("user", "ticket_type")
        tell_of_offer(entries.get(hold=hold), hold, now, why)


def pass_offer(*, hold: Hold, reason: str, now: datetime) -> bool:
    """End the entry that `hold` was made for; it does not return to the line.

    Said before the hold is freed. False when it is not an open offer.
    """
    bought = reason == WaitlistReason.BOUGHT_ANOTHER_WAY
    status = WaitlistStatus.ENDED if bought else WaitlistStatus.PASSED
    return bool(_offered(hold).update(status=status, reason=reason, closed_at=now))


def return_to_line(*, hold: Hold) -> bool:
    """Give the entry that `hold` was made for its old place back: our fault.

    Said before the hold is freed. False when it is not an open offer.
    """
    return bool(
        _offered(hold).update(
            status=WaitlistStatus.WAITING,
            reason=WaitlistReason.OUR_FAULT,
            hold=None,
            offered_at=None,
            charge_began_at=None,
        )
    )


def complete_offer(*, hold: Hold, now: datetime) -> bool:
    """The tickets of this offer are bought. False when it is not an open offer."""
    return bool(
        _offered(hold).update(status=WaitlistStatus.PURCHASED, closed_at=now, reason="")
    )


def close_ended_offers(waitlist: Waitlist, *, now: datetime) -> None:
    """Say what became of offers whose hold is gone, where nobody has said it yet.

    Some run out through us: nobody charged in time, the buyer tried to pay and the
    provider never answered, or the event is off sale. Else the buyer let it go,
    unless the event takes no buyers any more.
    """
    gone = Hold.objects.filter(
        status__in=GONE_HOLD,
        waitlist_entry__status=WaitlistStatus.OFFERED,
        waitlist_entry__ticket_type=waitlist.pk,
    )
    offers = gone.select_related("waitlist_entry__event", "waitlist_entry__ticket_type")
    for hold in offers.select_related("waitlist_entry__user"):
        entry, lapsed = hold.waitlist_entry, hold.status == HoldStatus.EXPIRED
        if entry.event.status in CLOSED_EVENT:
            end_entry(entry, WaitlistReason.EVENT_CLOSED, now=now)
        elif lapsed and _through_us(entry):
            return_to_line(hold=hold)
        elif lapsed:
            pass_offer(hold=hold, reason=WaitlistReason.OFFER_LAPSED, now=now)
        else:
            pass_offer(hold=hold, reason=WaitlistReason.OFFER_RELEASED, now=now)


def _through_us(entry: WaitlistEntry) -> bool:
    uncharged = entry.charges_card and not entry.charge_began_at
    off_sale = entry.event.status != EventStatus.PUBLISHED
    return uncharged or off_sale or entry.reason == WaitlistReason.OUR_FAULT


def end_entries(waitlist: Waitlist, *, now: datetime) -> None:
    """End what waits in vain, each with its reason."""
    waiting = WaitlistEntry.objects.waiting().filter(ticket_type=waitlist.pk)
    for reason, over in in_vain(waiting, now):
        for entry in over.select_related("user", "event", "ticket_type"):
            end_entry(entry, reason, now=now)


def in_vain(
    waiting: WaitlistEntryQuerySet, now: datetime
) -> Iterator[tuple[WaitlistReason, WaitlistEntryQuerySet]]:
    """The reasons to wait no longer, each with those of `waiting` that have it."""
    closed = waiting.filter(event__status__in=CLOSED_EVENT)
    yield WaitlistReason.BOUGHT_ANOTHER_WAY, waiting.bought_another_way()
    yield WaitlistReason.EVENT_CLOSED, closed
    yield WaitlistReason.PAST_ITS_TIME, waiting.past_their_time(now)
    yield WaitlistReason.TOO_MANY, waiting.too_large()


def end_entry(entry: WaitlistEntry, reason: str, *, now: datetime) -> None:
    entry.move_to(WaitlistStatus.ENDED, reason=reason, closed_at=now)
    if reason != WaitlistReason.BOUGHT_ANOTHER_WAY:
        tell_of_end(entry, now)


def _offered(hold: Hold) -> QuerySet[WaitlistEntry]:
    return WaitlistEntry.objects.filter(hold=hold, status=WaitlistStatus.OFFERED)
