"""`bench/run orders`: hold, pay with a kept card, and all that follows from it."""

import time
from argparse import Namespace
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from uuid import UUID, uuid4

from django.utils import timezone

from bench import holds
from bench.cards import keep_cards
from bench.console import BenchFailed, step
from bench.environment import Bench
from bench.load import MARK, Run, prepared, send_each
from bench.people import Buyer, sign_in
from bench.results import Result, ratio, result_of
from bench.servers import Usage, jobs
from inventory.models import Ticket, TicketStatus, TicketType
from notifications.models import Notification, NotificationStatus
from payments.gateways.sandbox.models import SandboxEvent
from payments.models import Order, OrderStatus, StripeEvent
from ticketapp import health

MOST_PER_SECOND = 250
# How often an order asks the provider: so many clients more wait for a slow one, at
# the same number of clients that keep the machine busy.
QUESTIONS_PER_ORDER = 2
# Until every thread has its connection, and every connection its plans.
WARM_UP_SECONDS = 12
LONGEST_DRAIN = 180
UNSENT = (NotificationStatus.QUEUED, NotificationStatus.SENDING)
LIMIT = "half the rate of a bare view of one statement: an order is two requests"
LIMIT_WITHOUT = "the same run without latency"


@dataclass(frozen=True, slots=True)
class Evening:
    """What one run came to."""

    found: Run
    paid: int
    seconds: float
    drained_after: float
    cores: dict[str, float]

    @property
    def rate(self) -> float:
        """Orders a second, over the time until the last job was done."""
        return self.paid / self.seconds


def run(bench: Bench, options: Namespace) -> list[Result]:
    with step("Buyers, their sessions and cards"):
        number = options.seconds * MOST_PER_SECOND
        buyers = sign_in(max(number, holds.WARM_UP_BUYERS))
        cards = keep_cards(buyers, now=timezone.now())
    limit = holds.limit_of(bench, buyers, replaced(options, stock=2 * len(buyers))) / 2
    evening = sell(bench, options, buyers, cards, 0)
    results = [judge(bench, options, evening, 0, limit)]
    if options.latency is not None:
        rate = results[0].rate
        clients = options.clients + waiting(rate, options.latency)
        crowd = replaced(options, clients=clients)
        evening = sell(bench, crowd, buyers, cards, options.latency)
        results.append(judge(bench, crowd, evening, options.latency, rate))
    bench.audit()
    return results


def waiting(rate: float, latency: int) -> int:
    """How many clients the provider keeps waiting at that rate."""
    return round(rate * QUESTIONS_PER_ORDER * latency / 1000)


def replaced(options: Namespace, **changes: object) -> Namespace:
    return Namespace(**{**vars(options), **changes})


def sell(
    bench: Bench,
    options: Namespace,
    buyers: Sequence[Buyer],
    cards: dict[UUID, UUID],
    latency: int,
) -> Evening:
    with (
        bench.web(options, SANDBOX_LATENCY_MS=str(latency)) as web,
        jobs(
            folder=bench.folder,
            site=web.url,
            processes=options.jobs,
            ready=lambda: health.heartbeat_is_fresh(now=timezone.now()),
        ) as worker,
    ):
        ready = holds.make_event(holds.WARM_UP_BUYERS, f"Warm-up {latency}")
        few = requests_of(buyers[: holds.WARM_UP_BUYERS // 2], cards, ready)
        with step("Warming up"):
            send(bench, web.url, few, options, WARM_UP_SECONDS)
            drain()
        ticket_type = holds.make_event(2 * len(buyers), f"Evening {latency}")
        requests = requests_of(buyers, cards, ticket_type)
        with step(f"Selling, the provider answers in {latency} ms"):
            usage = bench.usage(web, worker=worker.pid)
            began = time.monotonic()
            found = send(bench, web.url, requests, options, options.seconds)
            drained_after = drain()
            return finish(ticket_type, found, began, drained_after, usage)


def requests_of(
    buyers: Sequence[Buyer], cards: dict[UUID, UUID], ticket_type: TicketType
) -> Iterator[bytes]:
    """Of each buyer two: hold, and pay for what was held."""
    wanted = {"ticket_type": str(ticket_type.pk), "quantity": holds.QUANTITY}
    for buyer in buyers:
        paid = {"hold": MARK, "payment_method": str(cards[buyer.id])}
        for path, body in (("holds", wanted), ("orders", paid)):
            headers = {"X-Session-Token": buyer.token, "Idempotency-Key": str(uuid4())}
            yield prepared("POST", f"/api/v1/{path}", headers=headers, body=body)


def send(
    bench: Bench, url: str, requests: Iterator[bytes], options: Namespace, seconds: int
) -> Run:
    return send_each(
        url,
        requests,
        folder=bench.folder,
        clients=options.clients,
        seconds=seconds,
        steps=2,
    )


def drain() -> float:
    """Wait until nothing is owed any more; gives the seconds that it took."""
    began = time.monotonic()
    while left := owed():
        if time.monotonic() - began > LONGEST_DRAIN:
            raise BenchFailed(f"After {LONGEST_DRAIN} s still not done: {left}")
        time.sleep(0.1)
    return time.monotonic() - began


def owed() -> dict[str, int]:
    """What the workers still have to do, by name."""
    found = {
        "webhooks to deliver": SandboxEvent.objects.filter(
            next_attempt_at__isnull=False
        ),
        "webhooks to process": StripeEvent.objects.filter(processed_at=None),
        "messages to send": Notification.objects.filter(status__in=UNSENT),
    }
    counts = {name: rows.count() for name, rows in found.items()}
    return {name: count for name, count in counts.items() if count}


def finish(
    ticket_type: TicketType,
    found: Run,
    began: float,
    drained_after: float,
    usage: Usage,
) -> Evening:
    """Count what was sold; what buyers were told must be among it."""
    seconds = time.monotonic() - began
    orders = Order.objects.filter(event=ticket_type.event, status=OrderStatus.PAID)
    sold = Ticket.objects.filter(ticket_type=ticket_type, status=TicketStatus.SOLD)
    paid, tickets = orders.count(), sold.count()
    told = sum(answer.status == 201 for answer in found.answers if answer.step == 1)
    if tickets != paid * holds.QUANTITY or told > paid:
        raise BenchFailed(
            f"{told:,} orders were told to be paid, {paid:,} are, with {tickets:,} "
            "tickets."
        )
    return Evening(found, paid, seconds, drained_after, usage.cores())


def judge(
    bench: Bench, options: Namespace, evening: Evening, latency: int, limit: float
) -> Result:
    """The figures of the payments; a hold that went wrong is an error of theirs."""
    answers = evening.found.answers
    asides = [a for a in answers if a.step == 0 and a.status not in (201, 409)]
    result = result_of(
        f"orders --latency {latency}" if latency else "orders",
        [a for a in answers if a.step == 1],
        wanted=201,
        broken=evening.found.broken + len(asides),
        limit=limit,
        settings={
            **bench.settings(options),
            "jobs": f"celery, {options.jobs} processes",
            "latency_ms": latency,
            "orders": evening.paid,
            "drained_after_s": evening.drained_after,
            "limit": LIMIT_WITHOUT if latency else LIMIT,
            "client_cores": evening.found.client_cores,
            **evening.cores,
        },
    )
    rate = evening.rate
    return replace(result, rate=rate, ratio=ratio(rate, limit))
