"""The one hot statement: lock tickets from a random slot on, all or none.

Text of its own, because a rush runs it thousands of times a minute: the buyer's
turn, the limit, the pick, the hold and the tickets are one round trip. Shared caps
are locked after the buyer's turn, the type and its waitlist, before the tickets.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from random import randrange
from typing import Any
from uuid import UUID, uuid4

from django.db import connection

from inventory.models import Hold, HoldStatus, TicketStatus, TicketType
from inventory.pricing import Quote
from inventory.room import CAPPED_IS_HELD, IS_CAPPED, ROOM, WAITED_FOR_BESIDE
from ticketapp.prepared import Unplanned, execute
from ticketapp.rows import instance_of

SLOTS = 2**31

# A statement of its own: the next one must see what a rival of the same buyer
# has committed while this one waited.
TAKE_TURN = "SELECT pg_advisory_xact_lock(hashtextextended(%(turn)s, 0))"
# Shared by all who take tickets for an event or serve its lines; who changes which
# caps its types share, or lowers how many a buyer may have, has it alone. Before the
# pick looks, or it would not see a cap that is just made, or the lower limit.
SHARE_CAPS = "SELECT pg_advisory_xact_lock_shared(hashtextextended(%(caps)s, 0))"
CHANGE_CAPS = "SELECT pg_advisory_xact_lock(hashtextextended(%(caps)s, 0))"
# Rolled back when the pick falls short, or two buyers who each locked half of
# the last tickets would wait for each other.
BEGIN_ATTEMPT = Unplanned("SAVEPOINT pick_tickets")
UNDO_ATTEMPT = "ROLLBACK TO SAVEPOINT pick_tickets"
KEEP_ATTEMPT = "RELEASE SAVEPOINT pick_tickets"
# Only where a cap is shared, and again a statement of its own: what is counted
# under a lock must be counted after it. Inside the attempt, so that whoever falls
# short queues for the type with empty hands.
LOCK_CAPS = """
SELECT FROM inventory_stockcap
 WHERE id IN (SELECT stockcap_id FROM inventory_stockcap_types
               WHERE tickettype_id = %(ticket_type)s)
 ORDER BY id FOR NO KEY UPDATE
"""

PICK = """
/* pick_tickets */
WITH mine AS (
    SELECT live.id, live.status, live.expires_at, live.ticket_type_id,
           live.quantity, owned.tickets, event.per_buyer_limit
      FROM events_event AS event
     CROSS JOIN (SELECT count(*) AS tickets
              FROM inventory_hold AS hold
              JOIN inventory_ticket AS ticket ON ticket.hold_id = hold.id
             WHERE hold.user_id = %(user)s AND hold.event_id = %(event)s
               AND hold.status = 'converted'
               AND ticket.status IN ('sold', 'checked_in')) AS owned
      LEFT JOIN inventory_hold AS live
        ON live.user_id = %(user)s AND live.event_id = %(event)s
       AND live.status IN ('active', 'paying')
     WHERE event.id = %(event)s
), caps AS (
    SELECT {is_capped} AS are_there,
           CASE WHEN %(caps_are_locked)s THEN {room} END AS room
), wanted AS (
    SELECT CASE WHEN (id IS NULL OR %(beside_a_live_hold)s)
                 AND tickets + coalesce(quantity, 0) + %(quantity)s <= per_buyer_limit
                 AND (%(may_pass_the_line)s OR NOT EXISTS (
                     SELECT FROM inventory_waitlistentry
                      WHERE ticket_type_id = %(ticket_type)s AND status = 'waiting'))
                 AND (%(may_pass_the_line)s OR NOT caps.are_there
                      OR NOT {waited_for_beside})
                 AND (NOT caps.are_there OR coalesce(room >= %(quantity)s, false))
                THEN %(quantity)s ELSE 0 END AS tickets
      FROM mine, caps
), above AS (
    SELECT id FROM inventory_ticket
     WHERE ticket_type_id = %(ticket_type)s AND status = 'available'
       AND slot >= %(slot)s
     ORDER BY {order} LIMIT (SELECT tickets FROM wanted)
       {lock}
), below AS (
    SELECT id FROM inventory_ticket
     WHERE ticket_type_id = %(ticket_type)s AND status = 'available'
       AND slot < %(slot)s
     ORDER BY {order}
     LIMIT (SELECT tickets FROM wanted) - (SELECT count(*) FROM above)
       {lock}
), picked AS (
    SELECT id FROM above UNION ALL SELECT id FROM below
), hold AS (
    INSERT INTO inventory_hold
           (id, user_id, event_id, ticket_type_id, quantity, status, unit_amount,
            fee_amount, tax_amount, total_amount, currency, expires_at, created_at,
            from_waitlist)
    SELECT %(hold)s, %(user)s, %(event)s, %(ticket_type)s, %(quantity)s,
           %(hold_status)s, %(unit_amount)s, %(fee_amount)s, %(tax_amount)s,
           %(total_amount)s, %(currency)s, %(expires_at)s, %(now)s,
           %(from_waitlist)s
     WHERE (SELECT count(*) FROM picked) = %(quantity)s
    RETURNING id
), taken AS (
    UPDATE inventory_ticket AS ticket
       SET status = %(ticket_status)s, hold_id = hold.id
      FROM picked, hold
     WHERE ticket.id = picked.id
    RETURNING ticket.id
)
SELECT mine.*, taken.tickets,
       CASE WHEN taken.tickets < %(quantity)s THEN greatest(0, least(caps.room, (
           SELECT count(*) FROM (
               SELECT FROM inventory_ticket
                WHERE ticket_type_id = %(ticket_type)s AND status = 'available'
                LIMIT %(quantity)s) AS rest))) END AS available,
       CASE WHEN taken.tickets < %(quantity)s THEN EXISTS (
           SELECT FROM inventory_ticket
            WHERE ticket_type_id = %(ticket_type)s AND status = 'held')
           OR coalesce(caps.room < %(quantity)s, false) AND {capped_is_held}
           END AS held,
       caps.are_there AND NOT %(caps_are_locked)s AS caps_are_in_the_way
  FROM mine, caps, (SELECT count(*) AS tickets FROM taken) AS taken
