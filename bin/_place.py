"""Where this checkout keeps what it makes: data, logs, sockets, and who owns them."""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from _console import Failed

NAME = "ticketapp"
CHECKOUT = Path(__file__).resolve().parent.parent
MACOS = sys.platform == "darwin"
# A socket's path ends at 107 bytes (103 on macOS), `.s.PGSQL.5432.lock` included.
LONGEST_SOCKET_FOLDER = 80


@dataclass(frozen=True)
class Place:
    """The folders of one checkout, and the user who runs its services.

    Ours (pid files, secrets, logs of the set-up) are in `.services/run`. PostgreSQL
    refuses to run as root, so under root the services belong to the system user
    `postgres`; if that user cannot enter the checkout (a closed home), the data
    lives in /var/lib instead of `.services`.
    """

    checkout: Path = CHECKOUT

    @cached_property
    def tag(self) -> str:
        return hashlib.sha256(str(self.checkout).encode()).hexdigest()[:8]

    @cached_property
    def is_root(self) -> bool:
        return os.geteuid() == 0

    @cached_property
    def owner(self) -> pwd.struct_passwd:
        if not self.is_root:
            return pwd.getpwuid(os.geteuid())
        try:
            return pwd.getpwnam("postgres")
        except KeyError:
            raise Failed(
                "There is no system user `postgres`: PostgreSQL is not installed.\n"
                "bin/up and bin/test install it."
            ) from None

    @property
    def private(self) -> Path:
        return self.checkout / ".services"

    @property
    def run(self) -> Path:
        return self.private / "run"

    @cached_property
    def home(self) -> Path:
        if self.is_root and not self._owner_may_enter(self.checkout):
            return Path(f"/var/lib/{NAME}-{self.tag}")
        return self.private

    @cached_property
    def sockets(self) -> Path:
        inside = self.home / "s"
        if len(os.fsencode(inside)) <= LONGEST_SOCKET_FOLDER:
            return inside
        base = Path("/run") if self.is_root and not MACOS else tempfile.gettempdir()
        return Path(base) / f"{NAME}-{self.tag}"

    @property
    def database(self) -> Path:
        return self.home / "pg"

    @property
    def redis(self) -> Path:
        return self.home / "redis"

    @property
    def redis_socket(self) -> Path:
        return self.sockets / "redis.sock"

    @property
    def service_logs(self) -> Path:
        return self.home / "log"

    def environment(self) -> dict[str, str]:
        """What the settings need to find the services."""
        return {
            "DATABASE_URL": f"postgis://{NAME}@/{NAME}?host={self.sockets}",
            "REDIS_URL": f"unix://{self.redis_socket}",
        }

    def make_private(self) -> None:
        """Create our own folders; needs no PostgreSQL to be installed."""
        # Under root the owner of the services must be able to walk through.
        self._folder(self.private, mode=0o711 if self.is_root else 0o700)
        self._folder(self.run, mode=0o700)

    def make(self) -> None:
        """Create all folders; those of the services are closed to everyone else."""
        self.make_private()
        self._folder(self.home, mode=0o711 if self.is_root else 0o700)
        for folder in (self.sockets, self.redis, self.service_logs):
            self._folder(folder, mode=0o700, owned=True)

    def remove(self) -> None:
        """Delete every folder; what others may be waiting for (`*.lock`) goes last."""
        shutil.rmtree(self.sockets, ignore_errors=True)
        if self.home != self.private:
            shutil.rmtree(self.home, ignore_errors=True)
        for entry in sorted(self.private.iterdir(), key=lambda e: e.suffix == ".lock"):
            if entry.is_dir():
                shutil.rmtree(entry)
            else:
                entry.unlink()
        with suppress(OSError):  # somebody who waited for us has moved in already
            self.private.rmdir()

    def as_owner(
        self, *command: object, check: bool = True, quiet: bool = False
    ) -> subprocess.CompletedProcess[str]:
        """Run a command as the services' user and return its text output."""
        prefix = ["runuser", "-u", self.owner.pw_name, "--"] if self.is_root else []
        done = subprocess.run(
            [*prefix, *(str(part) for part in command)],
            cwd="/",  # the owner may not be allowed into ours
            stdin=subprocess.DEVNULL,
            # A daemon would keep a pipe open and we would wait for ever.
            stdout=subprocess.DEVNULL if quiet else subprocess.PIPE,
            stderr=subprocess.DEVNULL if quiet else subprocess.PIPE,
            text=True,
            check=False,
        )
        if check and done.returncode:
            raise Failed(
                f"{Path(str(command[0])).name} failed ({done.returncode}): "
                f"{(done.stderr or '').strip() or 'see ' + str(self.service_logs)}"
            )
        return done

    def _owner_may_enter(self, folder: Path) -> bool:
        return self.as_owner("test", "-x", folder, check=False).returncode == 0

    def _folder(self, path: Path, *, mode: int, owned: bool = False) -> None:
        path.mkdir(mode=mode, parents=True, exist_ok=True)
        wanted = self.owner.pw_uid if owned else os.geteuid()
        found = path.lstat()
        if path.is_symlink() or found.st_uid not in {wanted, os.geteuid()}:
            raise Failed(
                f"{path} belongs to another user. Was this checkout run as root "
                "before? Run `bin/down --purge` as that user first."
            )
        if found.st_uid != wanted:
            os.chown(path, self.owner.pw_uid, self.owner.pw_gid)
        path.chmod(mode)
