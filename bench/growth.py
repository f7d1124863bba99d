"""`bench/run near --growth`: the query alone, the catalogue growing a hundredfold."""

import time
from argparse import Namespace
from collections.abc import Callable, Iterable

from django.db import connection
from django.utils import timezone

from bench import catalogue, database
from bench.console import step
from bench.environment import Bench
from bench.results import Answer, Result, ratio, result_of
from inventory.listing import pages, search
from inventory.listing.cursors import read
from ticketapp.prepared import planned

SIZES = (10_000, 100_000, 1_000_000)
# The page needs some tickets to count; it counts no further than eleven.
STOCK = 4
QUESTIONS = 500
WARM_UP = 50
RADIUS_M = 20_000
WINDOW_HOURS = 24
PAGE = 20
LIMIT = "the nearest ids alone, without what the cards say"

Question = Callable[[search.Position], object]


def run(bench: Bench, options: Namespace) -> list[Result]:
    results: list[Result] = []
    for size in SIZES:
        grow(size, present=SIZES[len(results) - 1] if results else 0)
        with step(f"{QUESTIONS} questions"):
            ids = ask(only_ids, seed=size)
            cards = ask(whole_page, seed=size)
        smallest = results[0].p95_ms if results else 0.0
        results.append(judge(size, cards, ids, smallest))
    return results


def grow(size: int, *, present: int) -> None:
    with step(f"{size:,} events"):
        catalogue.add_events(size - present, batch=f"b{size}", stock=STOCK)
    with step("Statistics"):
        database.settle()
        database.checkpoint()


def judge(size: int, cards: list[Answer], ids: list[Answer], smallest: float) -> Result:
    bare = result_of("ids", ids, wanted=200, broken=0, limit=0.0, settings={})
    settings = {
        "events": size,
        "clients": "1, in this process",
        "query": f"find(): nearest {PAGE} of {WINDOW_HOURS} hours in {RADIUS_M} m",
        "limit": LIMIT,
        "limit_p95_ms": bare.p95_ms,
    }
    result = result_of(
        f"near --growth {size}",
        cards,
        wanted=200,
        broken=0,
        limit=bare.rate,
        settings=settings,
    )
    settings["p95_growth"] = ratio(result.p95_ms, smallest or result.p95_ms)
    return result


def ask(question: Question, *, seed: int) -> list[Answer]:
    """Ask from many spots, one after the other; each answer with its time."""
    spots = catalogue.positions(WARM_UP + QUESTIONS, seed=seed)
    positions = [search.Position(*spot) for spot in spots]
    return list(_timed(question, positions))[WARM_UP:]


def _timed(
    question: Question, positions: Iterable[search.Position]
) -> Iterable[Answer]:
    for position in positions:
        began = time.monotonic()
        question(position)
        yield Answer(began, time.monotonic() - began, 200)


def whole_page(position: search.Position) -> search.Page:
    """The page of the API, as rows: the real query."""
    first = read("", sort=search.Sort.DISTANCE)
    return search.find(near(position), cursor=first, size=PAGE, now=timezone.now())


def only_ids(position: search.Position) -> list[object]:
    """Its first part alone, planned once as the whole is."""
    where, params = search.wanted(near(position), timezone.now(), radius_m=RADIUS_M)
    text = pages.NEAREST.format(
        where=" AND ".join(where), distance=pages.DISTANCE, count=PAGE + 1
    )
    with connection.cursor() as cursor:
        cursor.execute(planned(text, params), params)
        return cursor.fetchall()


def near(position: search.Position) -> search.Search:
    return search.Search(
        sort=search.Sort.DISTANCE,
        position=position,
        radius_m=RADIUS_M,
        starts_within=WINDOW_HOURS,
    )
