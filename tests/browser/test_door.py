"""The door: who may scan, what it says, and what it does without network."""

import re
import shutil

from django.utils import timezone
from playwright.sync_api import expect
from qrcode.main import QRCode

from events.models import Role
from inventory import services as inventory
from inventory.models import CheckIn
from tests import factories as make
from tests.browser.conftest import ARGUMENTS, code_of, someone_else

READS_PICTURES = """
window.BarcodeDetector = class {
  static async getSupportedFormats() { return ["qr_code"]; }
  async detect() {
    window.looks += 1;
    return window.inSight ? [{ rawValue: window.inSight }] : [];
  }
};
"""
# A busy machine: nothing is painted, so what waits for that comes late.
PAINTS_LATE = """
const later = window.setTimeout;
window.requestAnimationFrame = () => 0;
window.setTimeout = (done, ms, ...more) =>
  later(done, ms && Math.max(ms, 100), ...more);
"""


def test_staff_of_another_venue_are_refused(phone, ticket):
    stranger = make.staff(venue=make.venue(name="Elsewhere"), role=Role.DOOR)
    phone.open_door(stranger.email)
    expect(phone.page.get_by_text("Tickets of Elsewhere")).to_be_visible()

    with phone.page.expect_response("**/check-ins") as answer:
        phone.scan(code_of(ticket))

    expect(phone.answer).to_contain_text("Unknown code")
    expect(phone.answer).to_contain_text("Do not let them in")
    assert answer.value.status == 404
    assert not CheckIn.objects.exists()


def test_who_works_nowhere_is_told_what_to_do(phone):
    phone.open_door(phone.email)

    expect(phone.heading("You are not on the staff of a venue")).to_be_visible()
    expect(phone.page.get_by_text(f"to add {phone.email} to its staff")).to_be_visible()
    expect(phone.page.get_by_label("Enter the code")).to_have_count(0)


def test_the_way_to_the_door_is_shown_to_those_who_work_there(phone, steward):
    phone.email = steward.email
    phone.open("/you")
    phone.sign_in()

    phone.page.get_by_role("link", name="Scan tickets at the door").click()

    expect(phone.heading("At the door")).to_be_visible()
    expect(phone.page.get_by_text("Tickets of The Electric Room")).to_be_visible()


def test_what_is_no_code_and_what_admits_no_more_are_told_apart(phone, ticket, steward):
    inventory.return_tickets(tickets=[ticket], now=timezone.now())
    phone.open_door(steward.email)

    phone.scan("HELLO")
    expect(phone.answer).to_contain_text("Unknown code")
    phone.scan(code_of(ticket))

    expect(phone.answer).to_contain_text("Not valid")
    expect(phone.answer).to_contain_text("it was taken back")


def test_a_scan_without_network_is_not_recorded_and_sent_again(phone, ticket, steward):
    """Where no list could be had before either."""
    phone.page.route("**/revoked-tickets", lambda route: route.abort())
    phone.open_door(steward.email)
    expect(phone.answer).to_contain_text("Ready to scan")
    sent = []

    def lose(route) -> None:
        sent.append(route.request.post_data_json)
        route.abort()

    phone.page.route("**/check-ins", lose)

    phone.scan(code_of(ticket))
    expect(phone.answer).to_contain_text("Not recorded")
    assert not CheckIn.objects.exists()
    phone.page.unroute("**/check-ins")
    phone.button("Send it now").click()

    expect(phone.answer).to_contain_text("Let in")
    assert len({scan["scan_id"] for scan in sent}) == 1
    assert str(CheckIn.objects.get().pk) == sent[0]["scan_id"]


def test_a_scan_whose_answer_was_lost_lets_in_once(phone, ticket, steward):
    phone.open_door(steward.email)
    losses = iter([True])

    def lose_the_first(route) -> None:
        if next(losses, False):
            route.fetch()
            route.abort()
        else:
            route.continue_()

    phone.page.route("**/check-ins", lose_the_first)
    phone.scan(code_of(ticket))

    expect(phone.answer).to_contain_text("Let in")
    assert CheckIn.objects.get().admitted


