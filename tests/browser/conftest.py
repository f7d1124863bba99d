"""The real stack on a free port, and a phone that looks at it.

Both end with this folder: the worker would sweep the rows of other tests, and
the browser keeps a loop running in this thread.
"""

import os
import shutil
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.error import URLError

import pytest
from django.conf import settings
from django.db import OperationalError, connection
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from psycopg2.errors import DeadlockDetected

from events.local_time import night_of
from events.models import Role
from inventory import codes
from inventory import services as inventory
from tests import emptying
from tests import factories as make
from tests.browser.door import SET_CLOCK
from tests.browser.phone import Phone

BINARIES = Path(sys.executable).parent
HERE = {"latitude": 51.5391234, "longitude": -0.1431987}
PHONE = {"width": 390, "height": 844}
DESK = {
    "viewport": {"width": 1280, "height": 800},
    "is_mobile": False,
    "has_touch": False,
}
# Chromium without a screen says that it has none, and then counts as a robot.
SOMEBODYS_BROWSER = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Mobile Safari/537.36"
)
ARGUMENTS = ["--no-sandbox", "--use-fake-device-for-media-stream"]
SECONDS_TO_START = 30
SEEN = settings.BASE_DIR / "var/browser"


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker("browser")


@dataclass(frozen=True)
class Stack:
    url: str
    log: Path


@pytest.fixture(scope="package", autouse=True)
def emptied_beside_the_stack(django_db_setup) -> Iterator[None]:
    """Between tests every table is emptied while a worker may hold some of them.

    The two may wait for each other; when the emptying loses, it is done again.
    """
    empty = emptying.empty_all_tables

    def until_it_wins() -> None:
        for _ in range(9):
            try:
                return empty()
            except OperationalError as error:
                if not isinstance(error.__cause__, DeadlockDetected):
                    raise
        return empty()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(emptying, "empty_all_tables", until_it_wins)
        yield


