"""Kill -9 at every point where it makes a difference.

Nothing of a process outlives it but what it committed, here and at the provider
(whose tables are in the same database). So a process that dies when it begins its
first transaction, its second, and so on, leaves every state there is: before and
after each commit, before and after each provider call.
"""

import os
import signal
from collections.abc import Callable, Iterator
from itertools import count

from django.db import connection
from django.db.backends.signals import connection_created
from psycopg2 import extensions

from payments.models import LedgerEntry, SandboxObject
from tests import emptying
from tests.sessions import wait_for_no_disk


class Killer:
    """Kills its own process when it begins transaction number `at`.

    It watches the driver's cursors, not Django's: what `ticketapp.prepared` plans goes
    past those, and so begins many a transaction unseen.
    """

    def __init__(self, at: int) -> None:
        self.left = at

    def watch(self, *, connection, **told: object) -> None:
        connection.connection.cursor_factory = self.cursor()

    def begins(self) -> None:
        self.left -= 1
        if not self.left:
            os.kill(os.getpid(), signal.SIGKILL)

    def cursor(self) -> type[extensions.cursor]:
        begins = self.begins

        class Watched(extensions.cursor):
            def execute(self, *args):
                status = self.connection.info.transaction_status
                if status == extensions.TRANSACTION_STATUS_IDLE:
                    begins()
                return super().execute(*args)

        return Watched


def dies(action: Callable[[], object], *, at: int) -> bool:
    """Run `action` in a process that dies at a transaction; False if it ends."""
    child = os.fork()
    if not child:
        status = 1
        try:
            connect_anew()
            killer = Killer(at)
            killer.watch(connection=connection)
            connection_created.connect(killer.watch)
            action()
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return True
    assert os.waitstatus_to_exitcode(status) == 0, "The child failed; see its output."
    return False


def connect_anew() -> None:
    """The connection that came along by the fork is the parent's, and stays open."""
    connection.connection = None
    connection.connect()
    wait_for_no_disk()


def every_death(
    prepare: Callable[[], Callable[[], object]], *, at_least: int
) -> Iterator[int]:
    """For each transaction of an action: prepare, let it die there, and yield.

    There must be `at_least` so many, or the story is not told to its end. Each time
    it is told in an empty database: work that looks at all there is would have ever
    more points to die at, over the rows of those who died before.
    """
    wait_for_no_disk()
    for at in count(1):
        emptying.empty_all_tables()
        if not dies(prepare(), at=at):
            assert at > at_least, f"It died at {at - 1} points only."
            return
        yield at


def assert_provider_and_books_agree() -> None:
    """What the provider took and gave is what the ledger says."""
    moved = SandboxObject.objects.filter(type="balance_transaction")
    at_provider = sum(line["amount"] for line in moved.values_list("data", flat=True))
    assert at_provider == sum(LedgerEntry.objects.values_list("amount", flat=True))
