"""What is wrong with this installation, and how to mend it. Never prints a secret."""

import json
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from django.conf import settings
from django.contrib.gis.gdal import gdal_version
from django.contrib.gis.geos import geos_version
from django.db import Error as DatabaseError
from django.db import connection
from django.db.backends.postgresql.psycopg_any import is_psycopg3
from django_redis import get_redis_connection

from ticketapp import health

OLDEST_PYTHON = (3, 11)
OLDEST_POSTGRESQL = 14
OLDEST_REDIS = 6
SHORTEST_SECRET = 32
EXTENSIONS = {"postgis", "pg_trgm", "btree_gist"}
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


class State(StrEnum):
    OK = "ok"
    NOTE = "note"
    BROKEN = "BROKEN"


@dataclass(frozen=True)
class Finding:
    """One thing looked at; `remedy` says what to do about it."""

    topic: str
    text: str
    state: State = State.OK
    remedy: str = ""


def broken(topic: str, text: str, remedy: str) -> Finding:
    return Finding(topic, text, State.BROKEN, remedy)


def note(topic: str, text: str, remedy: str = "") -> Finding:
    return Finding(topic, text, State.NOTE, remedy)


def examine(*, now: datetime) -> Iterator[Finding]:
    """Look at everything; one broken part does not hide the next."""
    yield from examine_environment()
    yield from examine_secrets()
    yield from examine_libraries()
    yield from examine_database()
    yield from examine_redis()
    yield from examine_jobs(now=now)
    yield examine_payments()
    yield examine_push()
    yield examine_email()


def examine_environment() -> Iterator[Finding]:
    python = platform.python_version()
    if sys.version_info < OLDEST_PYTHON:
        yield broken("Python", python, "Use Python 3.11 or newer.")
    else:
        yield Finding("Python", python)
    if settings.DEBUG:
        yield note("mode", "demo (DEBUG=1)", "For production set DEBUG=0.")
        return
    yield Finding("mode", "production (DEBUG=0)")
    if not settings.ALLOWED_HOSTS:
        remedy = "Set ALLOWED_HOSTS to the names the site is reached by."
        yield broken("hosts", "no host name is allowed", remedy)
    elif "*" in settings.ALLOWED_HOSTS:
        yield note("hosts", "every host name is allowed", "List yours: ALLOWED_HOSTS.")
    if not settings.SITE_URL.startswith("https://"):
        remedy = "Set SITE_URL to the public https:// address."
        yield broken("address", "SITE_URL is not https", remedy)


def examine_secrets() -> Iterator[Finding]:
    for name in ("SECRET_KEY", "TICKET_SIGNING_KEY"):
        value = getattr(settings, name)
        remedy = f"Set {name} to 50 random characters (.env.example says how)."
        if value.startswith("demo-only"):
            yield note(name, "the demo's own, known to everyone", remedy)
        elif len(value) < SHORTEST_SECRET:
            yield broken(name, f"shorter than {SHORTEST_SECRET} characters", remedy)
        else:
            yield Finding(name, "set")
    if settings.SECRET_KEY == settings.TICKET_SIGNING_KEY:
        remedy = "Make another TICKET_SIGNING_KEY; it voids the codes made so far."
        yield broken("secrets", "two secrets are the same", remedy)


def examine_libraries() -> Iterator[Finding]:
    if is_psycopg3:
        remedy = "Find the package that brings psycopg: pip show psycopg. Remove it."
        yield broken("driver", "psycopg 3 has taken over from psycopg2", remedy)
    else:
        yield Finding("driver", "psycopg2")
    yield Finding("GDAL", gdal_version().decode())
    yield Finding("GEOS", geos_version().decode())
    if found := next(filter(shutil.which, BROWSERS), None):
        yield Finding("browser", f"{found} (for the tests only)")
    else:
        remedy = "bin/test installs it; by hand: apt-get install chromium"
        yield note("browser", "no Chromium, which the browser tests need", remedy)