@pytest.fixture(scope="package")
def stack(django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[Stack]:
    """Web with sockets, and a worker with its clock, on the test database."""
    with running(tmp_path_factory.mktemp("stack"), DEBUG="1") as found:
        yield found


@contextmanager
def running(folder: Path, **environment: str) -> Iterator[Stack]:
    """The project's processes with this environment, until the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    log = folder / "log"
    given = os.environ | stack_environment(url) | environment
    with log.open("w") as output:
        processes = [
            subprocess.Popen(
                command,
                cwd=settings.BASE_DIR,
                env=given,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            for command in commands(port, folder)
        ]
        try:
            wait_until_ready(url, log)
            yield Stack(url, log)
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.wait(timeout=20)


def stack_environment(url: str) -> dict[str, str]:
    database = settings.DATABASES["default"]
    return {
        "DJANGO_SETTINGS_MODULE": "ticketapp.settings",
        "DATABASE_URL": (
            f"postgis://{database['USER']}@/{connection.settings_dict['NAME']}"
            f"?host={database['HOST'] or database['OPTIONS'].get('host', '')}"
        ),
        "REDIS_URL": settings.REDIS_URL,
        "CELERY_BROKER_URL": settings.CELERY_BROKER_URL,
        "SECRET_KEY": settings.SECRET_KEY,
        "TICKET_SIGNING_KEY": settings.TICKET_SIGNING_KEY,
        "SITE_URL": url,
        "ALLOWED_HOSTS": "127.0.0.1",
    }


def commands(port: int, folder: Path) -> list[list[str]]:
    beat = ["--beat", "--schedule", str(folder / "beat")]
    return [
        [
            *(str(BINARIES / "granian"), "--interface", "asginl"),
            *("--host", "127.0.0.1", "--port", str(port), "--workers", "1"),
            "ticketapp.asgi:application",
        ],
        [
            *(str(BINARIES / "celery"), "--app", "ticketapp", "worker", *beat),
            *("--concurrency", "1", "--loglevel", "WARNING"),
        ],
    ]


def wait_until_ready(url: str, log: Path) -> None:
    """Until the page is served; the worker may need a moment more."""
    deadline = timezone.now() + timedelta(seconds=SECONDS_TO_START)
    while timezone.now() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (URLError, OSError):
            continue
    raise AssertionError(f"The stack did not start:\n{log.read_text()[-3000:]}")


@pytest.fixture(scope="package")
def queries_beside_a_loop() -> Iterator[None]:
    """Playwright runs a loop in this thread, where Django refuses its own queries."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield


@pytest.fixture(scope="package")
def chromium(queries_beside_a_loop) -> Iterator[Browser]:
    path = shutil.which("chromium")
    if path is None:
        pytest.fail("No chromium: apt install chromium, or let bin/test do it.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


def a_phone(browser: Browser, url: str, **options) -> BrowserContext:
    usual = {
        "base_url": url,
        "viewport": PHONE,
        "user_agent": SOMEBODYS_BROWSER,
        "has_touch": True,
        "is_mobile": True,
        "locale": "en-GB",
        "timezone_id": "Europe/London",
        "geolocation": HERE,
        "permissions": ["geolocation"],
        "reduced_motion": "reduce",
    }
    context = browser.new_context(**usual | options)
    context.set_default_timeout(15_000)
    return context


@contextmanager
def someone_else(chromium: Browser, stack: Stack, **options) -> Iterator[Phone]:
    """Another phone, looking at the same app."""
    context = a_phone(chromium, stack.url, **options)
    yield Phone(context.new_page(), stack.url)
    context.close()


def code_of(ticket) -> str:
    """What the QR code of a ticket says."""
    event = ticket.ticket_type.event_id
    return codes.write(ticket_id=ticket.pk, event_id=event)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Keep what the page showed when a test failed."""
    report = yield
    page = getattr(item, "funcargs", {}).get("page")
    if call.when == "call" and report.failed and page is not None:
        SEEN.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SEEN / f"{item.name}.png", full_page=True)
        log = item.funcargs["stack"].log.read_text()[-3000:]
        report.sections.append(("The page", page.inner_text("body")))
        report.sections.append(("The stack", log))
    return report


@pytest.fixture
def page(chromium, stack, transactional_db) -> Iterator[Page]:
    """A new phone in Camden; any error on its page fails the test."""
    context = a_phone(chromium, stack.url)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on(
        "console",
        lambda said: errors.append(said.text) if is_a_fault(said) else None,
    )
    yield page
    context.close()
    assert errors == []


def is_a_fault(said) -> bool:
    """Refusals and a lost network are told to the console by the browser itself."""
    ours = "Failed to load resource" not in said.text and "ERR_" not in said.text
    return said.type == "error" and ours


@pytest.fixture
def phone(page, stack) -> Phone:
    return Phone(page, stack.url)


@pytest.fixture
def rush(transactional_db):
    """Tonight's show around the corner: 12 tickets at £28 and a fee of £4."""
    now = timezone.now().replace(second=0, microsecond=0)
    starts_at = now + timedelta(hours=1)
    venue = make.venue(
        name="The Electric Room", at=(51.5400, -0.1430), address="1 Parkway"
    )
    nights = {night_of(at, venue.zone) for at in (now, starts_at)}
    event = make.event(
        venue=venue,
        name="Late Show",
        # From five to six in the morning it is tonight by its doors alone.
        doors_at=now if len(nights) > 1 else None,
        starts_at=starts_at,
        local_date=starts_at.date(),
        sales_open_at=now - timedelta(days=1),
        sales_close_at=starts_at,
    )
    return make.ticket_type(
        event=event,
        name="Standing",
        stock=12,
        unit_amount=2800,
        fee_amount=400,
        fee_name="Booking fee",
    )


@pytest.fixture
def gone(rush):
    """All twelve are in two others' hands."""
    for _ in range(2):
        inventory.hold_tickets(
            user=make.buyer(), ticket_type=rush, quantity=6, now=timezone.now()
        )
    return rush


@pytest.fixture
def ticket(rush):
    """Somebody has bought one."""
    now = timezone.now()
    held = inventory.hold_tickets(
        user=make.buyer(name="Ada"), ticket_type=rush, quantity=1, now=now
    )
    inventory.start_paying(hold=held, now=now, lease=timedelta(minutes=2))
    return inventory.sell_held_tickets(hold=held, now=now)[0]


@pytest.fixture
def steward(rush):
    """Who works at the door."""
    return make.staff(venue=rush.event.venue, role=Role.DOOR)


@pytest.fixture
def door(phone, steward):
    """A phone at the North door, whose clock may be set."""
    phone.page.add_init_script(SET_CLOCK)
    phone.open_door(steward.email, gate="North")
    return phone
