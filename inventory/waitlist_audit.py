"""What must hold about waitlists, as SQL that finds offenders: see `audit`."""

from inventory.room import ROOM
from inventory.totals import NET_AND_STEP, TOTAL

# What a look at the line may take until the sweep has done it, in seconds: counted
# from when the entry began to fit, which is when somebody joined, a sale opened, a
# planned fall began, the buyer's own hold or one under a shared cap was freed, or a
# look left somebody out. What staff do has no such time: it serves the line itself.
SWEPT_AFTER = 30
PRICE = NET_AND_STEP.format(at=f"%(now)s - interval '{SWEPT_AFTER} seconds'")

CHECKS = [
    (
        6,
        "An offered entry has a live hold of its own, a purchased one its tickets",
        """
        SELECT entry.id AS entry, entry.status, hold.id AS hold,
               hold.status AS hold_status
          FROM inventory_waitlistentry AS entry
          JOIN inventory_hold AS hold ON hold.id = entry.hold_id
         WHERE entry.status IN ('offered', 'purchased')
           AND NOT (hold.from_waitlist
                    AND hold.user_id = entry.user_id
                    AND hold.ticket_type_id = entry.ticket_type_id
                    AND hold.quantity = entry.quantity
                    AND CASE entry.status
                        WHEN 'offered' THEN hold.status IN ('active', 'paying')
                        ELSE hold.status = 'converted' END)
        """,
    ),
    (
        6,
        "Nothing is offered above what the buyer has said",
        """
        SELECT entry.id AS entry, entry.max_total_amount, hold.total_amount
          FROM inventory_waitlistentry AS entry
          JOIN inventory_hold AS hold ON hold.id = entry.hold_id
         WHERE hold.total_amount > entry.max_total_amount
            OR hold.currency <> entry.currency
        """,
    ),
    (
        6,
        "No ticket lies open that somebody who waits would take",
        f"""
        SELECT entry.id AS entry, entry.ticket_type_id AS ticket_type,
               entry.number, entry.quantity, free.tickets AS available
          FROM inventory_waitlistentry AS entry
          JOIN inventory_tickettype AS type ON type.id = entry.ticket_type_id
          JOIN events_event AS event ON event.id = entry.event_id
          JOIN events_venue AS venue ON venue.id = event.venue_id
          JOIN inventory_waitlist AS line ON line.ticket_type_id = type.id
          JOIN LATERAL (
               SELECT count(*) FILTER (WHERE status = 'available') AS tickets,
                      count(*) FILTER (
                          WHERE status NOT IN ('withdrawn', 'returned')) AS present
                 FROM inventory_ticket
                WHERE ticket_type_id = type.id) AS free ON true
          JOIN LATERAL ({PRICE}) AS price ON true
          JOIN LATERAL (
               SELECT count(*) AS tickets,
                      count(*) FILTER (
                          WHERE ticket.id <> ALL (entry.had_at_joining)) AS others
                 FROM inventory_hold AS hold
                 JOIN inventory_ticket AS ticket ON ticket.hold_id = hold.id
                WHERE hold.user_id = entry.user_id AND hold.event_id = event.id
                  AND ticket.status IN ('sold', 'checked_in')) AS owned ON true
         WHERE entry.status = 'waiting'
           AND entry.joined_at < %(now)s - interval '{SWEPT_AFTER} seconds'
           AND entry.ends_at > %(now)s + interval '1 minute'
           AND event.status = 'published'
           AND coalesce(event.sales_open_at, '-infinity')
               < %(now)s - interval '{SWEPT_AFTER} seconds'
           AND coalesce(event.sales_close_at, event.starts_at, 'infinity') > %(now)s
           AND free.tickets >= entry.quantity AND free.present <= type.capacity
           AND coalesce({ROOM.format(type="type.id")} >= entry.quantity, true)
           AND coalesce(entry.max_total_amount >= entry.quantity * ({TOTAL}), true)
           AND CASE WHEN entry.had_at_joining IS NULL
                    THEN owned.tickets <= entry.owned_at_joining
                    ELSE owned.others = 0 END
           AND owned.tickets + entry.quantity <= event.per_buyer_limit
           AND NOT EXISTS (
               SELECT FROM inventory_hold AS hold
                WHERE hold.user_id = entry.user_id AND hold.event_id = event.id
                  AND (hold.status IN ('active', 'paying') OR hold.freed_at
                       >= %(now)s - interval '{SWEPT_AFTER} seconds'))
           AND NOT EXISTS (
               SELECT FROM inventory_stockcap_types AS link
                 JOIN inventory_stockcap_types AS member
                   ON member.stockcap_id = link.stockcap_id
                 JOIN inventory_hold AS hold
                   ON hold.ticket_type_id = member.tickettype_id
                WHERE link.tickettype_id = type.id AND hold.freed_at
                      >= %(now)s - interval '{SWEPT_AFTER} seconds')
           AND coalesce(line.unsettled_at, '-infinity')
               < %(now)s - interval '{SWEPT_AFTER} seconds'
        """,
    ),
]
