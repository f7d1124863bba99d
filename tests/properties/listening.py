"""Jobs log a bug that they meet and go on with the next row; a program ends there."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager


class Bugs(logging.Handler):
    """What was logged as an exception since `forget`."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.met: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info:
            bug = record.exc_info[1]
            self.met.append(f"{record.getMessage()}: {bug!r}")

    def forget(self) -> None:
        self.met.clear()


BUGS = Bugs()


@contextmanager
def listening() -> Iterator[None]:
    """Hear of bugs for the length of a `with` block."""
    jobs = [logging.getLogger(name) for name in ("payments", "inventory")]
    for each in jobs:
        each.addHandler(BUGS)
    try:
        yield
    finally:
        for each in jobs:
            each.removeHandler(BUGS)
