"""A large catalogue: venues around cities, what is on in the coming week, its stock.

Made by SQL in seconds, the same each time but for the clock and random ids. A few
cities have most of it, as in life; an event has one or two ticket types, most with
plenty of tickets, some with few, every tenth event with none left.
"""

from random import Random
from typing import NamedTuple

from django.db import connection, transaction

from accounts.models import User

CITIES = 200
# A few cities have much more than the rest: 1 would be all alike.
SKEW = 1.5
EVENTS_PER_VENUE = 20
PERFORMERS = 2_000
CATEGORIES = ("music", "theatre", "comedy", "sport", "film", "club", "family", "talks")
# Roughly a city's half: 0.05 degrees are five kilometres.
SPREAD_DEGREES = 0.05
DECIMALS = 3


class Place(NamedTuple):
    latitude: float
    longitude: float


# The same cities for rows and for requests.
_random = Random(2026)
CENTRES = [
    Place(_random.uniform(37, 60), _random.uniform(-8, 28)) for _ in range(CITIES)
]

SEED = "SELECT setseed(0.5)"
# Rows of this size need no checks of what is known to fit, nor the trigger that
# copies a venue's location: it is copied here.
QUICKLY = "SET LOCAL session_replication_role = replica"

VENUES = """
INSERT INTO events_venue
       (id, name, address, city, region, postal_code, country, location,
        location_precision, time_zone, refund_policy, currency, tax_name, tax_mode,
        tax_basis_points, match_key, kept_by_staff)
SELECT gen_random_uuid(), 'The Room ' || number, number || ' High Street',
       'City ' || city, '', '', 'GB',
       ST_Point((%(longitudes)s::float8[])[city] + {spread} * (across - 6),
                (%(latitudes)s::float8[])[city] + {spread} * (up - 6))::geography,
       CASE WHEN number %% 20 = 0 THEN 'city' ELSE 'exact' END, 'Europe/London',
       'Until the day before.', 'GBP', 'VAT', 'included', 2000,
       'the room ' || number || '|' || %(batch)s, false
  FROM (SELECT number, 1 + floor({cities} * random() ^ {skew})::int AS city,
               random() + random() + random() + random() + random() + random()
               + random() + random() + random() + random() + random() + random()
               AS across,
               random() + random() + random() + random() + random() + random()
               + random() + random() + random() + random() + random() + random()
               AS up
          FROM generate_series(1, %(venues)s) AS number) AS spot
"""
EVENTS = """
INSERT INTO events_event
       (id, venue_id, category_id, name, description, status, starts_at, doors_at,
        ends_at, local_date, sales_open_at, sales_close_at, per_buyer_limit,
        viewer_counts, location, image_url, listing_url, source, source_id,
        kept_by_staff)
SELECT gen_random_uuid(), venue.id, (%(categories)s::bigint[])[1 + number %% 8],
       'Night ' || number || ' with friends', repeat('What a night. ', 20),
       'published', starts_at, starts_at - interval '30 minutes',
       starts_at + interval '150 minutes', starts_at::date,
       now() - interval '3 days', starts_at, 6, true, venue.location, '', '',
       'bench', %(batch)s || '-' || venue.id || '-' || number, false
  FROM events_venue AS venue
 CROSS JOIN generate_series(1, %(per_venue)s) AS number
 CROSS JOIN LATERAL (
       SELECT now() + interval '1 hour'
              + (random() + 0 * (number + get_byte(uuid_send(venue.id), 0)))
              * interval '7 days' AS starts_at) AS time
 WHERE venue.match_key LIKE '%%|' || %(batch)s
"""
PERFORMERS_AND_LINKS = """
WITH performer AS (
    INSERT INTO events_performer (id, name, source, source_id)
    SELECT gen_random_uuid(), 'The Number ' || number, '', ''
      FROM generate_series(1, %(performers)s) AS number
    RETURNING id
), numbered AS (SELECT id, row_number() OVER () AS number FROM performer),
event AS (
    SELECT id, 1 + floor(random() * %(performers)s)::int AS number
      FROM events_event WHERE source_id LIKE %(batch)s || '-%%'
)
INSERT INTO events_event_performers (event_id, performer_id)
SELECT event.id, numbered.id FROM event JOIN numbered USING (number)
"""
TICKET_TYPES = """
INSERT INTO inventory_tickettype
       (id, event_id, name, description, position, unit_amount, fee_amount, fee_name,
        currency, capacity, floor_amount)
SELECT gen_random_uuid(), event.id, 'Price ' || number, 'Unreserved.', number,
       1000 + floor(random() * 80)::int * 100, 150, 'Booking fee', 'GBP',
       CASE WHEN random() < 0.3 THEN least(%(stock)s, 1 + floor(random() * 10)::int)
            ELSE %(stock)s END, 500
  FROM events_event AS event
 CROSS JOIN generate_series(1, 2) AS number
 WHERE event.source_id LIKE %(batch)s || '-%%'
   AND (number = 1 OR get_byte(uuid_send(event.id), 0) < 128)
"""
PRICE_STEPS = """
INSERT INTO inventory_pricestep (ticket_type_id, starts_at, unit_amount)
SELECT type.id, event.starts_at - hours * interval '1 hour',
       type.unit_amount * (5 + hours) / 10
  FROM inventory_tickettype AS type
  JOIN events_event AS event ON event.id = type.event_id
 CROSS JOIN (VALUES (1), (3)) AS step (hours)
 WHERE event.source_id LIKE %(batch)s || '-%%'
   AND get_byte(uuid_send(type.id), 0) < 26
"""
HOLDS = """
INSERT INTO inventory_hold
       (id, user_id, event_id, ticket_type_id, quantity, status, unit_amount,
        fee_amount, tax_amount, total_amount, currency, expires_at)
SELECT type.id, %(holder)s, event.id, type.id, type.capacity, 'active',
       type.unit_amount, type.fee_amount, 0,
       type.capacity * (type.unit_amount + type.fee_amount), 'GBP',
       now() + interval '1 day'
  FROM inventory_tickettype AS type
  JOIN events_event AS event ON event.id = type.event_id
 WHERE event.source_id LIKE %(batch)s || '-%%' AND type.position = 1
   AND get_byte(uuid_send(event.id), 1) < 26
"""
TICKETS = """
INSERT INTO inventory_ticket (id, ticket_type_id, slot, status, hold_id)
SELECT gen_random_uuid(), type.id, floor(random() * 2147483648)::int,
       CASE WHEN hold.id IS NULL THEN 'available' ELSE 'held' END, hold.id
  FROM inventory_tickettype AS type
  JOIN events_event AS event ON event.id = type.event_id
  LEFT JOIN inventory_hold AS hold ON hold.id = type.id
 CROSS JOIN generate_series(1, type.capacity)
 WHERE event.source_id LIKE %(batch)s || '-%%'
"""
STATEMENTS = (
    VENUES.format(spread=SPREAD_DEGREES, cities=CITIES, skew=SKEW),
    EVENTS,
    PERFORMERS_AND_LINKS,
    TICKET_TYPES,
    PRICE_STEPS,
    HOLDS,
    TICKETS,
)


