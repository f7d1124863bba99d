"""Kill -9 at every point where it makes a difference.

Nothing of a process outlives it but what it committed, here and at the provider
(whose tables are in the same database). So a process that dies when it begins its
first transaction, its second, and so on, leaves every state there is: before and
after each commit, before and after each provider call.
"""

import os
import signal
from collections.abc import Callable, Iterator

from django.db import connection, connections
from psycopg2.extensions import TRANSACTION_STATUS_IDLE

from payments.models import LedgerEntry, SandboxObject


class Killer:
    """Kills its own process when it begins transaction number `at`."""

    def __init__(self, at: int) -> None:
        self.left = at

    def __call__(self, execute, sql, params, many, context):
        session = context["connection"].connection.info
        self.left -= session.transaction_status == TRANSACTION_STATUS_IDLE
        if not self.left:
            os.kill(os.getpid(), signal.SIGKILL)
        return execute(sql, params, many, context)


def dies(action: Callable[[], object], *, at: int) -> bool:
    """Run `action` in a process that dies at a transaction; False if it ends."""
    connections.close_all()
    child = os.fork()
    if not child:
        status = 1
        try:
            connection.ensure_connection()
            with connection.execute_wrapper(Killer(at)):
                action()
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return True
    assert os.waitstatus_to_exitcode(status) == 0, "The child failed; see its output."
    return False


def every_death(prepare: Callable[[], Callable[[], object]]) -> Iterator[int]:
    """For each transaction of an action: prepare, let it die there, and yield."""
    at = 0
    while True:
        at += 1
        if not dies(prepare(), at=at):
            return
        yield at


def assert_provider_and_books_agree() -> None:
    """What the provider took and gave is what the ledger says."""
    moved = SandboxObject.objects.filter(type="balance_transaction")
    at_provider = sum(line["amount"] for line in moved.values_list("data", flat=True))
    assert at_provider == sum(LedgerEntry.objects.values_list("amount", flat=True))
