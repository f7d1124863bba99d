"""Kill -9 of the real web process and the real worker, with a payment in flight."""

import json
import os
import signal
import time
import urllib.request
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest

from tests.ops.conftest import Checkout

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
# For each call to the provider, so that there is time to die in one.
LATENCY = {"SANDBOX_LATENCY_MS": "5000"}
BUYER = """
import json
from datetime import timedelta
from django.utils import timezone
from accounts.models import User
from bench.people import sign_in
from inventory import services as inventory
from inventory.models import TicketType
from tests import factories as make
from tests.paying import token

[buyer], now = sign_in(1), timezone.now()
soon = now + timedelta(hours=8)
event = make.event(starts_at=soon, sales_open_at=None, sales_close_at=None)
rush = make.ticket_type(event=event, stock=4)
hold = inventory.hold_tickets(
    user=User.objects.get(pk=buyer.id),
    ticket_type=TicketType.objects.with_terms().get(pk=rush.pk),
    quantity=2,
    now=now,
)
order = {"hold": str(hold.pk), "payment_method": token()}
print(json.dumps({"token": buyer.token, "order": order}))
"""
TRIED = """
SELECT attempt.status FROM payments_paymentattempt AS attempt
  JOIN payments_payment AS payment ON payment.id = attempt.payment_id
  JOIN payments_order AS placed ON placed.id = payment.order_id
 WHERE placed.hold_id = '{hold}'
"""


def did(checkout: Checkout, script: str, *arguments: str) -> str:
    code, said = checkout.run(script, *arguments)
    assert code == 0, said
    return said


def pay(checkout: Checkout, buyer: dict) -> None:
    request = urllib.request.Request(
        f"{checkout.url}/api/v1/orders",
        data=json.dumps(buyer["order"]).encode(),
        headers={
            "Content-Type": "application/json",
            "X-Session-Token": buyer["token"],
            "Idempotency-Key": "one tap",
        },
    )
    with suppress(OSError):  # Nobody answers any more.
        urllib.request.urlopen(request, timeout=60).close()


def wait_until_it_is_with_the_provider(checkout: Checkout, hold: str) -> None:
    ends_at = time.monotonic() + 60
    tried = TRIED.format(hold=hold)
    while "started" not in did(checkout, "services", "psql", "-Atc", tried):
        assert time.monotonic() < ends_at, "Nobody has tried the card."


def kill(checkout: Checkout, part: str) -> None:
    """The group that it leads: with all whom it has started."""
    note = checkout.path / f".services/run/{part}.pid"
    os.killpg(int(note.read_text()), signal.SIGKILL)


def test_killed_while_paying_it_is_whole_again_after_the_sweeps(checkout):
    quick = checkout.environment
    checkout.environment = quick | LATENCY
    did(checkout, "up", "--detach")
    checkout.environment = quick
    told = did(checkout, "manage", "shell", "-c", BUYER)
    buyer = json.loads(told.splitlines()[-1])
    request = Thread(target=pay, args=(checkout, buyer))
    request.start()
    wait_until_it_is_with_the_provider(checkout, buyer["order"]["hold"])

    kill(checkout, "web")
    kill(checkout, "worker")
    request.join()
    did(checkout, "down")
    did(checkout, "up", "--detach")

    now = datetime.now(UTC)
    for minute in range(1, 5):
        for sweep in ("release_expired_holds", "sweep_payments"):
            at = now + timedelta(minutes=minute)
            did(checkout, "manage", sweep, "--at", at.isoformat())
    # Had nobody swept, the second audit would find tickets that are paid for too long.
    for minutes in (5, 10):
        at = now + timedelta(minutes=minutes)
        did(checkout, "manage", "audit", "--at", at.isoformat())
    did(checkout, "manage", "reconcile", "--at", at.isoformat())
