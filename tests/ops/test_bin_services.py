"""The private PostgreSQL and Redis, started and killed in copies of the scripts."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

OPEN_OR_CLOSED = pytest.mark.parametrize(
    "scripts", [0o755, 0o700], ids=["open home", "closed home"], indirect=True
)


def postmaster(data: Path) -> int:
    return int((data / "pg/postmaster.pid").read_text().split()[0])


def redis_server(data: Path) -> int:
    return int((data / "redis/redis.pid").read_text())


@OPEN_OR_CLOSED
def test_starting_at_the_same_time_starts_once(scripts):
    starts = [scripts.start("services", "up") for _ in range(3)]

    said = {start.communicate(timeout=60)[0] for start in starts}

    assert [start.returncode for start in starts] == [0, 0, 0]
    assert len(said) == 1
    assert len([p for p in scripts.processes() if " -D " in p]) == 1
    assert len([p for p in scripts.processes() if "redis-server" in p]) == 1


def test_every_new_database_has_the_extensions_and_no_port_is_open(scripts):
    scripts.run("services", "up")

    scripts.run("services", "psql", "-c", "CREATE DATABASE another")
    code, said = scripts.run(
        "services",
        *("psql", "-At", "another", "-c"),
        "SELECT extname FROM pg_extension UNION SELECT current_setting(name) "
        "FROM (VALUES ('listen_addresses'), ('fsync')) AS setting (name)",
    )

    assert code == 0
    assert {"postgis", "pg_trgm", "btree_gist", "", "on"} <= set(said.split("\n"))


def test_starts_again_after_a_kill(scripts):
    scripts.run("services", "up")
    data = scripts.data()
    os.kill(postmaster(data), signal.SIGKILL)
    os.kill(redis_server(data), signal.SIGKILL)

    code, said = scripts.run("services", "up")

    assert code == 0, said
    assert scripts.run("services", "status")[0] == 0


def test_a_pid_file_that_names_a_stranger_is_no_obstacle(scripts):
    scripts.run("services", "up")
    pid_file = scripts.data() / "pg/postmaster.pid"
    lines = pid_file.read_text().splitlines()
    scripts.run("services", "down")
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]))

    code, said = scripts.run("services", "up")

    assert code == 0, said
    assert postmaster(scripts.data()) != os.getpid()


@OPEN_OR_CLOSED
def test_purge_leaves_nothing(scripts):
    _, environment = scripts.run("services", "up")
    data = scripts.data()
    sockets = Path(environment.partition("host=")[2].split("\n")[0])

    code, _ = scripts.run("services", "purge")

    assert code == 0
    assert not data.exists()
    assert not sockets.exists()
    assert {entry.name for entry in scripts.path.iterdir()} == {"bin"}
    assert not scripts.processes()


def test_up_says_that_the_port_is_taken_and_what_to_do(scripts):
    with socket.socket() as other:
        other.bind(("127.0.0.1", scripts.port))
        other.listen()

        code, said = scripts.run("up")

    assert code == 1
    assert f"Port {scripts.port} on 127.0.0.1 cannot be used" in said
    assert f"PORT={scripts.port + 1} bin/up" in said
    assert not scripts.processes()


def test_the_last_user_to_leave_stops_them_and_nobody_purges_them_before(scripts):
    user = start_user(scripts)

    code, said = scripts.run("down", "--purge")
    assert code == 1
    assert "nothing was deleted" in said
    assert scripts.run("services", "status")[0] == 0

    user.communicate("leave\n", timeout=60)
    assert scripts.run("services", "status")[0] == 1


def test_what_was_started_by_hand_stays_when_the_last_user_leaves(scripts):
    scripts.run("services", "up")

    start_user(scripts).communicate("leave\n", timeout=60)

    assert scripts.run("services", "status")[0] == 0


def start_user(scripts) -> subprocess.Popen:
    """Something like bin/test: it uses the services until it gets a line to read."""
    using = "with Stack(Place()).using_services(): print('using', flush=True); input()"
    imports = "from _place import Place; from _stack import Stack"
    user = subprocess.Popen(
        [sys.executable, "-c", f"{imports}\n{using}"],
        env=scripts.environment | {"PYTHONPATH": str(scripts.path / "bin")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert user.stdout.readline() == "using\n"
    return user


@pytest.mark.parametrize("script", ["down", "services"])
def test_stopping_what_never_ran_is_fine(scripts, script):
    assert scripts.run(script, *(["down"] if script == "services" else []))[0] == 0
