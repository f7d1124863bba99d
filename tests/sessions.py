"""What a test says to its session with the database."""

from django.db import connection


def wait_for_no_disk() -> None:
    """For tests that commit thousands of times, and in which the server never dies.

    A process that dies takes nothing with it: the server has what was committed,
    written or not. Not for races: whoever commits sooner meets fewer rivals.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
