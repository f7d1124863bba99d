"""What holds on every screen, for everybody who uses it."""

import os
import re
import subprocess
import sys
from contextlib import ExitStack
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import User
from events.models import Role
from inventory import services as inventory
from inventory.models import TicketStatus, TicketType
from payments.models import Order, OrderStatus
from tests import factories as make
from tests.browser.conftest import code_of, running, someone_else, stack_environment

AXE = settings.BASE_DIR / "node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
FIND_FAULTS = """
async (tags) => {
  const { violations } = await axe.run(document, { runOnly: tags });
  return violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`);
}
"""


def faults(phone) -> list[str]:
    """What axe finds wrong; the page must have been opened with `bypass_csp`."""
    phone.page.wait_for_load_state("networkidle")
    phone.page.evaluate(AXE.read_text())
    return phone.page.evaluate(FIND_FAULTS, RULES)


def works_at(venue, email: str) -> None:
    user = User.objects.get(email=email)
    user.is_staff = True
    user.save()
    user.memberships.create(venue=venue, role=Role.DOOR)


def shows(*, many: int):
    now = timezone.now().replace(second=0, microsecond=0)
    venue = make.venue(name="The Electric Room", at=(51.5400, -0.1430))
    for n in range(many):
        starts_at = now + timedelta(minutes=5 * n + 5)
        make.ticket_type(
            event=make.event(
                venue=venue,
                name=f"Show {n}",
                starts_at=starts_at,
                local_date=starts_at.date(),
                sales_open_at=now - timedelta(days=1),
                sales_close_at=starts_at,
            )
        )


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_every_screen_can_be_used_by_everybody(chromium, stack, rush, colours):
    found = {}
    with someone_else(chromium, stack, color_scheme=colours, bypass_csp=True) as phone:

        def look(screen: str) -> None:
            found[screen] = faults(phone)

        phone.open("/")
        look("welcome")
        phone.find_near("Late Show")
        look("event")
        phone.button(re.compile("^Get")).click()
        look("sign-in")
        phone.sign_in()
        phone.page.wait_for_url("**/checkout/*")
        look("checkout")
        phone.pay_with("4242424242424241")
        look("card form with a wrong number")
        phone.pay_with("4242424242424242")
        phone.is_in()
        look("order")
        for path in ("/", "/?view=map", "/search?q=late", "/tickets", "/you"):
            phone.open(path)
            look(path)
        phone.open("/tickets")
        phone.page.get_by_role("link", name=re.compile("Late Show")).click()
        look("ticket")
        phone.open("/door")
        look("door, for nobody")
        works_at(rush.event.venue, phone.email)
        phone.open("/door")
        expect(phone.page.get_by_label("Enter the code")).to_be_visible()
        look("door")
        ticket = rush.tickets.filter(status=TicketStatus.SOLD).first()
        for title in ("Let in", "Already in"):
            phone.scan(code_of(ticket))
            expect(phone.answer).to_contain_text(title)
            look(title)

    assert {screen: faults for screen, faults in found.items() if faults} == {}


def test_the_main_job_can_be_done_with_the_keyboard_alone(phone, rush):
    phone.open(f"/events/{rush.event_id}")
    expect(phone.button(re.compile("^Get 2"))).to_be_visible()
    press = phone.page.keyboard.press

    def reach(name: str) -> None:
        for _ in range(40):
            press("Tab")
            focused = phone.page.evaluate(
                "document.activeElement.labels?.[0]?.textContent?.trim() "
                "|| document.activeElement.textContent.trim()"
            )
            if focused.startswith(name):
                return
        raise AssertionError(f"{name} cannot be reached")

    reach("Get 2")
    press("Enter")
    expect(phone.page.get_by_label("E-mail")).to_be_focused()
    phone.page.keyboard.type(phone.email)
    press("Enter")
    code = phone.mailed_code()
    expect(phone.page.get_by_label("Code")).to_be_focused()
    phone.page.keyboard.type(code)
    press("Enter")
    phone.page.wait_for_url("**/checkout/*")
    expect(phone.page.get_by_label("Card number")).to_be_visible()
    reach("Card number")
    phone.page.keyboard.type("4242424242424242")
    press("Tab")
    phone.page.keyboard.type("1234")
    press("Tab")
    phone.page.keyboard.type("123")
    press("Enter")
    phone.is_in()
    expect(phone.page.get_by_role("heading", level=1)).to_be_focused()