"""
CAPS = {
    name: text.format(type="%(ticket_type)s")
    for name, text in [
        ("room", ROOM),
        ("is_capped", IS_CAPPED),
        ("capped_is_held", CAPPED_IS_HELD),
        ("waited_for_beside", WAITED_FOR_BESIDE),
    ]
}
EAGER = PICK.format(order="slot", lock="FOR UPDATE SKIP LOCKED", **CAPS)
# Who waits for several tickets takes them in this order, here and everywhere: a
# row that was taken while we waited stays locked by us until the end.
WAITING_ORDER = ("slot", "id")
PATIENT = PICK.format(order=", ".join(WAITING_ORDER), lock="FOR UPDATE", **CAPS)


@dataclass(frozen=True, slots=True)
class Pick:
    """What is wanted: so many tickets for one buyer, at a price, until a time.

    `beside_a_live_hold` is for tickets already paid for: they may be taken even
    while the buyer holds others, and become theirs at once. Nobody else takes
    tickets past people who wait: `from_waitlist` is for one of them, and with
    `line_is_served` nobody in the line can have what is left.
    """

    user_id: UUID
    ticket_type: TicketType
    quantity: int
    quote: Quote
    expires_at: datetime
    now: datetime
    beside_a_live_hold: bool = False
    from_waitlist: bool = False
    line_is_served: bool = False

    @property
    def hold_status(self) -> HoldStatus:
        return HoldStatus.CONVERTED if self.beside_a_live_hold else HoldStatus.ACTIVE

    def parameters(self, hold_id: UUID, slot: int) -> dict[str, Any]:
        event = self.ticket_type.event
        sold = self.beside_a_live_hold
        return {
            "turn": turn_of(self.user_id, event.pk),
            "caps": caps_of(event.pk),
            "user": self.user_id,
            "event": event.pk,
            "ticket_type": self.ticket_type.pk,
            "quantity": self.quantity,
            "beside_a_live_hold": self.beside_a_live_hold,
            "from_waitlist": self.from_waitlist,
            "may_pass_the_line": self.from_waitlist or self.line_is_served,
            "slot": slot,
            "hold": hold_id,
            "hold_status": self.hold_status.value,
            "ticket_status": (TicketStatus.SOLD if sold else TicketStatus.HELD).value,
            "unit_amount": self.quote.unit_amount,
            "fee_amount": self.quote.fee_amount,
            "tax_amount": self.quote.tax_amount,
            "total_amount": self.quote.total_amount * self.quantity,
            "currency": self.quote.currency,
            "expires_at": self.expires_at,
            "now": self.now,
        }

    def hold(self, hold_id: UUID) -> Hold:
        """The row the statement has written, without reading it back."""
        values = {
            "id": hold_id,
            "user_id": self.user_id,
            "event_id": self.ticket_type.event_id,
            "ticket_type_id": self.ticket_type.pk,
            "quantity": self.quantity,
            "status": self.hold_status,
            "unit_amount": self.quote.unit_amount,
            "fee_amount": self.quote.fee_amount,
            "tax_amount": self.quote.tax_amount,
            "total_amount": self.quote.total_amount * self.quantity,
            "currency": self.quote.currency,
            "expires_at": self.expires_at,
            "lease_until": None,
            "created_at": self.now,
            "freed_at": None,
            "from_waitlist": self.from_waitlist,
        }
        return instance_of(
            Hold,
            tuple(values),
            values.values(),
            event=self.ticket_type.event,
            ticket_type=self.ticket_type,
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the statement found. Without a `hold` nothing has changed.

    `live_*` is the buyer's hold at this event before, `owned` what they have bought and
    `limit` how many they may have. `available` (counted up to the quantity) and `held`
    tell a refusal's reason, and are only filled in for one.
    """

    hold: Hold | None
    live_id: UUID | None
    live_status: str | None
    live_expires_at: datetime | None
    live_ticket_type_id: UUID | None
    live_quantity: int | None
    owned: int
    limit: int
    available: int
    held: bool

    def lapsed_hold(self, now: datetime) -> tuple[UUID, UUID] | None:
        """The buyer's own hold that ran out and was not swept yet, and its type."""
        if self.live_status != HoldStatus.ACTIVE:
            return None
        if not (self.live_id and self.live_ticket_type_id and self.live_expires_at):
            return None
        lapsed = self.live_expires_at <= now
        return (self.live_id, self.live_ticket_type_id) if lapsed else None

    def comes_too_early(self, pick: Pick) -> bool:
        """Enough are there and the buyer may have them, as soon as others have let go
        of their locks, or a sweep has ended what the buyer no longer holds.
        """
        empty_hands = not self.live_id or self.lapsed_hold(pick.now) is not None
        fits = self.owned + pick.quantity <= self.limit
        may_have_them = empty_hands and fits
        return may_have_them and self.available >= pick.quantity


