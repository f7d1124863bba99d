"""Freed tickets go to those who wait for them, before anybody else sees them.

Lock order: caps of the event, ticket type (where it is needed at all), waitlist of
the type, hold, tickets. Whatever puts tickets back on sale does so inside `freeing`,
what makes tickets fit that did not inside `letting_more_fit`, and whoever takes
tickets of a type that people wait for asks `serve_waitlist` first.

Types that share a cap share the room under it, so the lines of the others are looked
at last, as far as nobody is at work on them.

The key of (buyer, event) comes before all of these. Who matches needs the keys of
those in the line, but has the waitlist by then, so it only ever tries: a buyer
who is at work on this very event keeps their place, and as many tickets as they
want count as spoken for until the next look, which follows at once. So it is with
a hold of theirs that has lapsed and is not swept yet: to end it, its line and its
tickets would have to be locked before.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q

from inventory.models import (
    Ticket,
    TicketStatus,
    TicketType,
    Waitlist,
    WaitlistEntry,
    WaitlistReason,
    WaitlistStatus,
)
from inventory.pricing import Quote, quote
from inventory.room import ROOM
from inventory.services.lines import (
    lines_about,
    lock_caps,
    lock_types,
    lock_waitlists,
    try_lines,
)
from inventory.services.offers import (
    GONE_HOLD,
    close_ended_offers,
    end_entries,
    end_entry,
    in_vain,
    offer,
    offer_ends_at,
)
from inventory.services.overbooking import lock_overrides, present_of, withdraw_excess
from inventory.services.picking import (
    Pick,
    keep_pick,
    pick_tickets,
    share_caps,
    turn_of,
    undo_pick,
)
from ticketapp.jobs import look_now

PAGE = 100
# Whoever frees tickets waits for this many offers and no more: a second or so.
MOST_AT_ONCE = 100
# Who stops waiting sooner than this is not bothered any more.
SHORTEST = timedelta(minutes=1)
JOB = "inventory.tasks.match_waitlists"
ENDS_LAPSED = "inventory.tasks.release_expired_holds"

# Without a shared cap its room is null, which `least` passes over.
LEFT = f"""
SELECT greatest(0, least({ROOM.format(type="%(ticket_type)s")} - %(spoken_for)s, (
           SELECT count(*) FROM inventory_ticket
            WHERE ticket_type_id = %(ticket_type)s AND status = 'available')))
