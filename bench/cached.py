"""`bench/run near --cached`: popular places, through nginx's one-second cache."""

import os
import shutil
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from string import Template

from bench import catalogue, near
from bench.console import step
from bench.environment import Bench
from bench.load import prepared, send_in_bulk
from bench.results import Result, ratio
from bench.servers import Server, fetch, free_port, running

CONFIGURATION = Path(__file__).parent / "nginx.conf"
PLACES = 50
LIMIT = "nginx alone, with one such page as a file"
LIMIT_SECONDS = 5
WARM_UP_SECONDS = 2


def run(bench: Bench, options: Namespace) -> list[Result]:
    near.prepare(options)
    with bench.web(options) as web, nginx(bench.folder, web) as proxy:
        address = query_of(catalogue.CENTRES[0])
        (bench.folder / "page.json").write_bytes(fetch(f"{proxy.url}{address}"))
        requests = [prepared("GET", query_of(p)) for p in catalogue.CENTRES[:PLACES]]
        load = {"folder": bench.folder, "clients": options.clients}
        with step("The limit: a file"):
            bare = [prepared("GET", "/page.json")]
            limit = send_in_bulk(proxy.url, bare, seconds=LIMIT_SECONDS, **load)
        with step("Warming up"):
            send_in_bulk(proxy.url, requests, seconds=WARM_UP_SECONDS, **load)
        with step("Asking"):
            usage = bench.usage(web, nginx=proxy.process.pid)
            found = send_in_bulk(proxy.url, requests, seconds=options.seconds, **load)
            cores = usage.cores()
    settings = {
        **bench.settings(options),
        "events": options.events,
        "places": PLACES,
        "nginx": "2 workers, cached for 1 s, no stale answers while updating",
        "limit": LIMIT,
        "client_cores": found.client_cores,
        **cores,
    }
    return [
        Result(
            bench="near --cached",
            rate=found.rate,
            p50_ms=found.p50_ms,
            p95_ms=found.p95_ms,
            p99_ms=found.p99_ms,
            errors=found.errors,
            refused=0,
            limit=limit.rate,
            ratio=ratio(found.rate, limit.rate),
            settings=settings,
        )
    ]


def query_of(place: catalogue.Place) -> str:
    return f"{near.PATH}?{near.query(place, 'distance')}"


@contextmanager
def nginx(folder: Path, web: Server) -> Iterator[Server]:
    """nginx in front of `web`, with nothing written outside `folder`."""
    home, port = folder / "nginx", free_port()
    shutil.rmtree(home, ignore_errors=True)
    (home / "tmp").mkdir(parents=True)
    (home / "nginx.conf").write_text(configuration(folder, web, port=port))
    command = ["nginx", "-p", str(home), "-c", "nginx.conf", "-e", "stderr"]
    log = folder / "nginx.log"
    with running(command, log=log, environment={}) as process:
        proxy = Server(process, f"http://127.0.0.1:{port}", log)
        proxy.wait_until_it_answers()
        yield proxy


def configuration(folder: Path, web: Server, *, port: int) -> str:
    return Template(CONFIGURATION.read_text()).substitute(
        port=port,
        application=web.url.removeprefix("http://"),
        pages=folder,
        # Started by root it would turn into somebody who may not write here.
        user="user root;" if os.geteuid() == 0 else "",
    )
