"""The running demo of one checkout: who runs it, where, and how to end it.

Three files in `.services` say it. `up.lock` is held by the one `bin/up`;
`users.lock` is shared by everything that uses the services, so that the last to leave
stops them; `run/*.pid` names the process groups, for what `kill -9` leaves behind.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from io import TextIOWrapper

from _console import Failed, say
from _locks import have_alone, share_lock, try_lock
from _place import Place
from _processes import command_line, group_members, is_alive, read_pid, wait_until
from _services import Services

ALREADY_RUNNING = 3
SUPERVISOR = "_supervisor.py"
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SECONDS_TO_BECOME_READY = 60
IN_USE = "bin/up, bin/test or another program uses the services."


class AlreadyRunning(Failed):
    """Another bin/up has this checkout."""


@dataclass(frozen=True)
class Running:
    """The supervisor's pid and the address it serves."""

    pid: int
    url: str

    def is_there(self) -> bool:
        """True if that process lives and is one of ours: numbers are used again."""
        command = command_line(self.pid)
        ours = "bin/up" in command or SUPERVISOR in command
        return ours and is_alive(self.pid)


class Stack:
    """Claim, find and end the demo of one checkout."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.services = Services(place)
        self._state = place.run / "up.json"
        self._up_lock = place.private / "up.lock"
        self._users_lock = place.private / "users.lock"
        self._kept = place.private / "keep"

    # Being the one

    @contextmanager
    def claimed(self, *, url: str) -> Iterator[int]:
        """Be the one bin/up of this checkout; gives the number of the lock's file.

        What a killed bin/up left running is ended first.
        """
        self.place.make_private()
        claim = try_lock(self._up_lock) or self._claim_from_the_dead()
        self.announce(Running(pid=os.getpid(), url=url))
        try:
            yield claim.fileno()
        finally:
            if self.running() == Running(pid=os.getpid(), url=url):
                self.withdraw()
            claim.close()

    def _claim_from_the_dead(self) -> TextIOWrapper:
        """The lock is held: by a live bin/up, or by what a killed one left behind."""
        if not self.running():
            self.end_orphans()
        claim: TextIOWrapper | None = None

        def decided() -> bool:
            nonlocal claim
            claim = try_lock(self._up_lock)
            return bool(claim or self.running())

        wait_until(decided, seconds=10)
        if claim:
            return claim
        if other := self.running():
            raise AlreadyRunning(
                f"ticketapp is already running at {other.url} (pid {other.pid}).\n"
                "Stop it with bin/down."
            )
        raise Failed(f"Another program holds {self._up_lock}; try bin/down.")

    def announce(self, running: Running) -> None:
        fresh = self._state.with_suffix(".new")
        fresh.write_text(json.dumps(asdict(running)))
        fresh.rename(self._state)

    def withdraw(self) -> None:
        self._state.unlink(missing_ok=True)

    def running(self) -> Running | None:
        """The live bin/up; a stale file is no answer."""
        try:
            state = Running(**json.loads(self._state.read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None
        return state if state.is_there() else None

    # Using the services

    @contextmanager
    def using_services(self) -> Iterator[None]:
        """Have the services up for a while; the last user to leave stops them."""
        share = self.use_services()
        try:
            yield
        finally:
            self.leave_services(share)

    def use_services(self) -> TextIOWrapper:
        """Have the services up until `leave_services` gets the returned share back."""
        self.place.make_private()
        share = share_lock(self._users_lock)
        try:
            self.services.up()
        except BaseException:
            self.leave_services(share)
            raise
        return share

    def leave_services(self, share: TextIOWrapper) -> None:
        if have_alone(share) and not self._kept.exists():
            self.services.down()
        share.close()

    def keep_services(self) -> None:
        """Start them by hand: they stay until they are stopped by hand."""
        with self.using_services():
            self._kept.touch()

    def stop_services(self, *, purge: bool = False) -> None:
        """Stop them, and with `purge` delete everything, unless they are in use."""
        if not self.place.private.exists():
            return
        self._kept.unlink(missing_ok=True)
        share = share_lock(self._users_lock)
        try:
            # What has just been ended may take a moment to let go.
            if wait_until(lambda: have_alone(share), seconds=3):
                end = self.services.purge if purge else self.services.down
                end()
            elif purge:
                raise Failed(f"{IN_USE} End it first; nothing was deleted.")
            else:
                say(f"{IN_USE} They stop when it ends.")
        finally:
            share.close()

    # Ending

    def down(self, *, purge: bool) -> None:
        """End bin/up and the services; with `purge` also delete what they kept."""
        if found := self.running():
            os.kill(found.pid, signal.SIGTERM)
            if not wait_until(lambda: not is_alive(found.pid), seconds=40):
                os.kill(found.pid, signal.SIGKILL)
        self.withdraw()
        if not self.place.private.exists():
            return
        with self.claimed(url=""):
            self.end_orphans()
            self.stop_services(purge=purge)

    def end_orphans(self) -> None:
        """Stop what a killed bin/up left behind: first asked, then forced."""
        for how, seconds in ((signal.SIGTERM, 5), (signal.SIGKILL, 5)):
            groups = self._orphaned_groups()
            for group in groups:
                os.killpg(group, how)
            if wait_until(lambda: not self._orphaned_groups(), seconds=seconds):
                break
        for path in self.place.run.glob("*.pid"):
            path.unlink(missing_ok=True)

    def _orphaned_groups(self) -> list[int]:
        """The groups on record that still have a process of this checkout."""
        ours = str(self.place.checkout / ".venv/bin")
        recorded = [read_pid(path) for path in self.place.run.glob("*.pid")]
        return [
            group
            for group in recorded
            if group and any(ours in line for line in group_members(group))
        ]


def refuse_taken_port(host: str, port: int) -> None:
    """Say early that the port is somebody else's."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as reason:
            raise Failed(
                f"Port {port} on {host} cannot be used: {reason.strerror}.\n"
                f"Choose another one: PORT={port + 1 if port < 65535 else 8000} bin/up"
            ) from None


def health(url: str) -> str:
    """What /healthz says is missing; empty when all parts are ready."""
    # Without a proxy: the address is our own.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        opener.open(f"{url}/healthz", timeout=5).close()
    except urllib.error.HTTPError as refused:
        return _missing_parts(refused)
    except OSError:
        return "The web server does not answer."
    return ""


def _missing_parts(refused: urllib.error.HTTPError) -> str:
    try:
        parts = json.load(refused)["parts"]
        return "; ".join(f"{k}: {v}" for k, v in parts.items() if v != "ready")
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"/healthz answers {refused.code}"


def wait_for_health(url: str, give_up: Callable[[], bool] = lambda: False) -> str:
    """Wait until all parts are ready; returns what is missing when the time is up."""
    missing = ""

    def settled() -> bool:
        nonlocal missing
        missing = health(url)
        return not missing or give_up()

    wait_until(settled, seconds=SECONDS_TO_BECOME_READY, every=0.25)
    return missing


def banner(place: Place, url: str) -> str:
    """The address, and what the demo's seeding said about accounts."""
    demo = place.run / "demo.txt"
    accounts = demo.read_text().strip() if demo.exists() else ""
    paragraphs = [f"\nticketapp is running at {url}", accounts, "bin/down stops it."]
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph) + "\n"
