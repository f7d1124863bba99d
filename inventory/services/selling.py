"""From held to sold: what the payment flow does to stock.

Lock order: waitlist of the type (where tickets may go back on sale), hold,
tickets. The caller holds its order and payment first.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from inventory.models import Hold, HoldStatus, Ticket
from inventory.services.matching import freeing
from inventory.services.offers import complete_offer
from inventory.services.picking import WAITING_ORDER
from inventory.services.releasing import HoldBeingPaid, free
from ticketapp.compiled import Compiled
from ticketapp.errors import Action, DomainError
from ticketapp.prepared import execute
from ticketapp.rows import instance_of

HOLD_FIELDS = tuple(field.attname for field in Hold._meta.concrete_fields)
TICKET_FIELDS = tuple(field.attname for field in Ticket._meta.concrete_fields)
# Both wait for whoever has the hold, and look again at what that left of it.
START = f"""
UPDATE inventory_hold AS hold
   SET status = 'paying', lease_until = %(lease_until)s{{also}}
 WHERE hold.id = %(hold)s AND hold.status = 'active' AND hold.expires_at > %(now)s
       {{only_if}}
RETURNING {", ".join(f"hold.{name}" for name in HOLD_FIELDS)}
"""
START_PAYING = "/* start_paying */" + START.format(also="", only_if="")
AT_PRICE = "".join(
    f", {name} = %({name})s"
    for name in ("unit_amount", "fee_amount", "tax_amount", "total_amount")
)
SELL = f"""
/* sell_held_tickets */
WITH sold AS (
    UPDATE inventory_hold SET status = 'converted', lease_until = NULL
     WHERE id = %(hold)s AND status = 'paying'
    RETURNING id
), held AS (
    SELECT ticket.id
      FROM sold JOIN inventory_ticket AS ticket ON ticket.hold_id = sold.id
     ORDER BY {", ".join(f"ticket.{name}" for name in WAITING_ORDER)}
       FOR UPDATE OF ticket
)
UPDATE inventory_ticket AS ticket SET status = 'sold'
  FROM held WHERE ticket.id = held.id
