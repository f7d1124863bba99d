"""Locks that the kernel lets go of when their holder dies, however it dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Wait for our turn."""
    handle = _open_locked(path, fcntl.LOCK_EX)
    try:
        yield
    finally:
        handle.close()


def try_lock(path: Path) -> TextIOWrapper | None:
    """Take the lock until the returned file is closed; None if another has it."""
    try:
        return _open_locked(path, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return None


def share_lock(path: Path) -> TextIOWrapper:
    """Take part: many may share the lock, and nobody has it alone meanwhile."""
    return _open_locked(path, fcntl.LOCK_SH)


def have_alone(handle: TextIOWrapper) -> bool:
    """Turn a shared lock into one of our own, if nobody else shares it."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _open_locked(path: Path, how: int) -> TextIOWrapper:
    """Lock the file at `path`, again if a purge took it away while we waited."""
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = path.open("a")
        try:
            fcntl.flock(handle, how)
        except BlockingIOError:
            handle.close()
            raise
        if _is_still(path, handle):
            return handle
        handle.close()


def _is_still(path: Path, handle: TextIOWrapper) -> bool:
    try:
        return path.stat().st_ino == os.fstat(handle.fileno()).st_ino
    except FileNotFoundError:
        return False
