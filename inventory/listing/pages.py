"""The statements that choose and sort a page of events, and their conditions.

A page gives id, distance and price in its order; `rows` adds what cards say.
Conditions are joined with AND; each says what the method of `EventQuerySet`
with its name says.
"""

from inventory.room import ROOM
from inventory.totals import NET_AND_STEP, TOTAL

# Greater than every price: events without one come last.
NO_PRICE = 2**31 - 1

# When and where ----------------------------------------------------------------

PUBLISHED = "event.status = 'published'"
GOES_ON = """
(event.ends_at > %(now)s OR event.ends_at IS NULL AND event.sales_close_at > %(now)s)
"""
# Still to start or going on, with the bound that the indexes need.
COMING = f"""
event.starts_at > %(long_ago)s AND (event.starts_at > %(now)s OR {GOES_ON})
"""
STARTING_WITHIN = f"{COMING} AND event.starts_at <= %(until)s"
ON_A_DAY = "event.starts_at IS NULL AND event.local_date >= %(yesterday)s"
UPCOMING = f"(({COMING}) OR ({ON_A_DAY}))"
HERE = "ST_MakePoint(%(longitude)s, %(latitude)s)::geography"
# On the sphere, as the distance that is sorted by and shown.
IN_THE_CIRCLE = f"ST_DWithin(event.location, {HERE}, %(radius)s, false)"
OF_THE_CATEGORY = """
event.category_id = (SELECT id FROM events_category WHERE slug = %(category)s)
"""
DISTANCE = f"event.location <-> {HERE}"
NO_DISTANCE = "NULL::float8"

# Behind the last row of the page before ---------------------------------------

BEHIND_DISTANCE = f"""
({DISTANCE} > %(distance)s
 OR {DISTANCE} = %(distance)s AND event.id > %(after)s::uuid)
"""
BEHIND_START = "(event.starts_at, event.id) > (%(start)s, %(after)s::uuid)"
BEHIND_DAY = "(event.local_date, event.id) > (%(day)s, %(after)s::uuid)"

# Pages ---------------------------------------------------------------------------

# The index gives rows by distance, as many as are asked for; asked for (distance,
# id) PostgreSQL would sort all of the circle. So the ties of the last are taken
# along, and what is left is put in order.
NEAREST = """
SELECT id, distance, NULL::int AS price FROM (
    SELECT event.id, {distance} AS distance
      FROM events_event AS event
     WHERE event.location IS NOT NULL AND {where}
     ORDER BY {distance}
     FETCH FIRST {count} ROWS WITH TIES) AS nearest
 ORDER BY distance, id
 LIMIT {count}
"""
SOONEST = """
SELECT event.id, {distance} AS distance, NULL::int AS price
  FROM events_event AS event
 WHERE {where}
 ORDER BY event.starts_at, event.id
 LIMIT {count}
"""
NEXT_DAYS = """
SELECT event.id, {distance} AS distance, NULL::int AS price
  FROM events_event AS event
 WHERE {where}
 ORDER BY event.local_date, event.id
 LIMIT {count}
"""
CHEAPEST = f"""
SELECT id, distance, price FROM (
    SELECT event.id, {{distance}} AS distance,
           coalesce(cheapest.total, {NO_PRICE}) AS price
      FROM events_event AS event
      JOIN events_venue AS venue ON venue.id = event.venue_id
      LEFT JOIN LATERAL (
           SELECT min({TOTAL}) AS total
             FROM inventory_tickettype AS type
            CROSS JOIN LATERAL ({NET_AND_STEP.format(at="%(now)s")}) AS price
            WHERE type.event_id = event.id AND type.capacity > 0
              AND coalesce(event.ends_at > %(now)s, true)
              AND coalesce(event.sales_close_at > %(now)s,
                           event.starts_at > %(now)s, true)
              AND EXISTS (SELECT FROM inventory_ticket AS ticket
                           WHERE ticket.ticket_type_id = type.id
                             AND ticket.status = 'available')
              AND coalesce({ROOM.format(type="type.id")} > 0, true)) AS cheapest ON true
     WHERE {{where}}) AS priced
 WHERE (price, id) > (%(price)s, %(after)s::uuid)
 ORDER BY price, id
 LIMIT {{count}}
"""
