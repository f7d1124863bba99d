"""The whole project started, killed and stopped, each time in a copy of its own."""

import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request

import pytest

pytestmark = pytest.mark.timeout(300)


def test_starts_in_the_background_once_and_stops_every_process(checkout):
    code, said = checkout.run("up", "--detach")
    assert code == 0, said
    assert checkout.url in said
    with urllib.request.urlopen(f"{checkout.url}/healthz") as answer:
        assert json.load(answer)["status"] == "ready"
    assert refused_sign_in(checkout.url) == 401  # a body was read, a code mailed

    code, said = checkout.run("up")
    assert code == 3
    assert checkout.url in said
    assert "pid" in said

    assert checkout.run("down")[0] == 0
    assert not checkout.processes()


@pytest.mark.slow
def test_starts_again_within_seconds_and_goes_without_a_trace(checkout):
    checkout.run("up", "--detach")
    checkout.run("down")

    started = time.monotonic()
    code, said = checkout.run("up", "--detach")
    assert code == 0, said
    assert time.monotonic() - started < 15

    data = checkout.data()
    assert checkout.run("down", "--purge")[0] == 0
    assert not checkout.processes()
    assert not data.exists()
    assert not (checkout.path / ".services").exists()


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_every_process(checkout, how):
    up = checkout.start("up")
    wait_for(up, "ticketapp is running at")

    up.send_signal(how)
    up.communicate(timeout=60)

    assert up.returncode != 0
    assert not checkout.processes()


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["Database migrations", "Servers", "system"])
def test_a_signal_at_a_bad_moment_ends_every_process_too(checkout, moment):
    up = checkout.start("up")
    wait_for(up, moment)

    up.send_signal(signal.SIGTERM)
    up.communicate(timeout=60)

    assert up.returncode != 0
    assert not checkout.processes()


@pytest.mark.slow
def test_a_killed_one_is_cleared_away_by_the_next(checkout):
    first = checkout.start("up")
    wait_for(first, "ticketapp is running at")
    kill(first)
    assert checkout.processes()

    code, said = checkout.run("up", "--detach")

    assert code == 0, said
    webs = [line for line in checkout.processes() if "granian" in line]
    assert len(webs) == 2  # its supervisor and its worker
    checkout.run("down")
    assert not checkout.processes()


@pytest.mark.slow
def test_down_ends_what_a_killed_one_left(checkout):
    up = checkout.start("up")
    wait_for(up, "ticketapp is running at")
    kill(up)

    assert checkout.run("down")[0] == 0

    assert not checkout.processes()


@pytest.mark.slow
def test_one_part_that_dies_ends_all(checkout):
    up = checkout.start("up")
    wait_for(up, "ticketapp is running at")
    os.kill(
        int((checkout.path / ".services/run/clock.pid").read_text()), signal.SIGKILL
    )

    up.communicate(timeout=60)

    assert up.returncode != 0
    assert not checkout.processes()


@pytest.mark.slow
def test_two_checkouts_run_side_by_side(checkout, other_checkout):
    starts = [each.start("up", "--detach") for each in (checkout, other_checkout)]
    for start in starts:
        said, _ = start.communicate(timeout=120)
        assert start.returncode == 0, said

    checkout.run("down")

    assert not checkout.processes()
    with urllib.request.urlopen(f"{other_checkout.url}/healthz") as answer:
        assert answer.status == 200


def refused_sign_in(url: str) -> int:
    """Ask for a sign-in code, which allauth answers with "not yet signed in"."""
    request = urllib.request.Request(
        f"{url}/_allauth/app/v1/auth/code/request",
        data=b'{"email": "buyer@ticketapp.example"}',
        headers={"Content-Type": "application/json"},
    )
    with pytest.raises(urllib.error.HTTPError) as answer:
        urllib.request.urlopen(request)
    answer.value.close()
    return answer.value.code


def wait_for(process: subprocess.Popen, words: str) -> None:
    """Read what the process says until the words appear."""
    said = []
    for line in process.stdout:
        said.append(line)
        if words in line:
            return
    raise AssertionError("".join(said))


def kill(process: subprocess.Popen) -> None:
    process.kill()
    process.wait()
    process.stdout.close()