"""
# Tried, not waited for: whoever has it may be waiting for the waitlist.
TRY_TURN = "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))"


@dataclass(slots=True)
class Look:
    """What a look at the line came to: who was served, and how many tickets are
    left for anybody. Not `settled`: somebody could not be looked at.
    """

    left: int
    offers: list[WaitlistEntry] = field(default_factory=list)
    spoken_for: int = 0
    settled: bool = True

    def speak_for(self, entry: WaitlistEntry) -> None:
        """Keep the tickets of somebody who cannot be served this instant."""
        self.left -= entry.quantity
        self.spoken_for += entry.quantity
        self.settled = False

    def stop(self) -> None:
        """Leave the rest of the line to the next look; what is left is theirs."""
        self.spoken_for += self.left
        self.left = 0
        self.settled = False


@dataclass(slots=True)
class Freed:
    """How many tickets of the freed types the public does not get, and why."""

    offered: int = 0
    withdrawn: int = 0


@contextmanager
def freeing(ticket_type_ids: Collection[UUID], *, now: datetime) -> Iterator[Freed]:
    """Around whatever puts tickets of these types back on sale; in a transaction.

    Nobody waits for a type: one cheap query. Else its waitlist is locked before, and
    after it the whole line is matched with all that is available, because two single
    releases may make a pair. What comes back to a type that is overbooked is withdrawn
    first. Last come the lines of other types, for which there is room now under a cap
    they share. What it gives is true once the block is over.
    """
    freed = set(ticket_type_ids)
    lines = lines_about(freed)
    waitlists = lock_waitlists(freed & lines.keys())
    overrides = lock_overrides(ticket_type_ids)
    gone = Freed()
    yield gone
    for override in overrides:
        gone.withdrawn += withdraw_excess(override, now=now)
    lock_caps(lines.values())
    for waitlist in waitlists:
        offers = match(waitlist, now=now).offers
        gone.offered += sum(entry.quantity for entry in offers)
    serve_if_free(lines.keys() - freed, now=now)


def serve_if_free(ticket_type_ids: Collection[UUID], *, now: datetime) -> None:
    """Match these lines, as far as nobody is at work on them.

    They are tried, not waited for: other lines and tickets are locked by now, and
    who has one of these may be waiting for them. Who has it may have looked before
    we commit, so then the next look follows at once.
    """
    if not ticket_type_ids:
        return
    lines = try_lines(ticket_type_ids)
    for waitlist in lines:
        match(waitlist, now=now)
    if len(lines) < len(ticket_type_ids):
        look_now(JOB)


def serve_waitlist(ticket_type: TicketType, *, now: datetime) -> int | None:
    """Let those who wait go first, and say how many tickets are left for anybody.

    For this type, and for others under the same caps. Their lines stay locked until
    the transaction ends, so it stays true. None: nobody has ever waited for them.
    """
    lines = lines_about({ticket_type.pk})
    waitlists = lock_waitlists(lines)
    if not waitlists:
        return None
    lock_caps(lines.values())
    looks = {waitlist.pk: match(waitlist, now=now) for waitlist in waitlists}
    spoken_for = sum(look.spoken_for for look in looks.values())
    left = left_of(ticket_type, spoken_for=spoken_for)
    own = looks.get(ticket_type.pk)
    return min(left, own.left) if own else left


@contextmanager
def letting_more_fit(event_ids: Collection[UUID], *, now: datetime) -> Iterator[None]:
    """Around what frees nothing and yet makes tickets fit: as `freeing` for events.

    Such as a pause that ends, a higher limit, a lower price, a wider cap. The types
    are locked as well: whoever goes on to change one must not have a line first.
    """
    types = TicketType.objects.filter(event__in=event_ids, waitlist__isnull=False)
    lined = dict(types.values_list("pk", "event"))
    if lined:
        share_caps(lined.values())
        lock_types(lined)
    with freeing(lined, now=now):
        yield


def serve_lines(*, event_ids: Collection[UUID], now: datetime) -> None:
    """Match every line of these events, in the transaction that let more fit."""
    with letting_more_fit(event_ids, now=now):
        pass


def match(waitlist: Waitlist, *, now: datetime) -> Look:
    """Offer what is available to the first who fit it, whole groups or nothing.

    The caller has locked `waitlist`. A group that does not fit keeps its place
    and does not block smaller ones behind it; neither does somebody who holds
    other tickets for the event just now.
    """
    close_ended_offers(waitlist, now=now)
    ticket_type = TicketType.objects.with_terms().get(pk=waitlist.pk)
    look = Look(left=left_of(ticket_type))
    if look.left and takes_offers(ticket_type, now):
        price = quote(ticket_type, now)
        for entry in _in_line(waitlist, price, look.left, now):
            if entry.quantity <= look.left:
                _serve(entry, ticket_type, price, now, look)
            if len(look.offers) == MOST_AT_ONCE:
                look.stop()
            if look.left <= 0:
                break
    if not look.settled:
        look_now(JOB)
    _note(waitlist, look, now)
    return look


def _note(waitlist: Waitlist, look: Look, now: datetime) -> None:
    """Since when somebody waits for the next look, without any being served."""
    since = waitlist.unsettled_at
    if look.settled:
        since = None
    elif look.offers or since is None:
        since = now
    if since != waitlist.unsettled_at:
        waitlist.unsettled_at = since
        waitlist.save(update_fields=["unsettled_at"])


def match_waitlists(*, now: datetime) -> int:
    """Look at every line where something may be owed; says how many were served.

    What nobody's change has shown (a price that fell by its plan, a sale that
    opened, a buyer who let other tickets go) is found here. Entries past their time
    end. Any number of workers may do this at once.
    """
    served = 0
    for pk, event_id in _lines_to_look_at(now):
        with transaction.atomic():
            share_caps([event_id])
            row = Waitlist.objects.filter(pk=pk)
            for waitlist in row.select_for_update(skip_locked=True, no_key=True):
                end_entries(waitlist, now=now)
                served += len(match(waitlist, now=now).offers)
    return served


def left_of(ticket_type: TicketType, *, spoken_for: int = 0) -> int:
    """How many tickets can be had now: what is available, within shared caps.

    Of the room under these, `spoken_for` is kept for others.
    """
    params: dict[str, Any] = {"ticket_type": ticket_type.pk, "spoken_for": spoken_for}
    with connection.cursor() as cursor:
        cursor.execute(LEFT, params)
        return cursor.fetchone()[0]


def takes_offers(ticket_type: TicketType, now: datetime) -> bool:
    """On sale, and not overbooked: then nothing may be promised to anybody."""
    if not ticket_type.event.sales_are_open(now):
        return False
    return present_of(ticket_type.pk) <= ticket_type.capacity


def _in_line(
    waitlist: Waitlist, price: Quote, left: int, now: datetime
) -> Iterator[WaitlistEntry]:
    """Those who wait, would fit into `left` and can pay for it, in their order."""
    affordable = Q(max_total_amount__isnull=True) | Q(
        max_total_amount__gte=F("quantity") * price.total_amount
    )
    entries = WaitlistEntry.objects.waiting().filter(
        affordable,
        ticket_type=waitlist.pk,
        quantity__lte=left,
        ends_at__gt=now + SHORTEST,
    )
    entries = entries.with_empty_hands(now)
    number = 0
    while True:
        rows = entries.filter(number__gt=number).select_related("user", "ticket_type")
        page = list(rows.order_by("number")[:PAGE])
        yield from page
        if len(page) < PAGE:
            return
        number = page[-1].number


def _serve(
    entry: WaitlistEntry,
    ticket_type: TicketType,
    price: Quote,
    now: datetime,
    look: Look,
) -> None:
    """Set tickets aside for one entry, if its buyer may have them now."""
    if not _take_turn_if_free(entry):
        look.speak_for(entry)
        return
    pick = Pick(
        user_id=entry.user_id,
        ticket_type=ticket_type,
        quantity=entry.quantity,
        quote=price,
        expires_at=offer_ends_at(entry, ticket_type.event, now),
        now=now,
        from_waitlist=True,
    )
    outcome = pick_tickets(pick)
    if not outcome.hold:
        if outcome.comes_too_early(pick):
            look.speak_for(entry)
        if outcome.lapsed_hold(now):
            look_now(ENDS_LAPSED)
    elif _bought_another_way(entry):
        undo_pick()
        end_entry(entry, WaitlistReason.BOUGHT_ANOTHER_WAY, now=now)
    else:
        keep_pick()
        offer(entry, outcome.hold, now=now)
        look.offers.append(entry)
        look.left -= entry.quantity


def _take_turn_if_free(entry: WaitlistEntry) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(TRY_TURN, [turn_of(entry.user_id, entry.event_id)])
        return cursor.fetchone()[0]


def _bought_another_way(entry: WaitlistEntry) -> bool:
    """Asked once the hold is there: from then on nothing else of theirs can sell."""
    return WaitlistEntry.objects.filter(pk=entry.pk).bought_another_way().exists()


def _lines_to_look_at(now: datetime) -> list[tuple[UUID, UUID]]:
    entries = WaitlistEntry.objects.filter(ticket_type=OuterRef("pk"))
    waiting = entries.waiting()
    free = Ticket.objects.filter(
        ticket_type=OuterRef("pk"), status=TicketStatus.AVAILABLE
    )
    over = entries.filter(status=WaitlistStatus.OFFERED, hold__status__in=GONE_HOLD)
    owed = Q(Exists(waiting.with_empty_hands(now)), Exists(free)) | Q(Exists(over))
    for _, vain in in_vain(waiting, now):
        owed |= Q(Exists(vain))
    lines = Waitlist.objects.filter(owed).order_by("pk")
    return list(lines.values_list("pk", "ticket_type__event"))
