"""What a benchmark found, from the answers to the line that is printed. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from math import ceil
from typing import Any, NamedTuple

TENTHS = 10


class Answer(NamedTuple):
    """One request: when it was asked (seconds of a steady clock), and what came.

    `step` counts from 0 where several requests belong together.
    """

    began: float
    took: float
    status: int
    step: int = 0

    @property
    def ended(self) -> float:
        return self.began + self.took


@dataclass(frozen=True, slots=True)
class Result:
    """One case. `rate` is per second; `limit` is measured in the same run and
    `ratio` is their quotient; `by_tenth` are the rates over the way.
    """

    bench: str
    rate: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    errors: int
    refused: int
    limit: float
    ratio: float
    by_tenth: list[float] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return {name: rounded(value) for name, value in asdict(self).items()}


def rounded(value: Any) -> Any:
    """Four digits are more than a measurement on a shared machine can tell."""
    if isinstance(value, float):
        return round(value) if value >= 1000 else float(f"{value:.4g}")
    if isinstance(value, dict):
        return {key: rounded(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [rounded(inner) for inner in value]
    return value


def result_of(
    bench: str,
    answers: Sequence[Answer],
    *,
    wanted: int,
    broken: int,
    limit: float,
    settings: dict[str, Any],
) -> Result:
    """Judge a run by the answers with the `wanted` status.

    Refusals (409) are honest and counted apart; whatever else came, and what
    never came (`broken`), is an error.
    """
    good = [answer for answer in answers if answer.status == wanted]
    refused = sum(answer.status == 409 for answer in answers)
    times = [answer.took * 1000 for answer in good]
    rate = rate_of(good)
    return Result(
        bench=bench,
        rate=rate,
        p50_ms=percentile(times, 50),
        p95_ms=percentile(times, 95),
        p99_ms=percentile(times, 99),
        errors=len(answers) - len(good) - refused + broken,
        refused=refused,
        limit=limit,
        ratio=ratio(rate, limit),
        by_tenth=by_tenth(good),
        settings=settings,
    )


def ratio(rate: float, limit: float) -> float:
    return rate / limit if limit else 0.0


def percentile(values: Iterable[float], share: float) -> float:
    """The smallest value that `share` per cent of all do not exceed; 0 of none."""
    ordered = sorted(values)
    if not ordered:
        return 0.0
    return ordered[max(0, ceil(len(ordered) * share / 100) - 1)]


def rate_of(answers: Sequence[Answer]) -> float:
    """How many a second, from the first question to the last answer."""
    if not answers:
        return 0.0
    began = min(answer.began for answer in answers)
    return len(answers) / (max(answer.ended for answer in answers) - began)


def by_tenth(answers: Sequence[Answer]) -> list[float]:
    """The rate in each tenth of the answers, in the order they came."""
    if len(answers) < TENTHS:
        return []
    ends = sorted(answer.ended for answer in answers)
    rates, since, done = [], min(answer.began for answer in answers), 0
    for tenth in range(1, TENTHS + 1):
        upto = len(ends) * tenth // TENTHS
        until = ends[upto - 1]
        rates.append((upto - done) / max(until - since, 1e-6))
        since, done = until, upto
    return rates


def table(results: Sequence[Result]) -> str:
    """The figures for a person."""
    rows = [["bench", "rate/s", "p50 ms", "p95 ms", "p99 ms", "errors", "refused"]]
    rows[0] += ["limit/s", "ratio"]
    for result in results:
        found = result.as_dict()
        names = ("bench", "rate", "p50_ms", "p95_ms", "p99_ms", "errors", "refused")
        rows.append([shown(found[name]) for name in (*names, "limit", "ratio")])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(align(*cell) for cell in zip(row, widths, strict=True))
        for row in rows
    ]
    for result in results:
        lines += ["", f"{result.bench}:", *details(result)]
    return "\n".join(lines)


def align(text: str, width: int) -> str:
    return text.ljust(width) if text[:1].isalpha() else text.rjust(width)


def shown(value: Any) -> str:
    if isinstance(value, int) or (isinstance(value, float) and value >= 100):
        return f"{round(value):,}"
    return str(value)


def details(result: Result) -> list[str]:
    found = result.as_dict()
    lines = [f"  {name}: {value}" for name, value in found["settings"].items()]
    if found["by_tenth"]:
        rates = "  ".join(shown(rate) for rate in found["by_tenth"])
        lines.insert(0, f"  rate by tenth: {rates}")
    return lines
