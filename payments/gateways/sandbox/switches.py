"""What a test may break: the line to the provider, and the post from it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Literal


@dataclass
class Outage:
    """The line is cut at calls whose "METHOD /path" contains `call`.

    `before` the provider heard of them, or `after` they took effect: the caller
    cannot tell which. Only the first `times` such calls are hit, after `skip`.
    """

    moment: Literal["before", "after"]
    call: str = ""
    times: int = 1_000_000
    skip: int = 0

    def hits(self, call: str) -> bool:
        if self.call not in call or not self.times:
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.times -= 1
        return True


@dataclass
class Refusal:
    """Calls whose "METHOD /path" contains `call` are answered with this error.

    Nothing has happened at the provider then, and nothing is remembered.
    """

    call: str
    status: int
    type: str
    code: str
    times: int = 1_000_000

    def hits(self, call: str) -> bool:
        if self.call not in call or not self.times:
            return False
        self.times -= 1
        return True


@dataclass
class Switches:
    """All off is an ordinary day."""

    outages: list[Outage] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    balance_is_short: bool | str = False  # In every currency, or in this one.
    duplicate_webhooks: bool = False
    reverse_webhooks: bool = False
    withhold_webhooks: bool = False
    processing: bool = False  # Cards answer "processing" and decide later.


switches = Switches()


@contextmanager
def switched(**changes: object) -> Iterator[Switches]:
    """Break something for the length of a `with` block."""
    before = replace(switches)
    for name, value in changes.items():
        setattr(switches, name, value)
    try:
        yield switches
    finally:
        switches.__dict__.update(before.__dict__)


@contextmanager
def outage(
    moment: Literal["before", "after"], call: str = "", **counts: int
) -> Iterator[Outage]:
    """Cut the line before or after calls such as "POST /v1/refunds"."""
    cut = Outage(moment, call, **counts)
    with switched(outages=[*switches.outages, cut]):
        yield cut


@contextmanager
def refusing(
    call: str,
    status: int,
    *,
    type_: str = "invalid_request_error",
    code: str = "",
    **counts: int,
) -> Iterator[Refusal]:
    """Have the provider answer calls such as "POST /v1/refunds" with an error."""
    refusal = Refusal(call, status, type_, code, **counts)
    with switched(refusals=[*switches.refusals, refusal]):
        yield refusal