def test_without_a_position_a_city_is_chosen(chromium, stack, rush):
    make.venue(city="Leeds", at=(53.7997, -1.5492))
    with someone_else(chromium, stack, permissions=[]) as phone:
        phone.open("/")
        phone.button("Use my position").click()
        expect(phone.page.get_by_role("alert")).to_contain_text("Choose a place")
        phone.page.get_by_label("City or town").fill("Lee")
        phone.button(re.compile("^Leeds")).click()
        expect(phone.page.get_by_text("Nothing near here")).to_be_visible()
        expect(phone.button("Include tomorrow")).to_be_visible()
        assert "near=Leeds" in phone.page.url


def test_the_position_is_asked_on_a_tap_and_leaves_the_phone_rounded(phone, rush):
    asked = []
    phone.page.on("request", lambda request: asked.append(request.url))

    phone.open("/")
    expect(phone.button("Use my position")).to_be_visible()
    assert not [url for url in asked if "/api/v1/events" in url]
    phone.button("Use my position").click()
    expect(phone.page.get_by_role("link", name=re.compile("Late Show"))).to_be_visible()

    lists = [url for url in asked if "/api/v1/events?" in url]
    assert all("lat=51.539&lon=-0.143&" in url for url in lists)


def test_back_returns_to_where_one_was_in_a_long_list(phone):
    shows(many=45)
    phone.open("/")
    phone.button("Use my position").click()
    far_down = phone.page.get_by_role("link", name=re.compile("Show 30 "))
    for _ in range(12):
        phone.page.mouse.wheel(0, 1500)
        phone.page.wait_for_load_state("networkidle")
        if far_down.count():
            break
    far_down.scroll_into_view_if_needed()
    before = phone.page.evaluate("scrollY")

    far_down.click()
    expect(phone.page.get_by_role("heading", level=1)).to_have_text("Show 30")
    phone.page.go_back()

    expect(far_down).to_be_in_viewport()
    assert abs(phone.page.evaluate("scrollY") - before) < 10


def test_an_address_that_is_opened_anew_starts_at_its_top(phone):
    shows(many=12)
    phone.open("/")
    phone.button("Use my position").click()
    expect(phone.page.get_by_role("link", name=re.compile("Show 9 "))).to_be_visible()
    phone.page.mouse.wheel(0, 600)
    phone.wait_until("scrollY > 300")

    phone.open("/search?q=show")
    expect(phone.page.get_by_role("link", name=re.compile("Show 9 "))).to_be_visible()

    assert phone.page.evaluate("scrollY") == 0


def test_a_reload_never_restarts_the_clock(phone, rush):
    phone.open(f"/events/{rush.event_id}")
    phone.get(1)
    until = phone.page.get_by_text(re.compile(r"^Yours until \d"))
    first = until.inner_text()

    phone.page.reload()

    expect(until).to_have_text(first)


def test_what_others_do_is_told_while_one_looks(chromium, stack, phone, rush):
    phone.open(f"/events/{rush.event_id}")
    expect(phone.button(re.compile("^Get 2"))).to_be_visible()

    inventory.hold_tickets(
        user=make.buyer(), ticket_type=rush, quantity=6, now=timezone.now()
    )

    expect(phone.page.get_by_text("6 left on this app").first).to_be_visible()
    inventory.hold_tickets(
        user=make.buyer(), ticket_type=rush, quantity=6, now=timezone.now()
    )
    told = phone.heading("Somebody holds the last tickets")
    expect(told).to_be_visible()
    expect(phone.button(re.compile("^Get"))).to_have_count(0)


def test_how_many_look_is_told_from_five_on(chromium, stack, phone, rush):
    path = f"/events/{rush.event_id}"
    phone.open(path)
    looking = phone.page.get_by_text(re.compile("people are looking"))
    with ExitStack() as others:
        for _ in range(4):
            others.enter_context(someone_else(chromium, stack)).open(path)
        expect(phone.button(re.compile("^Get 2"))).to_be_visible()
        expect(looking).to_have_count(0)
        others.enter_context(someone_else(chromium, stack)).open(path)

        expect(looking).to_have_text("5 people are looking", timeout=20_000)
        phone.page.get_by_text("How we count").click()
        expect(
            phone.page.get_by_text("without you, our staff and robots")
        ).to_be_visible()


