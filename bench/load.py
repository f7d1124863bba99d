"""The load: wrk with prepared requests, and what it made of them."""

import os
import resource
import signal
import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from bench.console import BenchFailed, tell
from bench.results import Answer

LUA = Path(__file__).parent / "lua"
MICRO = 1_000_000
SECONDS_AFTER_THE_END = 30
NEVER = 2**31
# Stands in a request for the id that the first step of its group gives.
MARK = "#" * 36


@dataclass(frozen=True, slots=True)
class Run:
    """Every answer; requests that broke off; processor seconds a second of wrk."""

    answers: list[Answer]
    broken: int
    client_cores: float


@dataclass(frozen=True, slots=True)
class BulkRun:
    """wrk's own summary of a run too fast to note every answer."""

    rate: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    errors: int
    client_cores: float


def prepared(
    method: str,
    path: str,
    *,
    headers: dict[str, str] | None = None,
    body: dict[str, Any] | None = None,
) -> bytes:
    """One whole HTTP request, as it goes over the wire."""
    content = b"" if body is None else orjson.dumps(body)
    lines = {"Host": "127.0.0.1", "Accept": "application/json", **(headers or {})}
    if content:
        lines |= {"Content-Type": "application/json"}
        lines |= {"Content-Length": str(len(content))}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + content


def send_each(
    url: str,
    requests: Iterable[bytes],
    *,
    folder: Path,
    clients: int,
    seconds: int,
    refusals: int = NEVER,
    steps: int = 1,
) -> Run:
    """Send every request once over `clients` connections, one at a time on each.

    Ends after `seconds`, or when every connection has had `refusals` answers of
    409 in a row or none of its share left. Requests that belong together come in
    groups of `steps`: one connection sends them in turn, and MARK in a later one
    is replaced by the id in the first one's answer.
    """
    wrk = Wrk("each", url, requests, folder, connections=clients, threads=clients)
    said, cores = wrk.run(seconds, refusals=refusals, steps=steps)
    broken = 0
    for line in said:
        name, _, rest = line.partition(": ")
        if name == "broken":
            broken = int(rest)
        elif name == "trouble":
            tell(f"An answer that nobody wanted: {rest}")
    return Run(answers=read_log(wrk.log), broken=broken, client_cores=cores)


def send_in_bulk(
    url: str, requests: Iterable[bytes], *, folder: Path, clients: int, seconds: int
) -> BulkRun:
    """Send the requests round and round for `seconds`."""
    wrk = Wrk("bulk", url, requests, folder, connections=clients, threads=1)
    _, cores = wrk.run(seconds)
    found = orjson.loads(wrk.log.read_bytes())
    return BulkRun(
        rate=found["requests"] * MICRO / found["microseconds"],
        p50_ms=found["p50"] / 1000,
        p95_ms=found["p95"] / 1000,
        p99_ms=found["p99"] / 1000,
        errors=found["not_ok"] + found["broken"],
        client_cores=cores,
    )


def read_log(path: Path) -> list[Answer]:
    """What `each.lua` has noted, in seconds."""
    answers = []
    for line in path.read_text().splitlines():
        began, took, status, step = map(int, line.split())
        answers.append(Answer(began / MICRO, took / MICRO, status, step))
    return answers


class Wrk:
    """One run of wrk with one of our scripts."""

    def __init__(
        self,
        script: str,
        url: str,
        requests: Iterable[bytes],
        folder: Path,
        *,
        connections: int,
        threads: int,
    ) -> None:
        self.script = LUA / f"{script}.lua"
        self.url = url
        self.threads = threads
        self.connections = connections
        self.log = folder / "answers"
        self.requests = folder / "requests"
        self.requests.write_bytes(b"".join(request + b"\0" for request in requests))

    def run(
        self, seconds: int, *, refusals: int = NEVER, steps: int = 1
    ) -> tuple[list[str], float]:
        """Run it; gives the lines it said and its share of the processors."""
        self.log.unlink(missing_ok=True)
        spent, began = _processor_seconds(), time.monotonic()
        with subprocess.Popen(
            self._command(seconds),
            env={**os.environ, **self._environment(refusals, steps)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        ) as wrk:
            try:
                said = self._listen(wrk)
                wrk.wait(SECONDS_AFTER_THE_END)
            except BaseException:
                wrk.kill()
                raise
        if wrk.returncode or not self.log.exists():
            raise BenchFailed(f"wrk failed ({wrk.returncode}): {' '.join(said)}")
        took = time.monotonic() - began
        return said, (_processor_seconds() - spent) / took

    def _command(self, seconds: int) -> list[str]:
        how = [f"-t{self.threads}", f"-c{self.connections}", f"-d{seconds}s"]
        return ["wrk", *how, "--timeout", "30s", "-s", str(self.script), self.url]

    def _environment(self, refusals: int, steps: int) -> dict[str, str]:
        return {
            "BENCH_REQUESTS": str(self.requests),
            "BENCH_LOG": str(self.log),
            "BENCH_THREADS": str(self.threads),
            "BENCH_REFUSALS": str(refusals),
            "BENCH_STEPS": str(steps),
            "BENCH_MARK": MARK,
        }

    def _listen(self, wrk: subprocess.Popen[str]) -> list[str]:
        """Read what it says, and end it early once every thread has finished."""
        said, finished = [], 0
        assert wrk.stderr
        for line in wrk.stderr:
            if line.strip() != "finished":
                said.append(line.strip())
                continue
            finished += 1
            if finished == self.threads:
                wrk.send_signal(signal.SIGINT)  # It would sleep on.
        return said


def _processor_seconds() -> float:
    """What our ended children have used: between two calls, wrk alone."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
