"""PostGIS as Django drives it, but it knows without asking that a server hung up."""

from collections.abc import Iterator
from contextlib import contextmanager
from select import POLLIN, poll
from threading import get_ident
from types import TracebackType
from typing import Any, Self

from django.contrib.gis.db.backends.postgis import base
from django.contrib.gis.db.backends.postgis.schema import PostGISSchemaEditor
from django.db.backends.utils import CursorWrapper
from django.db.models import Field, Model
from psycopg2.extensions import TRANSACTION_STATUS_INERROR as IN_ERROR


class SchemaEditor(PostGISSchemaEditor):
    """A migration may take as long as it takes: nobody waits for a page.

    The other limits stay: a lock that it does not get in time still ends it,
    before it has stopped everybody else.

    Keys are looked up whole, so none gets the second index that Django adds to
    each text for searches by how it begins: every purchase wrote twenty of them.
    """

    def _create_like_index_sql(self, model: type[Model], field: Field) -> None:
        return None

    def __enter__(self) -> Self:
        editor = super().__enter__()
        if not self.collect_sql:
            scope = "LOCAL" if self.atomic_migration else "SESSION"
            self.execute(f"SET {scope} statement_timeout = 0")
        return editor

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        super().__exit__(kind, error, trace)
        if not self.collect_sql and not self.atomic_migration:
            self.execute("RESET statement_timeout")


class Cursor(CursorWrapper):
    """Django's, with less between it and the driver's where nothing is to be done."""

    def execute(self, sql: Any, params: Any = None) -> Any:
        if self.db.execute_wrappers or params is None:
            return super().execute(sql, params)
        self.db.validate_no_broken_transaction()
        with self.db.wrap_database_errors:
            return self.cursor.execute(sql, params)

    def fetchone(self) -> Any:
        with self.db.wrap_database_errors:
            return self.cursor.fetchone()

    def fetchall(self) -> Any:
        with self.db.wrap_database_errors:
            return self.cursor.fetchall()

    def close(self) -> None:
        self.cursor.close()


class DatabaseWrapper(base.DatabaseWrapper):
    SchemaEditorClass = SchemaEditor
    # What this session has planned: see `ticketapp.prepared`.
    plans: dict[Any, Any]

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        self.plans = {}
        return super().get_new_connection(conn_params)

    def make_cursor(self, cursor: Any) -> "Cursor":
        return Cursor(cursor, self)

    def cursor(self) -> Any:
        """As Django makes it, but at once where there is nothing to see to before."""
        here = self.connection
        unseen = self.health_check_enabled and not self.health_check_done
        foreign = self._thread_ident != get_ident()
        if not here or here.closed or unseen or foreign or self.queries_logged:
            return super().cursor()
        cursor = here.cursor()
        cursor.tzinfo_factory = self.tzinfo_factory
        return self.make_cursor(cursor)

    @contextmanager
    def _nodb_cursor(self) -> Iterator[Any]:
        """Making and dropping a database of tests takes longer on a busy machine."""
        with super()._nodb_cursor() as cursor:
            cursor.execute("SET statement_timeout = 0")
            yield cursor

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
