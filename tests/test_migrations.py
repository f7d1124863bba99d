import pytest
from django.db import connection


@pytest.mark.django_db
def test_the_nearby_index_covers_only_published_events():
    """A GiST index built in one piece with its condition: see `\\d events_event`."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select indexdef from pg_indexes where indexname = 'events_event_open_near'"
        )
        [(definition,)] = cursor.fetchall()

    assert "gist (location, starts_at)" in definition
    assert "WHERE" in definition
    assert "published" in definition
