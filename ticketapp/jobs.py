"""Messages to the workers. They say "look now" and nothing else."""

import logging
from functools import partial

from django.db import transaction
from kombu.exceptions import OperationalError

from ticketapp.celery import app

logger = logging.getLogger(__name__)


def look_now(task: str) -> None:
    """Once this transaction has committed, ask a worker to run `task` at once.

    The rows are the work items and a sweep finds them every few seconds, so a
    broker that is away costs time and nothing else: it is logged, not raised.
    """
    transaction.on_commit(partial(_publish, task), robust=True)


def _publish(task: str) -> None:
    try:
        app.send_task(task, retry=False, ignore_result=True)
    except OperationalError:
        logger.warning("The broker is away; the sweep will run %s.", task)
