"""What a benchmark says while it works. Standard output belongs to the results."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


class BenchFailed(Exception):
    """The benchmark cannot go on, or what it measured cannot be true."""


def tell(text: str) -> None:
    print(f"  {text}", file=sys.stderr, flush=True)


@contextmanager
def step(name: str) -> Iterator[None]:
    """Say what is done, then how long it took."""
    began = time.monotonic()
    print(f"  {name} … ", end="", file=sys.stderr, flush=True)
    try:
        yield
    except BaseException:
        print("failed", file=sys.stderr, flush=True)
        raise
    print(f"{time.monotonic() - began:.1f} s", file=sys.stderr, flush=True)
