"""Run the project's processes until one ends or we are told to stop.

Started by bin/up with the virtual environment's Python; honcho does the supervising.
"""

from __future__ import annotations

import os
import shlex
import signal
import sys
import threading

from _console import Failed, die, say
from _environment import DEFAULT_HOST, chosen, port, project_environment
from _place import Place
from _stack import STOPPING, Running, Stack, banner, wait_for_health
from honcho.manager import Manager


def main(url: str, claim: str) -> int:
    # bin/up's claim lives on in this process, and in what honcho forks from it.
    os.set_inheritable(int(claim), False)
    # Until honcho listens itself; a closed terminal ends the demo as Ctrl-C does.
    signal.signal(signal.SIGTERM, interrupt)
    signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    stack = Stack(Place())
    stack.announce(Running(pid=os.getpid(), url=url))
    try:
        with stack.using_services():
            threading.Thread(target=greet, args=(stack, url), daemon=True).start()
            try:
                # What came since bin/up handed over is dealt with now.
                signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
                return supervise(stack.place)
            finally:
                ignore_signals()
                stack.end_orphans()
    finally:
        stack.withdraw()


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


class PatientManager(Manager):
    """honcho fails to end what has not yet reported that it started; this one waits."""

    def terminate(self) -> None:
        if self._all_started():
            super().terminate()
        else:
            threading.Timer(0.05, self.terminate).start()


def supervise(place: Place) -> int:
    """Run everything; when one part ends, all end."""
    manager = PatientManager()
    environment = project_environment(place) | {
        "PYTHONUNBUFFERED": "1",
        # In a container everything runs as root; Celery need not warn each time.
        "PYTHONWARNINGS": "ignore:You're running the worker with superuser",
    }
    for name, command in commands(place).items():
        note = shlex.quote(str(place.run / f"{name}.pid"))
        # The shell leads the group that the command, taking its place, goes on leading.
        line = f"echo $$ > {note}; exec {shlex.join(command)}"
        manager.add_process(name, line, env=environment, cwd=str(place.checkout))
    manager.loop()
    return manager.returncode or 0


def commands(place: Place) -> dict[str, list[str]]:
    """What runs beside the services: web with sockets, worker, clock."""
    binaries = place.checkout / ".venv/bin"
    host = chosen(place, "HOST", DEFAULT_HOST)
    celery = [str(binaries / "celery"), "--quiet", "--app", "ticketapp"]
    return {
        "web": [
            *(str(binaries / "granian"), "--interface", "asginl"),
            *("--host", host, "--port", str(port(place)), "--workers", "1"),
            *("--log-level", "warning", "--workers-kill-timeout", "3"),
            "ticketapp.asgi:application",
        ],
        "worker": [
            *(*celery, "worker", "--loglevel", "WARNING"),
            *("--concurrency", chosen(place, "WORKER_PROCESSES", "2")),
            # There is one worker: nobody to gossip with.
            *("--without-gossip", "--without-mingle"),
        ],
        "clock": [
            *(*celery, "beat", "--loglevel", "WARNING", "--pidfile="),
            *("--schedule", str(place.run / "beat")),
        ],
    }


def greet(stack: Stack, url: str) -> None:
    """Print where to go, once all parts are ready."""
    missing = wait_for_health(url)
    say(f"\nNot ready yet. {missing}\n" if missing else banner(stack.place, url))


def ignore_signals() -> None:
    """From here on we are cleaning up: a second Ctrl-C must not leave a half."""
    for number in STOPPING:
        signal.signal(number, signal.SIG_IGN)


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except Failed as reason:
        die(reason)
    except KeyboardInterrupt:
        die("Stopped.", code=130)
