"""Jobs about money. Each finds its work in rows; a lost message costs seconds."""

from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from threading import local
from time import monotonic
from urllib.parse import urlsplit

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from payments import services
from payments.gateways.sandbox import post

BATCH = 200
# A silent provider is asked for 8 seconds, three times: ten such payments are done
# with before the worker would be killed over them.
ASKED = 10
TURN = timedelta(seconds=30)
TIMEOUT_SECONDS = 10
# Webhooks on their way to us at once: each waits for an answer.
LINES = 16
# Done before the clock asks for the next one. A worker that is killed over it tells
# nobody what it found, so it stops comparing long before, and has time for the rest.
LONGEST_COMPARISON = 50 * 60
COMPARES_FOR = timedelta(minutes=25)


@shared_task
def sweep_payments() -> None:
    """Finish what nobody finished, and pay what called-off events owe."""

    def payments() -> bool:
        return services.sweep_payments(now=timezone.now(), limit=ASKED).asked >= ASKED

    def called_off() -> bool:
        done = services.sweep_called_off_events(now=timezone.now(), limit=BATCH)
        return done.owed + done.told + done.closed > 0

    _take_a_turn(payments)
    _take_a_turn(called_off)
    services.forget_removed_cards(now=timezone.now(), limit=ASKED)


@shared_task
def sweep_card_setups() -> None:
    """Ask what became of cards that somebody was about to keep."""

    def setups() -> bool:
        run = services.sweep_card_setups(now=timezone.now(), limit=ASKED)
        return run.asked >= ASKED

    _take_a_turn(setups)


@shared_task
def process_webhooks() -> None:
    def events() -> bool:
        run = services.process_events(now=timezone.now(), limit=ASKED)
        return run.done + run.kept >= ASKED

    _take_a_turn(events)


@shared_task
def charge_offers() -> None:
    """Buy for people who wait; each charge at its own time."""
    _take_a_turn(lambda: services.charge_next_offer(now=timezone.now()))


@shared_task
def pay_refunds() -> None:
    """The rest of a long list is for the next look, here or on another worker."""

    def refunds() -> bool:
        run = services.pay_refunds(now=timezone.now(), limit=ASKED)
        return run.paid + run.failed + run.waiting >= ASKED

    _take_a_turn(refunds)


@shared_task(time_limit=LONGEST_COMPARISON)
def reconcile() -> None:
    """Compare with the provider, and let the ordinary flows mend what they can."""
    deadline = services.Deadline.after(COMPARES_FOR, clock=monotonic)
    services.reconcile_what_is_due(now=timezone.now(), deadline=deadline)


@shared_task
def deliver_sandbox_webhooks() -> None:
    """What the provider's own servers do when it is real."""
    if not settings.PAYMENT_SANDBOX:
        return
    now = timezone.now()
    post.let_mature(now=now, limit=BATCH)
    with closing(Sender()) as send:

        def webhooks() -> bool:
            moment = timezone.now()
            return (
                post.deliver_webhooks(now=moment, limit=BATCH, send=send, lines=LINES)
                >= BATCH
            )

        _take_a_turn(webhooks)
    post.purge_keys(now=now)


def _take_a_turn(work: Callable[[], bool]) -> None:
    """Work while there is more, but leave the worker to other jobs in time."""
    ends_at = timezone.now() + TURN
    while work() and timezone.now() < ends_at:
        pass


class Sender:
    """Posts an event to our own webhook address, over the wire as Stripe would.

    For several threads at once: each keeps a connection of its own open.
    """

    def __init__(self) -> None:
        self.site = urlsplit(settings.SITE_URL)
        self.path = f"{self.site.path}/api/v1/webhooks/stripe"
        self.lines: list[HTTPConnection] = []
        self.of_thread = local()

    def __call__(self, body: bytes, signature: str) -> int:
        headers = {"Content-Type": "application/json", "Stripe-Signature": signature}
        line = self._line()
        try:
            line.request("POST", self.path, body, headers)
            answer = line.getresponse()
            answer.read()
        except (OSError, HTTPException):
            line.close()  # The next one begins anew.
            return 0
        return answer.status

    def _line(self) -> HTTPConnection:
        if not hasattr(self.of_thread, "line"):
            kind = HTTPSConnection if self.site.scheme == "https" else HTTPConnection
            line = kind(self.site.netloc, timeout=TIMEOUT_SECONDS)
            self.of_thread.line = line
            self.lines.append(line)
        return self.of_thread.line

    def close(self) -> None:
        for line in self.lines:
            line.close()
