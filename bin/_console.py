"""What the scripts say: steps with their seconds, and failures that tell what to do."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn


class Failed(Exception):
    """Something the person must know; the text says what happened and what to do."""


def say(text: str) -> None:
    print(text, flush=True)


@contextmanager
def step(name: str) -> Iterator[None]:
    """Print `name`, then how long it took; on a terminal the seconds count along."""
    started = time.monotonic()
    done = threading.Event()

    def seconds() -> str:
        return f"{time.monotonic() - started:.1f} s"

    def count_along() -> None:
        while not done.wait(1):
            print(f"\r  {name} … {seconds()}", end="", flush=True)

    print(f"  {name} …", end="", flush=True)
    counter = threading.Thread(target=count_along, daemon=True)
    if sys.stdout.isatty():
        counter.start()
    try:
        yield
    except BaseException:
        done.set()
        print(f"\r  {name} … failed after {seconds()}", flush=True)
        raise
    done.set()
    print(f"\r  {name} … {seconds()}", flush=True)


def die(reason: object, *, code: int = 1) -> NoReturn:
    print(f"\n{reason}", file=sys.stderr, flush=True)
    sys.exit(code)