@transaction.atomic
def add_events(count: int, *, batch: str, stock: int) -> None:
    """Add `count` open events; most ticket types have `stock` tickets.

    `batch` names them, and must not be used twice.
    """
    parameters = {
        "batch": batch,
        "venues": max(1, count // EVENTS_PER_VENUE),
        "per_venue": min(count, EVENTS_PER_VENUE),
        "latitudes": [centre.latitude for centre in CENTRES],
        "longitudes": [centre.longitude for centre in CENTRES],
        "performers": PERFORMERS,
        "categories": categories(),
        "holder": User.objects.create_user(f"holder-{batch}@example.com").pk,
        "stock": stock,
    }
    with connection.cursor() as cursor:
        cursor.execute(f"{QUICKLY}; {SEED}")
        for statement in STATEMENTS:
            cursor.execute(statement, parameters)


def categories() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO events_category (slug, name) SELECT name, initcap(name) "
            "FROM unnest(%s) AS name ON CONFLICT (slug) DO NOTHING",
            [list(CATEGORIES)],
        )
        cursor.execute(
            "SELECT id FROM events_category WHERE slug = ANY(%s) ORDER BY slug",
            [list(CATEGORIES)],
        )
        return [number for (number,) in cursor.fetchall()]


def positions(count: int, *, seed: int) -> list[Place]:
    """Where people stand who look: near the cities, no two on the same spot."""
    random, found = Random(seed), set()
    while len(found) < count:
        centre = CENTRES[int(CITIES * random.random() ** SKEW)]
        latitude, longitude = (
            round(random.gauss(middle, SPREAD_DEGREES), DECIMALS) for middle in centre
        )
        found.add(Place(latitude, longitude))
    # A set has an order of its own each time: the requests must not.
    result = sorted(found)
    random.shuffle(result)
    return result
