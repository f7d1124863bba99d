"""What the scripts say: steps with their seconds, and failures that tell what to do."""

from __future__ import annotations

import sys
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
    """Print `name`, then how long it took; a failure is marked and passed on."""
    print(f"  {name} … ", end="", flush=True)
    started = time.monotonic()
    try:
        yield
    except BaseException:
        print(f"failed after {time.monotonic() - started:.1f} s", flush=True)
        raise
    print(f"{time.monotonic() - started:.1f} s", flush=True)


def die(reason: object) -> NoReturn:
    print(f"\n{reason}", file=sys.stderr, flush=True)
    sys.exit(1)
