"""`bench/run near`: what is on near many positions, nothing cached.

32 clients, unless told otherwise: each asks again as soon as it is answered, so an
answer takes on average as long as there are clients for the rate. At the 700/s that
are wanted 64 of them wait 91 ms each, whatever a list costs, and no p95 of 80 ms
could be measured; 32 wait 46 ms. They are still four for each thread that serves, so
that neither processor is idle.
"""

from argparse import Namespace
from collections.abc import Iterable, Iterator
from urllib.parse import urlencode

import orjson

from bench import catalogue, database
from bench.console import BenchFailed, step
from bench.environment import Bench
from bench.load import Run, prepared, send_each
from bench.results import Result, rate_of, result_of
from bench.servers import Server, fetch

PATH = "/api/v1/events"
# As the app asks: tonight and tomorrow, within 20 km.
WINDOW_HOURS = 24
RADIUS_KM = 20
PAGE = 20
STOCK = 12
LIMIT = "bare DRF view around one statement: the nearest 20 as JSON"
LIMIT_SECONDS = 5
WARM_UP_SECONDS = 2
MOST_PER_SECOND = 4_000


def run(bench: Bench, options: Namespace) -> list[Result]:
    prepare(options)
    limit = limit_of(bench, options)
    with bench.web(options) as web:
        return [
            measure(bench, web, options, name=name, sort=sort, limit=limit)
            for name, sort in (("near", "distance"), ("near by start", "start"))
        ]


def prepare(options: Namespace) -> None:
    """A catalogue of some days, with the statistics it would have."""
    with step(f"{options.events:,} events"):
        catalogue.add_events(options.events, batch="all", stock=STOCK)
    with step("Statistics"):
        database.settle()
        database.checkpoint()


def limit_of(bench: Bench, options: Namespace) -> float:
    """The rate of the bare view, with the same server and the same clients."""
    with bench.bare_web(options) as web, step("The limit: a bare view"):
        asked = requests("/events", "distance", options.seconds, seed=1)
        found = send(bench, web, asked, options, seconds=LIMIT_SECONDS)
    return rate_of([answer for answer in found.answers if answer.status == 200])


def measure(
    bench: Bench,
    web: Server,
    options: Namespace,
    *,
    name: str,
    sort: str,
    limit: float,
) -> Result:
    check_page(web, sort)
    seed = len(name)
    with step(f"Warming up: {name}"):
        asked = requests(PATH, sort, WARM_UP_SECONDS, seed=seed)
        send(bench, web, asked, options, seconds=WARM_UP_SECONDS)
    with step(f"Asking: {name}"):
        usage = bench.usage(web)
        asked = requests(PATH, sort, options.seconds, seed=seed + 1)
        found = send(bench, web, asked, options, seconds=options.seconds)
        cores = usage.cores()
    settings = {
        **bench.settings(options),
        "events": options.events,
        "query": query(catalogue.CENTRES[0], sort),
        "limit": LIMIT,
        "client_cores": found.client_cores,
        **cores,
    }
    return result_of(
        name,
        found.answers,
        wanted=200,
        broken=found.broken,
        limit=limit,
        settings=settings,
    )


def requests(path: str, sort: str, seconds: int, *, seed: int) -> Iterator[bytes]:
    """More than can be asked in that time, each from a spot of its own."""
    for place in catalogue.positions(seconds * MOST_PER_SECOND, seed=seed):
        yield prepared("GET", f"{path}?{query(place, sort)}")


def query(place: catalogue.Place, sort: str) -> str:
    return urlencode(
        {
            "lat": f"{place.latitude:.3f}",
            "lon": f"{place.longitude:.3f}",
            "radius": RADIUS_KM,
            "unit": "km",
            "starts_within": WINDOW_HOURS,
            "sort": sort,
        }
    )


def send(
    bench: Bench,
    web: Server,
    asked: Iterable[bytes],
    options: Namespace,
    *,
    seconds: int,
) -> Run:
    return send_each(
        web.url, asked, folder=bench.folder, clients=options.clients, seconds=seconds
    )


def check_page(web: Server, sort: str) -> None:
    """A page that is empty or says nothing would be quick and worthless."""
    page = orjson.loads(fetch(f"{web.url}{PATH}?{query(catalogue.CENTRES[0], sort)}"))
    cards = page["results"]
    priced = [card for card in cards if card["from_price"]]
    if len(cards) != PAGE or len(priced) < PAGE // 2 or page["next"] is None:
        raise BenchFailed(f"A page of {len(cards)} events, {len(priced)} with a price.")
    key = "distance_m" if sort == "distance" else "starts_at"
    keys = [card[key] for card in cards if card[key] is not None]
    if keys != sorted(keys):
        raise BenchFailed(f"The page is not in the order of {key}.")
