"""The same program, the same evening: also in what is drawn from the system.

Ids are random, and what falls due in one instant is done in their order: without
this, a program that broke a promise might keep it the next time.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from unittest.mock import patch

BETWEEN = ("random", "secrets", "uuid")
_sources: dict[str, Random] = {}


def begin_anew() -> None:
    _sources.clear()


@contextmanager
def same_ids() -> Iterator[None]:
    """Ids, references and keys come in the same order after each `begin_anew`."""
    with patch("os.urandom", _bytes), patch("random._urandom", _bytes):
        yield


def _bytes(number: int) -> bytes:
    """From a source for each module that asks.

    Some ask now and then, by the clock: those who tell the workers to look now, or
    a connection that is opened again. That must not change what the others get.
    """
    asking = sys._getframe(1)
    while asking.f_back and asking.f_globals["__name__"] in BETWEEN:
        asking = asking.f_back
    module = asking.f_globals["__name__"]
    return _sources.setdefault(module, Random(module)).randbytes(number)