def examine_database() -> Iterator[Finding]:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT extname, extversion FROM pg_extension")
            extensions = dict(cursor.fetchall())
            cursor.execute("SHOW server_version")
            version = cursor.fetchone()[0]
            cursor.execute("SHOW shared_preload_libraries")
            preloaded = cursor.fetchone()[0]
    except DatabaseError as error:
        remedy = "Start it (bin/services up here), or mend DATABASE_URL."
        yield broken("PostgreSQL", str(error).strip(), remedy)
        return
    yield at_least("PostgreSQL", version, OLDEST_POSTGRESQL)
    if missing := sorted(EXTENSIONS - set(extensions)):
        remedy = "; ".join(f"CREATE EXTENSION {name}" for name in missing)
        yield broken("extensions", f"missing: {', '.join(missing)}", remedy)
    else:
        yield Finding("PostGIS", extensions["postgis"])
    if "postgis" not in preloaded:
        remedy = "Set shared_preload_libraries = 'postgis-3' in postgresql.conf."
        yield note("preload", "each new connection pays for loading PostGIS", remedy)
    if behind := health.unapplied_migrations():
        text = f"{len(behind)} to apply, the first is {behind[0]}"
        yield broken("migrations", text, "manage.py migrate")
    else:
        yield Finding("migrations", "all applied")


def examine_redis() -> Iterator[Finding]:
    try:
        client = get_redis_connection()
        version = client.info("server")["redis_version"]
        memory = client.info("memory")
    except health.REDIS_ERRORS as error:
        remedy = "Start it (bin/services up here), or mend REDIS_URL."
        yield broken("Redis", str(error).strip(), remedy)
        return
    yield at_least("Redis", version, OLDEST_REDIS)
    if memory["maxmemory"] and memory["maxmemory_policy"] != "noeviction":
        remedy = "CONFIG SET maxmemory-policy noeviction, and in redis.conf."
        yield broken("Redis memory", "when full it would drop jobs silently", remedy)


def examine_jobs(*, now: datetime) -> Iterator[Finding]:
    """The parts of /healthz that need running processes."""
    checks = {
        "sockets": health.check_channels(),
        "worker": health.check_worker(now=now),
        "clock": health.check_clock(now=now),
    }
    for topic, remedy in checks.items():
        if remedy:
            yield broken(topic, "not ready", remedy)
        else:
            yield Finding(topic, "ready")


def examine_payments() -> Finding:
    if settings.PAYMENT_SANDBOX:
        return note(
            "payments",
            "sandbox: no real money moves",
            "For real payments set STRIPE_SECRET_KEY, STRIPE_PUBLISHABLE_KEY and "
            "STRIPE_WEBHOOK_SECRET.",
        )
    if not settings.STRIPE_PUBLISHABLE_KEY:
        return broken(
            "payments",
            "STRIPE_PUBLISHABLE_KEY is not set: nobody can type a card",
            "Take it from the same page as STRIPE_SECRET_KEY.",
        )
    if not settings.STRIPE_WEBHOOK_SECRET.startswith("whsec_"):
        return broken(
            "payments",
            "STRIPE_WEBHOOK_SECRET is no secret of Stripe's: every webhook is refused",
            "Take it from the page of the webhook: it begins with whsec_.",
        )
    secret_is_live = "_live_" in settings.STRIPE_SECRET_KEY
    if secret_is_live != ("_live_" in settings.STRIPE_PUBLISHABLE_KEY):
        return broken(
            "payments",
            "one Stripe key is a test key, the other is live",
            "Take STRIPE_SECRET_KEY and STRIPE_PUBLISHABLE_KEY from the same page.",
        )
    if secret_is_live:
        return Finding("payments", "Stripe, live: real money moves")
    return note("payments", "Stripe, test keys", "Live keys move real money.")


def examine_push() -> Finding:
    if not settings.FCM_CREDENTIALS_FILE:
        text = "console only: no phone is reached"
        return note("push", text, "Set FCM_CREDENTIALS_FILE for Firebase.")
    remedy = "FCM_CREDENTIALS_FILE must be a service account's JSON that we can read."
    try:
        kind = json.loads(Path(settings.FCM_CREDENTIALS_FILE).read_text()).get("type")
    except (OSError, ValueError, AttributeError) as error:
        return broken("push", f"the credentials cannot be read: {error}", remedy)
    if kind != "service_account":
        return broken("push", "the credentials are not a service account's", remedy)
    return Finding("push", "Firebase Cloud Messaging, live")


def examine_email() -> Finding:
    backend = settings.EMAIL_BACKEND.rpartition(".")[2]
    if "smtp" not in settings.EMAIL_BACKEND.lower():
        return note(
            "e-mail", f"{backend}: nothing is sent", "Set EMAIL_URL and DEBUG=0."
        )
    return Finding("e-mail", "SMTP, live")


def at_least(topic: str, version: str, oldest: int) -> Finding:
    if int(version.split(".")[0]) < oldest:
        return broken(topic, version, f"{topic} {oldest} or newer is needed.")
    return Finding(topic, version)
