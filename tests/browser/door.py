"""What happens to a phone at the door: its network, its clock, its storage."""

import re

from playwright.sync_api import expect

KNOWS = re.compile("Without network it goes on, by the list of")
SENT = re.compile(r"scans? (was|were) sent")
# The phone's own clock, which its owner may set; over a reload too.
SET_CLOCK = """
const right = Date.now;
Date.now = () => right() + Number(localStorage.getItem("off-by") ?? 0);
const ticking = performance.now.bind(performance);
performance.now = () => ticking() + Number(localStorage.getItem("later-by") ?? 0);
"""
HOUR = 3_600_000


def knows_tonight(phone) -> None:
    """The list is here, and the app without network too."""
    expect(phone.page.get_by_text(KNOWS)).to_be_visible()
    phone.wait_until("navigator.serviceWorker.controller")


def lose_network(phone) -> None:
    knows_tonight(phone)
    phone.page.context.set_offline(True)


def find_network(phone) -> None:
    phone.page.context.set_offline(False)
    expect(phone.page.get_by_text(SENT)).to_be_visible()


def sync(phone) -> None:
    """Have the list fetched now."""
    with phone.page.expect_response("**/revoked-tickets"):
        phone.page.evaluate("dispatchEvent(new Event('online'))")


def set_clock(phone, milliseconds: int) -> None:
    """The phone must have been given SET_CLOCK before it opened a page."""
    phone.page.evaluate(f"localStorage.setItem('off-by', '{milliseconds}')")


def let_time_pass(phone, milliseconds: int) -> None:
    """By the clock that nobody can set."""
    phone.page.evaluate(f"localStorage.setItem('later-by', '{milliseconds}')")


def is_upload(request) -> bool:
    return request.method == "POST" and "scanned_at" in (request.post_data or "")
