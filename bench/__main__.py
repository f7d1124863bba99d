"""Run one benchmark; `bench/run` has set up, and cleans up."""

import signal
import sys
from argparse import Namespace

import django
import orjson

django.setup()

# After the line above: these import models.
from bench import cached, database, growth, holds, near, orders  # noqa: E402
from bench.console import BenchFailed  # noqa: E402
from bench.environment import Bench  # noqa: E402
from bench.options import parse  # noqa: E402
from bench.results import table  # noqa: E402

BENCHES = {
    "holds": holds.run,
    "near": near.run,
    "near growth": growth.run,
    "near cached": cached.run,
    "orders": orders.run,
}


def main(arguments: list[str]) -> int:
    signal.signal(signal.SIGTERM, interrupt)
    options = parse(arguments)
    try:
        database.migrate()
        results = BENCHES[case_of(options)](Bench(), options)
    except BenchFailed as reason:
        print(f"\n{reason}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    if not options.json:
        print(f"\n{table(results)}\n")
    for result in results:
        print(orjson.dumps(result.as_dict()).decode())
    return 0


def case_of(options: Namespace) -> str:
    for case in ("growth", "cached"):
        if getattr(options, case, False):
            return f"{options.name} {case}"
    return options.name


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
