"""What `bench/run` may be asked. Only standard Python: it runs before the set-up."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

ABOUT = """\
Measure how fast the project is on this machine; be alone on it if you can.

Each benchmark starts what it needs (a database of its own, production-like
servers) and leaves nothing running. It ends with one JSON object per case:
rates are per second, and `limit` is what the same machine did in the same run
with next to no work of ours.
"""
KEEP = "leave the benchmark's database there, to look into"


@dataclass(frozen=True, slots=True)
class Servers:
    """How many processes and threads serve."""

    workers: int
    threads: int


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bench/run",
        description=ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = parser.add_subparsers(dest="name", required=True, metavar="NAME")
    _holds(names)
    _near(names)
    _orders(names)
    return parser.parse_args(arguments)


def _bench(
    names: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    about: str,
    *,
    clients: int = 64,
    servers: Servers,
) -> argparse.ArgumentParser:
    bench = names.add_parser(name, help=about, description=about)
    bench.add_argument("--json", action="store_true", help="print nothing but JSON")
    bench.add_argument("--keep", action="store_true", help=KEEP)
    _number(bench, "--clients", clients, "connections, each one request at a time")
    _number(bench, "--workers", servers.workers, "processes of the web server")
    _number(bench, "--threads", servers.threads, "threads of each of them")
    return bench


def _holds(names: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    about = "Hold two tickets each, to sell-out and a little beyond"
    bench = _bench(names, "holds", about, servers=Servers(workers=2, threads=4))
    _number(bench, "--stock", 20_000, "tickets of the event")
    bench.add_argument(
        "--no-key", action="store_true", help="send no Idempotency-Key, unlike our app"
    )


def _near(names: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    about = "List what is on near many positions"
    servers = Servers(workers=2, threads=4)
    bench = _bench(names, "near", about, clients=32, servers=servers)
    _number(bench, "--events", 100_000, "open events")
    _number(bench, "--seconds", 15, "how long")
    case = bench.add_mutually_exclusive_group()
    case.add_argument(
        "--growth", action="store_true", help="the query alone, up to 1,000,000 events"
    )
    case.add_argument(
        "--cached", action="store_true", help="popular places, through nginx"
    )


def _orders(names: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    about = "Hold and pay with a kept card, until all that follows is done"
    # Threads that wait for the provider do nothing else meanwhile.
    servers = Servers(workers=2, threads=72)
    bench = _bench(names, "orders", about, clients=32, servers=servers)
    # With a slow provider the first second brings nothing: long enough to bear it.
    _number(bench, "--seconds", 40, "how long buyers come")
    _number(bench, "--jobs", 2, "processes of the worker, as many as bin/up starts")
    bench.add_argument(
        "--latency",
        type=_positive,
        metavar="MS",
        help="a second time, with a provider that takes so long for each answer",
    )


def _number(
    parser: argparse.ArgumentParser, name: str, default: int, about: str
) -> None:
    parser.add_argument(
        name, type=_positive, default=default, help=f"{about} (default: {default:,})"
    )


def _positive(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text} is not a positive whole number")
    return int(text)
