"""A browser with somebody of the staff signed in to the admin."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.auth.hashers import PBKDF2PasswordHasher
from playwright.sync_api import Browser, Page

from accounts.models import User

DESK = {"width": 1280, "height": 900}
PASSWORD = "long enough for a test"


@contextmanager
def at_a_desk(browser: Browser, url: str, staff: User, **options) -> Iterator[Page]:
    """The admin's first page, as `staff` sees it."""
    # Hashed as the stack does it: the tests' own hasher is unknown there.
    hashed = PBKDF2PasswordHasher().encode(PASSWORD, "a-salt-of-the-tests")
    User.objects.filter(pk=staff.pk).update(password=hashed)
    context = browser.new_context(base_url=url, **{"viewport": DESK} | options)
    page = context.new_page()
    page.goto("/admin/login/?next=/admin/")
    page.fill("#id_username", staff.email)
    page.fill("#id_password", PASSWORD)
    page.click("[type=submit]")
    page.get_by_role("heading", name="Needs you").wait_for()
    yield page
    context.close()
