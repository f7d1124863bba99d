"""Questions about processes, without the tools that a bare machine lacks."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path


def is_alive(pid: int) -> bool:
    """True while the process runs; a zombie is dead."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return not Path("/proc/self").exists()
    except ProcessLookupError:
        return False


def command_line(pid: int) -> str:
    """The process's command, empty if it is gone."""
    if Path("/proc/self").exists():
        try:
            raw = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            return ""
        return raw.replace(b"\0", b" ").decode(errors="replace").strip()
    return subprocess.run(
        ["ps", "-ww", "-o", "command=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()


def read_pid(path: Path) -> int | None:
    """The number on the first line of a pid file, if there is one."""
    try:
        return int(path.read_text().split()[0])
    except (FileNotFoundError, ValueError, IndexError):
        return None


def wait_until(
    ready: Callable[[], bool], *, seconds: float, every: float = 0.05
) -> bool:
    """Ask again and again until `ready` says yes or the time is up."""
    deadline = time.monotonic() + seconds
    while not (answer := ready()) and time.monotonic() < deadline:
        time.sleep(every)
    return answer


def group_members(group: int) -> list[str]:
    """The commands of the processes in a process group."""
    if Path("/proc/self").exists():
        pids = [int(path.name) for path in Path("/proc").glob("[0-9]*")]
        return [command_line(pid) for pid in pids if _group_of(pid) == group]
    listed = subprocess.run(
        ["ps", "-axww", "-o", "pgid=,command="],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.splitlines()
    rows = [line.split(maxsplit=1) for line in listed]
    return [row[1] for row in rows if len(row) == 2 and int(row[0]) == group]


def _group_of(pid: int) -> int | None:
    try:
        return os.getpgid(pid) if is_alive(pid) else None
    except ProcessLookupError:
        return None
