"""What every benchmark has around it: a folder, servers, and what they use."""

import os
import subprocess
import sys
from argparse import Namespace
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from bench.console import BenchFailed, step
from bench.servers import Server, Usage, web_server

CHECKOUT = Path(__file__).resolve().parent.parent
BARE_SETTINGS = "bench.bare_settings"


class Bench:
    """One run of one benchmark."""

    def __init__(self) -> None:
        self.folder = Path(os.environ["BENCH_FOLDER"])
        self.folder.mkdir(exist_ok=True)
        self._postgres = int(os.environ["BENCH_POSTGRES_PID"])
        self._load_before = os.getloadavg()[0]

    def web(
        self, options: Namespace, **environment: str
    ) -> AbstractContextManager[Server]:
        return web_server(
            folder=self.folder,
            workers=options.workers,
            threads=options.threads,
            environment=environment,
        )

    def bare_web(self, options: Namespace) -> AbstractContextManager[Server]:
        """The same server with `bench.bare` in it, to measure the limit."""
        return web_server(
            folder=self.folder,
            workers=options.workers,
            threads=options.threads,
            settings=BARE_SETTINGS,
        )

    def usage(self, web: Server, **others: int) -> Usage:
        return Usage(web=web.process.pid, database=self._postgres, **others)

    def settings(self, options: Namespace) -> dict[str, Any]:
        """What a reader must know to compare this run with another one."""
        return {
            "clients": options.clients,
            "web": f"granian, {options.workers} processes of {options.threads} threads",
            "cores": os.cpu_count(),
            "load_before": self._load_before,
        }

    def audit(self) -> None:
        """Run `manage.py audit` on what is left; a figure with a finding is none."""
        with step("Audit"):
            done = subprocess.run(
                [sys.executable, str(CHECKOUT / "manage.py"), "audit"],
                capture_output=True,
                text=True,
                check=False,
            )
        if done.returncode:
            raise BenchFailed(f"The audit found:\n{done.stdout}{done.stderr}")
