"""Run one benchmark; `bench/run` has set up, and cleans up."""

import signal
import sys

import django
import orjson

django.setup()

# After the line above: these import models.
from bench import database, holds  # noqa: E402
from bench.console import BenchFailed  # noqa: E402
from bench.environment import Bench  # noqa: E402
from bench.options import parse  # noqa: E402
from bench.results import table  # noqa: E402

BENCHES = {"holds": holds.run}


def main(arguments: list[str]) -> int:
    signal.signal(signal.SIGTERM, interrupt)
    options = parse(arguments)
    try:
        database.migrate()
        results = BENCHES[options.name](Bench(), options)
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


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
