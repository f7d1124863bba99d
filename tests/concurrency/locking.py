"""Writing down in which order transactions lock rows.

Two transactions can only wait for each other in a circle if one takes a lock that
the other already has, and the other way round. So it is enough to see that all of
them take their locks in one order.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from psycopg2.extensions import TRANSACTION_STATUS_IDLE

TURN = "the buyer's turn"
# Shared by all who take tickets or serve a line; alone for staff who change a cap.
CAPS = "the caps of the event"
LOCK = re.compile(r'FOR (?:NO KEY )?UPDATE(?: OF "(\w+)")?( SKIP LOCKED)?')
WRITE = re.compile(r'(?:^|\s)(?:UPDATE|DELETE FROM) "?(\w+)"?')
FROM = re.compile(r'FROM "?(\w+)"?')
SAVEPOINT = re.compile(r'\s*SAVEPOINT "?(\w+)"?')
ROLLBACK = re.compile(r'\s*ROLLBACK TO SAVEPOINT "?(\w+)"?')
PLANNED = re.compile(r"EXECUTE (\w+)")
NAME = re.compile(r"/\* (\w+) \*/")
# Statements that lock rows of several tables, or under another name, and their order.
IN_TURN = {
    "open_order": ["inventory_hold"],
    "lock_payment": ["payments_order", "payments_payment"],
    "settle_at_once": [
        "inventory_hold",
        "inventory_ticket",
        "payments_paymentattempt",
    ],
    "begin_attempt": ["payments_order", "payments_payment", "inventory_hold"],
    "capture": ["payments_payment", "payments_paymentattempt"],
    "sell_held_tickets": ["inventory_hold", "inventory_ticket"],
    "complete_order": ["payments_order"],
}


class Locks:
    """What each transaction had locked when it began to wait for another lock."""

    def __init__(self) -> None:
        self.waits: set[tuple[str, str]] = set()
        self.together: set[tuple[tuple[str, ...], str]] = set()
        self.seen: set[str] = set()
        self.held: list[str] = []
        self.savepoints: dict[str, int] = {}

    def __call__(self, execute, sql, params, many, context):
        session = context["connection"].connection
        if session.info.transaction_status == TRANSACTION_STATUS_IDLE:
            self.held, self.savepoints = [], {}
        done = execute(sql, params, many, context)
        for statement in text_of(sql, session).split(";"):
            self._note_savepoints(statement)
            # What finds no row locks none, and waits for none.
            if context["cursor"].rowcount:
                for name, waited_for in locked_by(statement):
                    self._note(name, waited_for)
        return done

    def _note(self, name: str, waited_for: bool) -> None:
        if name in self.held:
            return
        if waited_for:
            self.waits |= {(before, name) for before in self.held}
            self.together.add((tuple(self.held), name))
        self.held.append(name)
        self.seen.add(name)

    def _note_savepoints(self, statement: str) -> None:
        """What is rolled back gives up the locks that were taken since."""
        if found := SAVEPOINT.match(statement):
            self.savepoints[found[1]] = len(self.held)
        elif found := ROLLBACK.match(statement):
            del self.held[self.savepoints[found[1]] :]


@contextmanager
def locks_written_down() -> Iterator[Locks]:
    locks = Locks()
    with connection.execute_wrapper(locks):
        yield locks


def text_of(sql: str, session) -> str:
    """The statements, also where plans of them are run by their names."""
    for found in PLANNED.finditer(sql):
        with session.cursor() as cursor:
            cursor.execute(
                "SELECT statement FROM pg_prepared_statements WHERE name = %s",
                [found[1]],
            )
            for (text,) in cursor.fetchall():
                sql = sql.replace(found[0], text)
    return sql


def locked_by(statement: str) -> Iterator[tuple[str, bool]]:
    """The tables whose rows a statement locks, and whether it waits for them."""
    # A plan of it that is run by its name has no names of parameters.
    shared = "pg_advisory_xact_lock_shared" in statement
    if shared or ("%(caps)s" in statement and "advisory" in statement):
        yield CAPS, True
    elif "hashtextextended" in statement:
        yield TURN, "pg_try_" not in statement
    if (found := NAME.search(statement)) and found[1] in IN_TURN:
        for name in IN_TURN[found[1]]:
            yield name, True
    elif "/* pick_tickets */" in statement:
        yield "inventory_ticket", "SKIP LOCKED" not in statement
    elif lock := LOCK.search(statement):
        yield lock[1] or FROM.search(statement)[1], not lock[2]
    elif write := WRITE.search(statement):
        yield write[1], True
