"""What must hold between venues and their events, as SQL that finds offenders."""

from ticketapp.audit import register

register(
    9,
    "An event is where its venue is",
    """
    SELECT event.id AS event, venue.id AS venue
      FROM events_event AS event
      JOIN events_venue AS venue ON venue.id = event.venue_id
     WHERE (event.location IS NULL) <> (venue.location IS NULL)
        OR NOT ST_Equals(event.location::geometry, venue.location::geometry)
    """,
)
