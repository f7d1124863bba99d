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
    # On a terminal the line is written over, elsewhere only its end is added.
    again = f"\r  {name} … " if sys.stdout.isatty() else ""

    def seconds() -> str:
        return f"{time.monotonic() - started:.1f} s"

    def count_along() -> None:
        while again and not done.wait(1):
            print(f"{again}{seconds()}", end="", flush=True)

    print(f"  {name} … ", end="", flush=True)
    threading.Thread(target=count_along, daemon=True).start()
    try:
        yield
    except BaseException:
        done.set()
        say(f"{again}failed after {seconds()}")
        raise
    done.set()
    say(f"{again}{seconds()}")


def die(reason: object, *, code: int = 1) -> NoReturn:
    print(f"\n{reason}", file=sys.stderr, flush=True)
    sys.exit(code)