def test_a_scanner_that_types_needs_no_focus(phone, ticket, steward):
    phone.page.add_init_script(PAINTS_LATE)
    phone.open_door(steward.email)
    expect(phone.answer).to_contain_text("Ready to scan")
    phone.page.evaluate("document.activeElement.blur()")

    phone.page.keyboard.type(code_of(ticket))
    phone.page.keyboard.press("Enter")

    expect(phone.answer).to_contain_text("Let in")
    expect(phone.page.get_by_label("Enter the code")).to_have_value("")


def test_the_camera_is_asked_for_on_a_tap(chromium, stack, ticket, steward):
    with someone_else(chromium, stack, permissions=["camera"]) as phone:
        phone.page.add_init_script(READS_PICTURES)
        phone.open_door(steward.email)
        expect(phone.page.get_by_text("No picture leaves this device")).to_be_visible()
        expect(phone.page.get_by_label("What the camera sees")).to_have_count(0)

        phone.button("Scan with the camera").click()
        phone.page.evaluate("(code) => { window.inSight = code; }", code_of(ticket))

        expect(phone.answer).to_contain_text("Let in")
        expect(phone.answer).to_contain_text("Ada")
        phone.button("Turn the camera off").click()
        expect(phone.button("Scan with the camera")).to_be_visible()


def test_a_code_that_stays_in_sight_is_one_scan(chromium, stack, ticket, steward):
    with someone_else(chromium, stack, permissions=["camera"]) as phone:
        phone.page.add_init_script(READS_PICTURES)
        phone.open_door(steward.email)
        phone.button("Scan with the camera").click()
        show = "(code) => { window.inSight = code; window.looks = 0; }"
        phone.page.evaluate(show, code_of(ticket))
        expect(phone.answer).to_contain_text("Let in")
        phone.wait_until("window.looks > 5")
        expect(phone.answer).to_contain_text("Let in")

        phone.page.evaluate(show, "HELLO")

        expect(phone.answer).to_contain_text("Unknown code")
        assert CheckIn.objects.count() == 1


def filmed(text: str) -> bytes:
    """A film, in the format that Chromium plays as a camera, of one QR code."""
    width, height, module = 640, 480, 6
    rows = QRCode(border=4)
    rows.add_data(text)
    matrix = rows.get_matrix()
    margin = (width - len(matrix) * module) // 2, (height - len(matrix) * module) // 2
    light = bytearray(b"\xd0" * width * height)
    for y, row in enumerate(matrix):
        for x in (x for x, dark in enumerate(row) if dark):
            for line in range(margin[1] + y * module, margin[1] + (y + 1) * module):
                start = line * width + margin[0] + x * module
                light[start : start + module] = b"\x20" * module
    colours = b"\x80" * (width * height // 2)
    head = f"YUV4MPEG2 W{width} H{height} F10:1 Ip A1:1 C420jpeg\nFRAME\n"
    return head.encode() + bytes(light) + colours


def test_a_browser_that_reads_no_codes_is_lent_a_reader(
    chromium, stack, ticket, steward, tmp_path
):
    film = tmp_path / "ticket.y4m"
    film.write_bytes(filmed(code_of(ticket)))
    camera = [*ARGUMENTS, f"--use-file-for-fake-video-capture={film}"]
    launched = chromium.browser_type.launch(
        executable_path=shutil.which("chromium"), args=camera
    )
    with launched, someone_else(launched, stack, permissions=["camera"]) as phone:
        phone.page.add_init_script("delete window.BarcodeDetector")
        phone.open_door(steward.email)

        phone.button("Scan with the camera").click()

        expect(phone.answer).to_contain_text("Let in")
    assert CheckIn.objects.get().ticket == ticket


def test_without_a_camera_the_code_is_entered(chromium, stack, ticket, steward):
    with someone_else(chromium, stack, permissions=[]) as phone:
        phone.page.add_init_script(READS_PICTURES)
        phone.open_door(steward.email)

        phone.button("Scan with the camera").click()

        expect(phone.page.get_by_role("alert")).to_contain_text(
            re.compile("or enter the code")
        )
        phone.scan(code_of(ticket))
        expect(phone.answer).to_contain_text("Let in")
