"""The processes under load, as production runs them, and what they use."""

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from bench.console import BenchFailed

SECONDS_TO_START = 30
SECONDS_TO_STOP = 10
LINES_OF_LOG = 20
TICKS = os.sysconf("SC_CLK_TCK")


@contextmanager
def web_server(
    *,
    folder: Path,
    workers: int,
    threads: int,
    settings: str = "ticketapp.settings",
    environment: Mapping[str, str] | None = None,
) -> Iterator["Server"]:
    """granian with the WSGI application on a free port, until the block ends."""
    port = free_port()
    command = [
        *("granian", "--interface", "wsgi", "--no-ws", "--log-level", "warning"),
        *("--host", "127.0.0.1", "--port", str(port), "--workers", str(workers)),
        *("--blocking-threads", str(threads), "--workers-kill-timeout", "5"),
        "ticketapp.wsgi:application",
    ]
    url = f"http://127.0.0.1:{port}"
    # Its own address is where the sandbox sends its webhooks.
    given = {"DJANGO_SETTINGS_MODULE": settings, "SITE_URL": url}
    given |= environment or {}
    with running(command, log=folder / "web.log", environment=given) as process:
        server = Server(process, url, folder / "web.log")
        server.wait_until_it_answers()
        yield server


@contextmanager
def jobs(
    *, folder: Path, site: str, processes: int, ready: Callable[[], bool]
) -> Iterator["subprocess.Popen[bytes]"]:
    """The worker and the clock of the project whose web server is at `site`."""
    celery = ["celery", "--quiet", "--app", "ticketapp"]
    quiet = ["--loglevel", "WARNING"]
    worker = [*celery, "worker", *quiet, "--concurrency", str(processes)]
    worker += ["--without-gossip", "--without-mingle"]
    clock = [*celery, "beat", *quiet, "--pidfile=", "--schedule", str(folder / "beat")]
    given = {"SITE_URL": site}
    (folder / "beat").unlink(missing_ok=True)
    with (
        running(worker, log=folder / "worker.log", environment=given) as process,
        running(clock, log=folder / "clock.log", environment=given),
    ):
        deadline = time.monotonic() + SECONDS_TO_START
        while not ready():
            if time.monotonic() > deadline:
                raise BenchFailed(f"No job is done.\n{tail(folder / 'worker.log')}")
            time.sleep(0.2)
        yield process


class Server:
    """A running HTTP server."""

    def __init__(self, process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
        self.process = process
        self.url = url
        self.log = log

    def wait_until_it_answers(self) -> None:
        """Any answer will do: that not all parts are ready is one too."""
        deadline = time.monotonic() + SECONDS_TO_START
        while time.monotonic() < deadline and self.process.poll() is None:
            with suppress(OSError):
                with suppress(urllib.error.HTTPError):
                    urllib.request.urlopen(f"{self.url}/healthz", timeout=5).close()
                return
            time.sleep(0.1)
        raise BenchFailed(f"It does not answer.\n{tail(self.log)}")


@contextmanager
def running(
    command: list[str], *, log: Path, environment: Mapping[str, str]
) -> Iterator["subprocess.Popen[bytes]"]:
    """A process that ends, asked or forced, when the block does."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def fetch(url: str) -> bytes:
    """The body at an address of our own, which must be a success."""
    with urllib.request.urlopen(url, timeout=10) as response:
        return response.read()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-LINES_OF_LOG:])


# What they use


class Usage:
    """Processor seconds a second of some process trees, since it was made."""

    def __init__(self, **roots: int) -> None:
        self._roots = roots
        self._began = time.monotonic()
        self._before = {name: spent(pid) for name, pid in roots.items()}

    def cores(self) -> dict[str, float]:
        took = time.monotonic() - self._began
        return {
            f"{name}_cores": (spent(pid) - self._before[name]) / took
            for name, pid in self._roots.items()
        }


def spent(root: int) -> float:
    """Processor seconds of a process and all its descendants, ended ones too."""
    used: dict[int, float] = {}
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            pid, parent, ticks = read_stat(stat.read_text())
            parents[pid], used[pid] = parent, ticks / TICKS
    return sum(
        seconds for pid, seconds in used.items() if _is_below(pid, root, parents)
    )


def read_stat(line: str) -> tuple[int, int, int]:
    """Pid, parent and ticks (own and of ended children) of a line of /proc."""
    before, _, after = line.rpartition(") ")
    fields = after.split()
    return int(before.split()[0]), int(fields[1]), sum(map(int, fields[11:15]))


def _is_below(pid: int, root: int, parents: dict[int, int]) -> bool:
    while pid and pid != root:
        pid = parents.get(pid, 0)
    return pid == root
