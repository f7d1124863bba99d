"""Private PostgreSQL (PostGIS) and Redis for one checkout, on unix sockets only.

The system's own services are never touched. Starting twice at once is safe, and so is
starting after `kill -9`: the answer always comes from the servers, not from pid files.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import AbstractContextManager
from pathlib import Path

from _console import Failed
from _locks import locked
from _place import MACOS, NAME, Place
from _processes import command_line, is_alive, read_pid, wait_until

EXTENSIONS = ("postgis", "pg_trgm", "btree_gist")
POSTGRES_PLACES = (
    "usr/lib/postgresql/*/bin",
    "opt/homebrew/opt/postgresql@*/bin",
    "usr/local/opt/postgresql@*/bin",
)
INSTALL_HINT = (
    "No PostgreSQL server with PostGIS found. bin/up and bin/test install one.\n"
    "  By hand, Debian/Ubuntu: apt-get install postgresql-postgis redis-server\n"
    "  macOS: brew install postgresql@17 postgis redis gdal"
)
LONGEST_LOG = 10_000_000
# Durability is left alone: fsync and full_page_writes stay on, also for tests.
POSTGRES_SETTINGS = {
    "listen_addresses": "",  # no port to clash with, nothing to reach from outside
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "random_page_cost": "1.1",
    "jit": "off",
    # The first geography call of a connection costs 21 ms without it.
    "shared_preload_libraries": "postgis-3",
    "log_min_duration_statement": "500",
    "log_line_prefix": "%m [%p] ",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class Services:
    """Start, stop and ask the two servers of one checkout."""

    def __init__(self, place: Place) -> None:
        self.place = place

    def up(self) -> None:
        """Start what is not running."""
        with self._one_at_a_time():
            self.place.make()
            if not self.postgres_answers():
                self._start_postgres()
            self._ensure_database()
            if not self.redis_answers():
                self._start_redis()

    def down(self) -> None:
        """Stop both. Nothing happens to the data."""
        if self.place.private.exists():
            with self._one_at_a_time():
                self._stop()

    def purge(self) -> None:
        """Stop both and delete everything that this checkout keeps."""
        if self.place.private.exists():
            with self._one_at_a_time():
                self._stop()
                self.place.remove()

    def _one_at_a_time(self) -> AbstractContextManager[object]:
        return locked(self.place.private / "services.lock")

    def _stop(self) -> None:
        self._stop_redis()
        self._stop_postgres()

    # PostgreSQL

    def postgres_answers(self) -> bool:
        """Ask the server: after a crash its pid file still says yes."""
        tool = postgres_folder() / "pg_isready"
        asked = self.place.as_owner(tool, "-q", "-h", self.place.sockets, check=False)
        return asked.returncode == 0

    def postgres_pid(self) -> int | None:
        """The running server's pid; a pid file that names a stranger is ignored."""
        pid = read_pid(self.place.database / "postmaster.pid")
        if pid and is_alive(pid) and str(self.place.database) in command_line(pid):
            return pid
        return None

    def sql(self, statement: str, *, database: str = NAME) -> str:
        """Run one statement as the owner of the cluster and return what it prints."""
        psql = postgres_folder() / "psql"
        where = ("-h", self.place.sockets, "-U", NAME, "-d", database)
        how = ("-XAtq", "-v", "ON_ERROR_STOP=1", "-c", statement)
        return self.place.as_owner(psql, *where, *how).stdout.strip()

    def _start_postgres(self) -> None:
        data = self.place.database
        if not data.exists():
            self._create_cluster()
        self._write_settings()
        # It may be starting, stopping or dying: let it finish.
        wait_until(
            lambda: self.postgres_answers() or not self.postgres_pid(), seconds=30
        )
        if self.postgres_answers():
            return
        self._forget_dead_postgres()
        start = (postgres_folder() / "pg_ctl", "-D", data, "-w", "-t", "60", "-s")
        log = self.place.service_logs / "postgres.log"
        if log.exists() and log.stat().st_size > LONGEST_LOG:
            log.rename(log.with_suffix(".old"))
        # After kill -9 the last orphans may hold the shared memory for a moment.
        if not wait_until(
            lambda: (
                self.place.as_owner(
                    *start, "-l", log, "start", check=False, quiet=True
                ).returncode
                == 0
                or self.postgres_answers()
            ),
            seconds=20,
        ):
            raise Failed(f"PostgreSQL did not start. Its reason is at the end of {log}")

    def _create_cluster(self) -> None:
        """Make the cluster beside its place and move it there: whole or not at all."""
        fresh = self.place.database.with_suffix(".new")
        shutil.rmtree(fresh, ignore_errors=True)
        locale = "--locale=C" if MACOS else "--locale=C.UTF-8"
        self._lend(fresh)
        self.place.as_owner(
            postgres_folder() / "initdb",
            *("-D", fresh, "-U", NAME, "-A", "trust", "-E", "UTF8", locale),
        )
        with (fresh / "postgresql.conf").open("a") as main:
            main.write(f"include = '{NAME}.conf'\n")
        fresh.rename(self.place.database)

    def _lend(self, folder: Path) -> None:
        folder.mkdir(mode=0o700)
        os.chown(folder, self.place.owner.pw_uid, self.place.owner.pw_gid)

    def _write_settings(self) -> None:
        """Write ours at each start, so that a change here reaches old checkouts."""
        chosen = POSTGRES_SETTINGS | {
            "unix_socket_directories": str(self.place.sockets)
        }
        path = self.place.database / f"{NAME}.conf"
        path.write_text(
            "".join(f"{key} = '{value}'\n" for key, value in chosen.items())
        )
        path.chmod(0o644)

    def _forget_dead_postgres(self) -> None:
        """Remove lock files whose pid now belongs to somebody else's process."""
        if self.postgres_pid() is None:
            (self.place.database / "postmaster.pid").unlink(missing_ok=True)
            for leftover in self.place.sockets.glob(".s.PGSQL.*"):
                leftover.unlink(missing_ok=True)

    def _ensure_database(self) -> None:
        exists = f"SELECT 1 FROM pg_database WHERE datname = '{NAME}'"
        if self.sql(exists, database="postgres") == "1":
            return
        create = ";".join(
            f"CREATE EXTENSION IF NOT EXISTS {name}" for name in EXTENSIONS
        )
        # In template1 too: every test database is then born with them. The database is
        # made last, so that its presence means that all of this is done.
        self.sql(f"SET client_min_messages = warning; {create}", database="template1")
        self.sql(f"CREATE DATABASE {NAME}", database="postgres")

    def _stop_postgres(self) -> None:
        if self.postgres_pid() is None:
            return
        stop = ("-D", self.place.database, "-w", "-t", "60", "-s", "stop")
        control = postgres_folder() / "pg_ctl"
        asked = self.place.as_owner(control, "-m", "fast", *stop, check=False)
        if asked.returncode and self.postgres_pid():
            self.place.as_owner(control, "-m", "immediate", *stop)

    # Redis

    def redis_answers(self) -> bool:
        if not self.place.redis_socket.exists():
            return False
        asked = self._redis("ping", check=False)
        return asked.stdout.strip() == "PONG"

    def _redis(
        self, *command: str, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        where = ("-s", self.place.redis_socket)
        return self.place.as_owner("redis-cli", *where, *command, check=check)

    def _start_redis(self) -> None:
        """Everything in Redis may be lost, so it keeps nothing on disk.

        No memory limit: evicting would drop jobs and queue places without a word.
        """
        if not shutil.which("redis-server"):
            raise Failed("redis-server is missing; bin/up and bin/test install it.")
        options = {
            "port": "0",
            "unixsocket": self.place.redis_socket,
            "unixsocketperm": "700",
            "daemonize": "yes",
            "databases": "64",  # one for each process of tests
            "dir": self.place.redis,
            "pidfile": self.place.redis / "redis.pid",
            "logfile": self.place.service_logs / "redis.log",
            "save": "",
        }
        flags = [part for key, value in options.items() for part in (f"--{key}", value)]
        self.place.as_owner("redis-server", *flags, quiet=True)
        if not wait_until(self.redis_answers, seconds=10):
            raise Failed(f"Redis did not start, see {options['logfile']}")

    def _stop_redis(self) -> None:
        pid = read_pid(self.place.redis / "redis.pid")
        if self.redis_answers():
            self._redis("shutdown", "nosave", check=False)
        if pid:
            wait_until(lambda: "redis" not in command_line(pid), seconds=10)


def postgres_folder() -> Path:
    """The programs of the newest PostgreSQL that has PostGIS."""
    found = [path for pattern in POSTGRES_PLACES for path in Path("/").glob(pattern)]
    found.sort(key=_major_version, reverse=True)
    for folder in found:
        if (folder / "initdb").exists() and _has_postgis(folder):
            return folder
    raise Failed(INSTALL_HINT)


def _major_version(folder: Path) -> int:
    digits = "".join(c for c in folder.parent.name.rpartition("@")[2] if c.isdigit())
    return int(digits or 0)


def _has_postgis(folder: Path) -> bool:
    debian = Path("/usr/share/postgresql") / folder.parent.name
    if debian.is_dir():
        return (debian / "extension/postgis.control").exists()
    asked = subprocess.run(
        [folder / "pg_config", "--sharedir"],
        capture_output=True,
        text=True,
        check=False,
    )
    return (Path(asked.stdout.strip()) / "extension/postgis.control").exists()


def open_psql(services: Services, arguments: list[str]) -> None:
    """Become psql on the project's database. Never returns."""
    psql = str(postgres_folder() / "psql")
    where = ["-h", str(services.place.sockets), "-U", NAME, "-d", NAME]
    sys.stdout.flush()
    os.execv(psql, [psql, *where, *arguments])
