"""PostGIS as Django drives it, but it knows without asking that a server hung up."""

from select import POLLIN, poll

from django.contrib.gis.db.backends.postgis import base
from psycopg2.extensions import TRANSACTION_STATUS_INERROR as IN_ERROR


class DatabaseWrapper(base.DatabaseWrapper):
    def is_usable(self) -> bool:
        """Whether the server is still at the other end, before each request.

        Django asks it (SELECT 1), one round trip more for every request. A server
        that stopped, or ended this session, has said so and closed its end: then
        there is something to read though nobody asked anything. What cannot be
        seen so, a network gone silent, would not answer a question either.
        """
        here = self.connection
        if not here or here.closed or here.get_transaction_status() == IN_ERROR:
            return False
        watch = poll()
        watch.register(here.fileno(), POLLIN)
        return not watch.poll(0)
