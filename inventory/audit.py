"""The invariants that stock can see, as SQL: each statement finds offenders."""

from inventory import waitlist_audit
from ticketapp.audit import register

for check in waitlist_audit.CHECKS:
    register(*check)

register(
    1,
    "A held ticket belongs to a live hold, an owned one to a converted hold",
    """
    SELECT ticket.id AS ticket, ticket.status, hold.id AS hold,
           hold.status AS hold_status
      FROM inventory_ticket AS ticket
      JOIN inventory_hold AS hold ON hold.id = ticket.hold_id
     WHERE NOT CASE
           WHEN ticket.status = 'held' THEN hold.status IN ('active', 'paying')
           ELSE hold.status = 'converted' END
    """,
)
register(
    1,
    "A live or converted hold has exactly its quantity of tickets, an ended one none",
    """
    SELECT hold.id AS hold, hold.status, hold.quantity, count(ticket.id) AS tickets
      FROM inventory_hold AS hold
      LEFT JOIN inventory_ticket AS ticket ON ticket.hold_id = hold.id
     GROUP BY hold.id
    HAVING count(ticket.id) <> CASE
           WHEN hold.status IN ('active', 'paying', 'converted') THEN hold.quantity
           ELSE 0 END
    """,
)
register(
    1,
    "A ticket, its hold and their event belong together",
    """
    SELECT ticket.id AS ticket, hold.id AS hold, hold.event_id AS event
      FROM inventory_ticket AS ticket
      JOIN inventory_hold AS hold ON hold.id = ticket.hold_id
      JOIN inventory_tickettype AS type ON type.id = ticket.ticket_type_id
     WHERE hold.ticket_type_id <> ticket.ticket_type_id
        OR hold.event_id <> type.event_id
    """,
)
register(
    2,
    "Tickets neither withdrawn nor returned are as many as the capacity",
    """
    SELECT type.id AS ticket_type, type.capacity, count(ticket.id) AS tickets
      FROM inventory_tickettype AS type
      LEFT JOIN inventory_ticket AS ticket
        ON ticket.ticket_type_id = type.id
       AND ticket.status NOT IN ('withdrawn', 'returned')
     GROUP BY type.id
    HAVING count(ticket.id) <> type.capacity
       AND NOT (count(ticket.id) > type.capacity
                AND count(*) FILTER (WHERE ticket.status = 'available') = 0
                AND EXISTS (SELECT FROM inventory_override AS override
                             WHERE override.ticket_type_id = type.id
                               AND override.closed_at IS NULL))
    """,
)
register(
    2,
    "No more is held and sold than a shared cap allows, or somebody has said so",
    """
    SELECT cap.id AS cap, cap.capacity, count(ticket.id) AS taken
      FROM inventory_stockcap AS cap
      JOIN inventory_stockcap_types AS link ON link.stockcap_id = cap.id
      JOIN inventory_ticket AS ticket
        ON ticket.ticket_type_id = link.tickettype_id
       AND ticket.status IN ('held', 'sold', 'checked_in')
     GROUP BY cap.id
    HAVING count(ticket.id) > cap.capacity
       AND NOT EXISTS (SELECT FROM inventory_override AS override
                        WHERE override.cap_id = cap.id AND override.closed_at IS NULL)
    """,
)
register(
    2,
    "A shared cap and its types belong to one event",
    """
    SELECT cap.id AS cap, type.id AS ticket_type
      FROM inventory_stockcap AS cap
      JOIN inventory_stockcap_types AS link ON link.stockcap_id = cap.id
      JOIN inventory_tickettype AS type ON type.id = link.tickettype_id
     WHERE type.event_id <> cap.event_id
    """,
)
register(
    6,
    "Nobody holds or owns more tickets than the event allows",
    """
    SELECT hold.user_id AS buyer, event.id AS event, event.per_buyer_limit,
           count(*) AS tickets
      FROM inventory_ticket AS ticket
      JOIN inventory_hold AS hold ON hold.id = ticket.hold_id
      JOIN events_event AS event ON event.id = hold.event_id
     WHERE ticket.status IN ('held', 'sold', 'checked_in')
     GROUP BY hold.user_id, event.id
    HAVING count(*) > event.per_buyer_limit
    """,
)
register(
    7,
    "A ticket is checked in exactly when one scan admitted it",
    """
    SELECT ticket.id AS ticket, ticket.status, count(scan.id) AS admitting_scans
      FROM inventory_ticket AS ticket
      LEFT JOIN inventory_checkin AS scan
        ON scan.ticket_id = ticket.id AND scan.admitted
     WHERE ticket.status = 'checked_in' OR scan.id IS NOT NULL
     GROUP BY ticket.id
    HAVING count(scan.id) <> CASE ticket.status WHEN 'checked_in' THEN 1 ELSE 0 END
    """,
)
register(
    8,
    "Tickets that nobody has begun to pay in time go back on sale",
    """
    SELECT id AS hold, ticket_type_id AS ticket_type, quantity, expires_at
      FROM inventory_hold
     WHERE status = 'active'
       AND expires_at < %(now)s - make_interval(secs => %(grace)s)
    """,
)
register(
    9,
    "The total of a hold is its price, fee and tax times its tickets",
    """
    SELECT id AS hold, quantity, unit_amount, fee_amount, tax_amount, total_amount
      FROM inventory_hold
     WHERE total_amount NOT IN (
           quantity * (unit_amount + fee_amount),
           quantity * (unit_amount + fee_amount + tax_amount))
    """,
)