def turn_of(user_id: UUID, event_id: UUID) -> str:
    """What the lock on (buyer, event) is taken on."""
    return f"{user_id}{event_id}"


def caps_of(event_id: UUID) -> str:
    """What the lock on the shared caps of an event is taken on."""
    return f"caps{event_id}"


def share_caps(event_ids: Collection[UUID]) -> None:
    """Keep the shared caps of these events as they are until the transaction ends.

    Before any row of their stock is locked: who changes a cap has them alone, and
    serves the lines under it.
    """
    with connection.cursor() as cursor:
        for event_id in sorted(set(event_ids)):
            cursor.execute(SHARE_CAPS, {"caps": caps_of(event_id)})


def pick_tickets(pick: Pick, *, patient: bool = False) -> Outcome:
    """Lock, hold and count in one round trip; needs an open transaction.

    Eager, rows that others are taking this instant are skipped, so a rush never
    queues; patient, they are waited for. Where caps are shared it takes a second
    trip, under their locks. Short of the quantity, all that was locked is let go.
    """
    hold_id = uuid4()
    found = _attempt(pick, hold_id, patient=patient, caps_are_locked=False)
    if found.caps_are_in_the_way:
        found = _attempt(pick, hold_id, patient=patient, caps_are_locked=True)
    return found.outcome


@dataclass(frozen=True, slots=True)
class _Found:
    outcome: Outcome
    caps_are_in_the_way: bool


def _attempt(
    pick: Pick, hold_id: UUID, *, patient: bool, caps_are_locked: bool
) -> _Found:
    statement, slot = (PATIENT, 0) if patient else (EAGER, randrange(SLOTS))
    params = pick.parameters(hold_id, slot) | {"caps_are_locked": caps_are_locked}
    steps = [TAKE_TURN, SHARE_CAPS, BEGIN_ATTEMPT]
    if caps_are_locked:
        steps.append(LOCK_CAPS)
    with connection.cursor() as cursor:
        # Planned once a connection: planning takes three times as long as picking.
        execute(cursor, *steps, statement, params=params)
        *mine, taken, available, held, caps_are_in_the_way = cursor.fetchone()
        complete = taken == pick.quantity
        # Also with nothing picked: a row that turned out taken stays locked too.
        if not complete:
            cursor.execute(UNDO_ATTEMPT)
    hold = pick.hold(hold_id) if complete else None
    outcome = Outcome(hold, *mine, available or 0, bool(held))  # type: ignore[call-arg]
    return _Found(outcome, caps_are_in_the_way)


def change_caps(event_id: UUID) -> None:
    """Wait for those who take tickets for the event; who comes later waits for us."""
    with connection.cursor() as cursor:
        cursor.execute(CHANGE_CAPS, {"caps": caps_of(event_id)})


def undo_pick() -> None:
    """Let go of what the last `pick_tickets` took, in the same transaction."""
    with connection.cursor() as cursor:
        cursor.execute(UNDO_ATTEMPT)


def keep_pick() -> None:
    """Forget how to undo the last pick: many in one transaction would pile up."""
    with connection.cursor() as cursor:
        cursor.execute(KEEP_ATTEMPT)