RETURNING {", ".join(f"ticket.{name}" for name in TICKET_FIELDS)}
"""
# For a larger statement to go on from: sells the hold that `due` names, which is
# locked, if all of its tickets are there. `whole` is what is `due` then, else nothing;
# counted apart, or PostgreSQL would count anew as it writes what it had waited for.
SALE = f"""
held AS (
    SELECT ticket.id, ticket.slot
      FROM due JOIN inventory_ticket AS ticket ON ticket.hold_id = due.hold
     ORDER BY {", ".join(f"ticket.{name}" for name in WAITING_ORDER)}
       FOR UPDATE OF ticket
), whole AS MATERIALIZED (
    SELECT * FROM due WHERE due.quantity = (SELECT count(*) FROM held)
), converted AS (
    UPDATE inventory_hold AS hold SET status = 'converted', lease_until = NULL
      FROM whole WHERE hold.id = whole.hold
), sold AS (
    UPDATE inventory_ticket AS ticket SET status = 'sold'
      FROM held CROSS JOIN whole WHERE ticket.id = held.id
)"""
HOLD = Compiled(lambda hold: Hold.objects.filter(pk=hold))
LOCKED = Compiled(lambda hold: Hold.objects.select_for_update().filter(pk=hold))
TICKETS_OF = Compiled(lambda hold: Ticket.objects.filter(hold=hold).order_by("slot"))


class HoldExpired(DomainError):
    code = "hold_expired"
    title = "You hold these tickets no longer."
    message = (
        "The time to pay for these tickets ran out and they went back on sale. You "
        "have not been charged. Choose tickets again to see today's price."
    )
    action = Action.CHOOSE_OTHER_TICKETS

    def __init__(self, *, let_go: bool = False, today: str = "", **of: Any) -> None:
        """With `today` the price is told that as many tickets have by now."""
        if let_go:
            self.message = (
                "You let these tickets go and they went back on sale. You have not "
                "been charged. Choose tickets again to see today's price."
            )
        if today:
            self.message = f"{self.message.removesuffix('.')}: {today}."
        super().__init__(**of)


def start_paying(*, hold: Hold, now: datetime, lease: timedelta) -> Hold:
    """Give a hold to the payment flow until it is paused, sold or freed.

    Raises HoldExpired when its time is over and HoldBeingPaid when another
    payment has it. The sweep of unpaid holds leaves it alone from here on.
    """
    params: dict[str, Any] = {
        "hold": hold.pk,
        "now": now,
        "lease_until": now + lease,
    }
    with connection.cursor() as cursor:
        execute(cursor, START_PAYING, params=params)
        row = cursor.fetchone()
    if row:
        return started_hold(row)
    found = HOLD.get(hold=hold.pk)
    if found.status == HoldStatus.PAYING:
        raise HoldBeingPaid
    if found.status == HoldStatus.ACTIVE and found.expires_at > now:
        raise HoldBeingPaid  # A moment ago; let go of since.
    raise HoldExpired


def start_statement(*, only_if: str) -> str:
    """SQL that starts paying at a price, for a larger statement to go on from.

    Give it `hold`, `now`, `lease_until`, `unit_amount`, `fee_amount`, `tax_amount` and
    `total_amount`; `only_if` may look at `hold`. `started_hold` reads its row.
    """
    return START.format(also=AT_PRICE, only_if=f"AND {only_if}")


def started_hold(row: Sequence[Any]) -> Hold:
    return instance_of(Hold, HOLD_FIELDS, row)


@transaction.atomic
def keep_paying(*, hold: Hold, until: datetime) -> None:
    """Let the payment flow keep a hold it has until then, as for a challenge."""
    Hold.objects.filter(pk=hold.pk, status=HoldStatus.PAYING).update(lease_until=until)


@transaction.atomic
def pause_paying(*, hold: Hold, now: datetime) -> Hold:
    """After a decline: back to the buyer if time is left, else back on sale.

    Only when no payment can still succeed. A hold that is not being paid any
    more is returned as it is.
    """
    with freeing([hold.ticket_type_id], now=now):
        locked = _lock(hold)
        if locked.status == HoldStatus.PAYING and locked.expires_at > now:
            locked.move_to(HoldStatus.ACTIVE, lease_until=None)
        elif locked.status == HoldStatus.PAYING:
            free([locked.pk], HoldStatus.EXPIRED, now=now)
            locked.refresh_from_db(fields=["status", "lease_until"])
    return locked


def sell_held_tickets(*, hold: Hold, now: datetime) -> list[Ticket]:
    """Make the tickets of a hold that is being paid the buyer's own.

    Late is fine while nobody freed the hold: the tickets are still there.
    Selling a sold hold again returns the same tickets and changes nothing.
    Raises HoldExpired when they are gone; then `retake_tickets`.
    """
    with transaction.atomic(savepoint=False):
        sold = _sell(hold)
        if sold and hold.from_waitlist:
            complete_offer(hold=hold, now=now)
    if not sold and HOLD.get(hold=hold.pk).status != HoldStatus.CONVERTED:
        raise HoldExpired
    tickets = sold or TICKETS_OF.all(hold=hold.pk)
    if len(tickets) != hold.quantity:
        raise RuntimeError(f"Hold {hold.pk} is of {hold.quantity}, not {len(tickets)}.")
    return tickets


def _sell(hold: Hold) -> list[Ticket]:
    """Lock and sell in one statement; nothing if the hold is not being paid."""
    params = {"hold": hold.pk}
    with connection.cursor() as cursor:
        execute(cursor, SELL, params=params)
        rows = cursor.fetchall()
    sold = [instance_of(Ticket, TICKET_FIELDS, row) for row in rows]
    return sorted(sold, key=lambda ticket: ticket.slot)


@transaction.atomic
def free_paying_hold(*, hold: Hold, now: datetime) -> Hold:
    """Put tickets under payment back on sale: only once the provider says that
    the money cannot come any more. A hold that is not being paid stays as it is.
    """
    with freeing([hold.ticket_type_id], now=now):
        locked = _lock(hold)
        if locked.status == HoldStatus.PAYING:
            lapsed = locked.expires_at <= now
            status = HoldStatus.EXPIRED if lapsed else HoldStatus.RELEASED
            free([locked.pk], status, now=now)
            locked.refresh_from_db(fields=["status", "lease_until"])
    return locked


def _lock(hold: Hold) -> Hold:
    return LOCKED.get(hold=hold.pk)
