"""`bench/run holds`: a rush on a fresh event, to sell-out and a little beyond."""

from argparse import Namespace
from collections.abc import Iterator, Sequence
from uuid import uuid4

from django.utils import timezone

from bench import database
from bench.console import BenchFailed, step
from bench.environment import Bench
from bench.load import Run, prepared, send_each
from bench.people import Buyer, sign_in
from bench.results import Answer, Result, rate_of, result_of
from bench.stock import fresh_event
from inventory.models import TicketType

QUANTITY = 2
LONGEST = 240
# Of a connection, in a row: then it is sold out, and has been told so honestly.
REFUSALS = 20
# Some connections are served faster than others and have more buyers come by.
BUYERS_PER_HOLD = 2
WARM_UP_SECONDS = 3
WARM_UP_BUYERS = 4_000
# Of the bare view's stock: its statement does not start again from below.
LIMIT_SHARE = 0.8
LIMIT = "bare DRF view around one statement: lock, hold, take"
HELD = """
SELECT count(*) FROM inventory_ticket WHERE ticket_type_id = %s AND status = 'held'
"""


def run(bench: Bench, options: Namespace) -> list[Result]:
    with step("Buyers and their sessions"):
        most = options.stock // QUANTITY * BUYERS_PER_HOLD + options.clients * REFUSALS
        buyers = sign_in(max(most, WARM_UP_BUYERS))
    limit = limit_of(bench, buyers, options)
    with bench.web(options) as web:
        warm_up(bench, web.url, buyers, options)
        ticket_type = make_event(options.stock, "Rush")
        with step(f"Holding {options.stock:,} tickets"):
            usage = bench.usage(web)
            requests = holds_of(buyers, ticket_type, with_key=not options.no_key)
            found = send(bench, web.url, requests, options)
            cores = usage.cores()
    check(ticket_type, found, options.stock)
    bench.audit()
    settings = {
        **bench.settings(options),
        "stock": options.stock,
        "quantity": QUANTITY,
        "idempotency_key": not options.no_key,
        "limit": LIMIT,
        "refused_per_second": rate_of(refusals_after_the_end(found.answers)),
        "client_cores": found.client_cores,
        **cores,
    }
    return [
        result_of(
            "holds",
            found.answers,
            wanted=201,
            broken=found.broken,
            limit=limit,
            settings=settings,
        )
    ]


def limit_of(bench: Bench, buyers: Sequence[Buyer], options: Namespace) -> float:
    """The rate of the bare view, with the same server and the same clients."""
    with bench.bare_web(options) as web:
        ticket_type = make_event(options.stock, "Bare")
        with step("The limit: a bare view"):
            number = int(options.stock // QUANTITY * LIMIT_SHARE)
            requests = bare_holds_of(buyers[:number], ticket_type)
            found = send(bench, web.url, requests, options)
    return rate_of([answer for answer in found.answers if answer.status == 201])


def warm_up(
    bench: Bench, url: str, buyers: Sequence[Buyer], options: Namespace
) -> None:
    """Another event sells for a moment: nobody starts a server for a rush."""
    few = buyers[:WARM_UP_BUYERS]
    ticket_type = make_event(len(few) * QUANTITY, "Warm-up")
    with step("Warming up"):
        requests = holds_of(few, ticket_type, with_key=not options.no_key)
        send(bench, url, requests, options, seconds=WARM_UP_SECONDS)


def make_event(stock: int, name: str) -> TicketType:
    ticket_type = fresh_event(stock=stock, name=name, now=timezone.now())
    database.checkpoint()
    return ticket_type


def send(
    bench: Bench,
    url: str,
    requests: Iterator[bytes],
    options: Namespace,
    *,
    seconds: int = LONGEST,
) -> Run:
    return send_each(
        url,
        requests,
        folder=bench.folder,
        clients=options.clients,
        seconds=seconds,
        refusals=REFUSALS,
    )


def holds_of(
    buyers: Sequence[Buyer], ticket_type: TicketType, *, with_key: bool
) -> Iterator[bytes]:
    """A request of every buyer, as the app sends it."""
    body = {"ticket_type": str(ticket_type.pk), "quantity": QUANTITY}
    for buyer in buyers:
        headers = {"X-Session-Token": buyer.token}
        if with_key:
            headers["Idempotency-Key"] = str(uuid4())
        yield prepared("POST", "/api/v1/holds", headers=headers, body=body)


def bare_holds_of(buyers: Sequence[Buyer], ticket_type: TicketType) -> Iterator[bytes]:
    body = {"ticket_type": str(ticket_type.pk), "quantity": QUANTITY}
    for buyer in buyers:
        headers = {"X-Session-Token": str(buyer.id)}
        yield prepared("POST", "/holds", headers=headers, body=body)


def refusals_after_the_end(answers: Sequence[Answer]) -> list[Answer]:
    """The refusals of the time in which nothing could be had any more."""
    last = max((answer.ended for answer in answers if answer.status == 201), default=0)
    return [
        answer for answer in answers if answer.status == 409 and answer.began > last
    ]


def check(ticket_type: TicketType, found: Run, stock: int) -> None:
    """What was promised is what is held, and all of it went."""
    held = database.value(HELD, ticket_type.pk)
    promised = sum(answer.status == 201 for answer in found.answers) * QUANTITY
    if not held == promised == stock:
        raise BenchFailed(
            f"Of {stock:,} tickets {held:,} are held and {promised:,} were promised."
        )