def test_a_person_switches_off_how_many_look(phone):
    phone.open("/you")
    phone.sign_in()
    switch = phone.page.get_by_label("How many others are looking at an event")

    switch.uncheck()

    expect(phone.page.get_by_text("Saved")).to_be_visible()
    assert User.objects.get(email=phone.email).show_viewer_counts is False


def test_signing_out_takes_the_tickets_off_the_device(phone, rush):
    phone.buy(rush)
    kept = "(await caches.keys()).some((name) => name.startsWith('tickets-'))"
    phone.wait_until(kept)

    phone.open("/you")
    phone.button("Sign out").click()

    expect(phone.page.get_by_label("E-mail")).to_be_visible()
    phone.wait_until(f"!{kept}")
    assert "session" not in phone.page.evaluate("Object.keys(localStorage).join()")
    phone.page.context.set_offline(True)
    phone.open("/tickets")
    expect(phone.page.get_by_text("Sign in to see your tickets")).to_be_visible()


def test_an_answer_that_is_lost_on_the_way_charges_once(phone, rush):
    phone.open(f"/events/{rush.event_id}")
    phone.get(2)
    losses = iter([True])

    def lose_the_first(route) -> None:
        if next(losses, False):
            route.fetch()
            route.abort()
        else:
            route.continue_()

    phone.page.route("**/api/v1/orders", lose_the_first)
    phone.pay_with("4242424242424242")
    phone.is_in()

    assert [order.status for order in Order.objects.all()] == [OrderStatus.PAID]
    assert rush.tickets.filter(status=TicketStatus.SOLD).count() == 2


@pytest.fixture
def in_production(tmp_path, transactional_db):
    """The stack as it runs in production, with files that have hashed names."""
    module = tmp_path / "hashed_settings.py"
    module.write_text(
        "from ticketapp.settings import *\n"
        f"STATIC_ROOT = {str(tmp_path / 'static')!r}\n"
    )
    environment = {
        "DJANGO_SETTINGS_MODULE": module.stem,
        "PYTHONPATH": f"{tmp_path}{os.pathsep}{settings.BASE_DIR}",
        "DEBUG": "0",
        "ALLOW_SANDBOX": "1",
    }
    command = [sys.executable, "manage.py", "collectstatic", "--no-input"]
    subprocess.run(
        command,
        cwd=settings.BASE_DIR,
        env=os.environ | stack_environment("http://127.0.0.1") | environment,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    with running(tmp_path, **environment) as stack:
        yield stack


def test_the_app_opens_without_network_from_hashed_files(chromium, in_production, rush):
    with someone_else(chromium, in_production) as phone:
        files = []
        phone.page.on("request", lambda request: files.append(request.url))
        phone.find_near("Late Show")
        assert [url for url in files if re.search(r"/api\.[0-9a-f]{12}\.js$", url)]

        phone.wait_until("navigator.serviceWorker.controller")
        phone.page.context.set_offline(True)
        phone.open("/tickets")
        expect(phone.page.get_by_text("Sign in to see your tickets")).to_be_visible()
        phone.open("/search")
        expect(phone.heading("Search")).to_be_visible()


def test_a_price_that_falls_to_nothing_becomes_free(phone, rush):
    at = timezone.now().replace(second=0, microsecond=0) + timedelta(minutes=30)
    rush.price_steps.create(starts_at=at, unit_amount=0)
    TicketType.objects.update(fee_amount=0)

    phone.open(f"/events/{rush.event_id}")

    local = at.astimezone(rush.event.venue.zone)
    expect(phone.page.get_by_text(f"free from {local:%H:%M}")).to_be_visible()


def test_the_kind_of_a_card_covers_no_number_when_all_is_twice_as_large(
    chromium, stack, rush
):
    twice = {"width": 195, "height": 422}
    with someone_else(chromium, stack, viewport=twice) as phone:
        phone.open(f"/events/{rush.event_id}")
        phone.get(2)
        number = phone.page.get_by_label("Card number")
        number.fill("4242424242424242")

        kind = phone.page.get_by_text("Visa", exact=True).bounding_box()
        field = number.bounding_box()

    assert kind["y"] >= field["y"] + field["height"]
