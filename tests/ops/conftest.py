import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = (".git", ".services", ".venv", "node_modules", "media", "staticfiles")


class Checkout:
    """A copy of the project somewhere else, with its scripts."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        # Nothing of the shell that runs the tests: a fresh login has none of it.
        self.environment = {"PATH": os.environ["PATH"], "PORT": str(self.port)}

    def start(self, script: str, *arguments: str) -> subprocess.Popen:
        return subprocess.Popen(
            [str(self.path / "bin" / script), *arguments],
            cwd=self.path,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, script: str, *arguments: str) -> tuple[int, str]:
        """Exit code and everything said."""
        process = self.start(script, *arguments)
        said, _ = process.communicate(timeout=90)
        return process.returncode, said

    def data(self) -> Path:
        """Where this checkout's services keep their data."""
        _, said = self.run("services", "status")
        return Path(said.partition("data: ")[2].strip())

    def processes(self) -> list[str]:
        """The commands of all processes that belong to this checkout."""
        marks = (str(self.path), str(self.data()))
        return [line for line in command_lines() if any(m in line for m in marks)]


def command_lines() -> list[str]:
    listed = subprocess.run(
        ["ps", "-axww", "-o", "stat=,command="],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return [line for line in listed if not line.startswith("Z")]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def remove(checkout: Checkout) -> None:
    checkout.run("down", "--purge")
    shutil.rmtree(checkout.path, ignore_errors=True)


@pytest.fixture
def scripts(request) -> Iterator[Checkout]:
    """Only the scripts, where others may enter; as a parameter 0o700: may not."""
    home = Path(tempfile.mkdtemp(prefix="ticketapp-test-"))
    home.chmod(getattr(request, "param", 0o755))
    shutil.copytree(ROOT / "bin", home / "checkout" / "bin")
    checkout = Checkout(home / "checkout")
    yield checkout
    remove(checkout)
    home.rmdir()


def full_copy() -> Checkout:
    home = Path(tempfile.mkdtemp(prefix="ticketapp-test-"))
    home.chmod(0o755)
    shutil.copytree(
        ROOT,
        home,
        dirs_exist_ok=True,
        ignore=shutil.ignore_patterns(*HEAVY, ".env", "__pycache__", ".*_cache"),
    )
    # Installing takes a while and is proved by having run: here it is borrowed.
    (home / ".venv").symlink_to(ROOT / ".venv")
    if (ROOT / "node_modules").exists():
        shutil.copytree(ROOT / "node_modules", home / "node_modules", symlinks=True)
    return Checkout(home)


@pytest.fixture
def checkout() -> Iterator[Checkout]:
    """The whole project in a place of its own."""
    copy = full_copy()
    yield copy
    remove(copy)


@pytest.fixture
def other_checkout() -> Iterator[Checkout]:
    copy = full_copy()
    yield copy
    remove(copy)
