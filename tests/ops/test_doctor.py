"""The doctor as an operator meets it: a command, its words and its exit code."""

import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from ticketapp import doctor, tasks

ROOT = Path(__file__).parents[2]
PRODUCTION = {
    "DEBUG": "0",
    "SECRET_KEY": "a-secret-of-forty-characters-and-some-more",
    "TICKET_SIGNING_KEY": "another-secret-of-forty-characters-or-more",
    "ALLOW_SANDBOX": "1",
}


@pytest.fixture
def demo(settings, db):
    """The demo as bin/up runs it; the test runner turns DEBUG off."""
    settings.DEBUG = True
    tasks.heartbeat()
    return settings


def run_doctor(**environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "manage.py", "doctor"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def findings(topic: str) -> list[doctor.Finding]:
    return [f for f in doctor.examine(now=timezone.now()) if f.topic == topic]


@pytest.mark.usefixtures("demo")
def test_nothing_is_broken_when_all_is_well():
    said = StringIO()

    call_command("doctor", stdout=said)

    assert "Nothing is broken." in said.getvalue()
    assert "psycopg2" in said.getvalue()


def test_a_broken_part_makes_the_exit_code_1(demo):
    demo.SECRET_KEY = "short"

    with pytest.raises(CommandError, match="1 broken"):
        call_command("doctor", stdout=StringIO())


def test_services_that_do_not_answer_are_named_with_a_way_out():
    done = run_doctor(
        DEBUG="1",
        DATABASE_URL="postgis:///ticketapp?host=/nonexistent",
        REDIS_URL="unix:///nonexistent/redis.sock",
    )

    assert done.returncode == 1
    for topic in ("PostgreSQL", "Redis", "worker", "clock"):
        assert f"BROKEN  {topic} " in done.stdout
    assert "mend DATABASE_URL" in done.stdout
    assert "mend REDIS_URL" in done.stdout


def test_no_secret_is_ever_printed():
    live = {
        "STRIPE_SECRET_KEY": "sk_live_do_not_print_this",
        "STRIPE_PUBLISHABLE_KEY": "pk_test_do_not_print_this",
        "STRIPE_WEBHOOK_SECRET": "whsec_do_not_print_this",
    }

    done = run_doctor(**PRODUCTION, **live)

    said = done.stdout + done.stderr
    assert "one Stripe key is a test key, the other is live" in said
    assert not [
        value
        for name, value in (PRODUCTION | live).items()
        if ("KEY" in name or "SECRET" in name) and value in said
    ]


STRIPE = {
    "STRIPE_SECRET_KEY": "sk_test_x",
    "STRIPE_PUBLISHABLE_KEY": "pk_test_x",
    "STRIPE_WEBHOOK_SECRET": "whsec_x",
}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"STRIPE_PUBLISHABLE_KEY": ""}, "nobody can type a card"),
        ({"STRIPE_WEBHOOK_SECRET": "sk_test_x"}, "every webhook is refused"),
        ({"STRIPE_PUBLISHABLE_KEY": "pk_live_x"}, "the other is live"),
    ],
)
def test_keys_that_cannot_work_are_broken(settings, changes, problem):
    settings.PAYMENT_SANDBOX = False
    for name, value in (STRIPE | changes).items():
        setattr(settings, name, value)

    found = doctor.examine_payments()

    assert found.state == doctor.State.BROKEN
    assert problem in found.text
    assert found.remedy


def test_test_keys_that_go_together_are_a_note(settings):
    settings.PAYMENT_SANDBOX = False
    for name, value in STRIPE.items():
        setattr(settings, name, value)

    assert doctor.examine_payments().state == doctor.State.NOTE


@pytest.mark.parametrize("key", ["sk_live_x", "rk_live_x"])
def test_the_demo_mode_refuses_to_start_with_a_live_key(key):
    done = run_doctor(**PRODUCTION | STRIPE | {"DEBUG": "1", "STRIPE_SECRET_KEY": key})

    assert done.returncode == 1
    assert "STRIPE_SECRET_KEY is a live key" in done.stderr
    assert "Set DEBUG=0" in done.stderr
    assert key not in done.stderr


@pytest.mark.parametrize("name", ["SECRET_KEY", "TICKET_SIGNING_KEY"])
def test_without_demo_mode_a_missing_secret_refuses_to_start(name):
    done = run_doctor(**{key: v for key, v in PRODUCTION.items() if key != name})

    assert done.returncode == 1
    assert f"{name} is not set" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_demo_mode_the_payment_sandbox_refuses_to_start():
    done = run_doctor(**PRODUCTION | {"ALLOW_SANDBOX": "0"})

    assert done.returncode == 1
    assert "payments would go to the sandbox" in done.stderr


@pytest.mark.django_db
def test_push_credentials_that_cannot_be_read_are_broken(settings, tmp_path):
    settings.FCM_CREDENTIALS_FILE = str(tmp_path / "missing.json")

    [push] = findings("push")

    assert push.state == doctor.State.BROKEN
    assert "service account" in push.remedy
