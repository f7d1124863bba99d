"""What a sweep tells of itself."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

logger = logging.getLogger(__name__)


@dataclass
class Run:
    """One pass over rows that wait. `problems` name those a person must look at."""

    problems: list[str] = field(default_factory=list)

    @contextmanager
    def apart(self, row: object) -> Iterator[None]:
        """A bug of ours with one row must not keep the others waiting: it is logged,
        and told with the run."""
        try:
            yield
        except Exception as bug:
            logger.exception("%s could not be worked on", row)
            self.problems.append(f"{row}: {type(bug).__name__}: {bug}")
