"""How much room the shared caps of a ticket type leave, as SQL.

`type` is an expression for the id of the type; the result is null without a cap.
"""

ROOM = """
(SELECT min(cap.capacity - (
            SELECT count(*) FROM inventory_ticket AS counted
              JOIN inventory_stockcap_types AS member
                ON member.tickettype_id = counted.ticket_type_id
             WHERE member.stockcap_id = cap.id
               AND counted.status IN ('held', 'sold', 'checked_in')))
   FROM inventory_stockcap_types AS link
   JOIN inventory_stockcap AS cap ON cap.id = link.stockcap_id
  WHERE link.tickettype_id = {type})
"""
IS_CAPPED = """
EXISTS (SELECT FROM inventory_stockcap_types AS link
         WHERE link.tickettype_id = {type})
"""
# Room may come back: something under one of these caps is only held.
CAPPED_IS_HELD = """
EXISTS (SELECT FROM inventory_stockcap_types AS link
          JOIN inventory_stockcap_types AS member
            ON member.stockcap_id = link.stockcap_id
          JOIN inventory_ticket AS counted
            ON counted.ticket_type_id = member.tickettype_id
           AND counted.status = 'held'
         WHERE link.tickettype_id = {type})
"""
# The room is wanted by people in line, for this type or another under one of its caps
# that has a ticket to give. Without one they cannot be passed: whatever puts one back
# on sale serves their line before it commits.
WAITED_FOR_BESIDE = """
EXISTS (SELECT FROM inventory_stockcap_types AS link
          JOIN inventory_stockcap_types AS member
            ON member.stockcap_id = link.stockcap_id
          JOIN inventory_waitlistentry AS entry
            ON entry.ticket_type_id = member.tickettype_id
           AND entry.status = 'waiting'
         WHERE link.tickettype_id = {type}
           AND EXISTS (SELECT FROM inventory_ticket AS free
                        WHERE free.ticket_type_id = member.tickettype_id
                          AND free.status = 'available'))
"""
