"""What was let in without network is recorded in the end, whatever comes between."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from events.models import Role
from inventory import services as inventory
from inventory.models import CheckIn, ScanFlag, TicketStatus
from tests import factories as make
from tests.browser.conftest import code_of
from tests.browser.door import (
    HOUR,
    SENT,
    find_network,
    knows_tonight,
    let_time_pass,
    lose_network,
    set_clock,
)


def let_in(door, ticket) -> None:
    door.scan(code_of(ticket))
    expect(door.answer).to_contain_text("Let in")


def waits(door, count: int) -> None:
    words = "1 scan waits to be sent." if count == 1 else f"{count} scans wait to be"
    expect(door.page.get_by_text(words)).to_be_visible()


def test_it_is_sent_when_the_network_is_back(door, ticket):
    lose_network(door)
    let_in(door, ticket)
    waits(door, 1)
    before = timezone.now().isoformat()

    with door.page.expect_request("**/check-ins") as upload:
        find_network(door)

    scan = CheckIn.objects.get()
    assert (scan.admitted, scan.gate, scan.ticket) == (True, "North", ticket)
    assert upload.value.post_data_json["scanned_at"] < before
    expect(door.page.get_by_text("waits to be sent")).to_have_count(0)


def test_it_survives_a_reload(door, ticket):
    lose_network(door)
    let_in(door, ticket)

    door.page.reload()

    waits(door, 1)
    door.scan(code_of(ticket))
    expect(door.answer).to_contain_text("Already in")
    find_network(door)
    assert CheckIn.objects.get().admitted


def test_when_it_was_is_known_though_the_clock_was_set_back(door, ticket):
    lose_network(door)
    let_in(door, ticket)
    set_clock(door, -5 * HOUR)
    let_time_pass(door, HOUR)

    find_network(door)

    scan = CheckIn.objects.get()
    assert scan.admitted
    ago = timezone.now() - scan.scanned_at
    assert timedelta(hours=1) <= ago < timedelta(hours=1, minutes=2)


def test_what_should_not_have_come_in_is_told_when_it_is_sent(door, ticket):
    """The list was older than the return."""
    lose_network(door)
    inventory.return_tickets(tickets=[ticket], now=timezone.now())
    let_in(door, ticket)

    find_network(door)

    told = "1 did not admit any more: the venue sees it."
    expect(door.page.get_by_text(told)).to_be_visible()
    assert CheckIn.objects.get().flag == ScanFlag.NOT_VALID
    ticket.refresh_from_db()
    assert ticket.status == TicketStatus.RETURNED


def test_an_answer_that_was_lost_is_one_scan(door, ticket):
    """The server let them in, the phone did not hear it and decided alone."""
    knows_tonight(door)

    def lose(route) -> None:
        route.fetch()
        route.abort()

    door.page.route("**/check-ins", lose)
    door.scan(code_of(ticket))
    expect(door.answer).to_contain_text("Without network")
    door.page.unroute("**/check-ins")
    door.button("Send now").click()

    expect(door.page.get_by_text("1 scan was sent.")).to_be_visible()
    assert CheckIn.objects.get().admitted


def test_a_list_that_knows_the_scan_whose_answer_was_lost_does_not_refuse_it(
    door, ticket
):
    knows_tonight(door)

    def lose_and_sync(route) -> None:
        route.fetch()
        with door.page.expect_response("**/revoked-tickets"):
            door.page.evaluate("dispatchEvent(new Event('online'))")
        route.abort()

    door.page.route("**/check-ins", lose_and_sync, times=1)
    door.scan(code_of(ticket))

    expect(door.answer).to_contain_text("Let in")
    assert CheckIn.objects.get().admitted


def test_what_the_server_will_not_record_is_kept_and_can_be_sent_again(
    door, ticket, steward
):
    """Somebody took them off the staff by mistake."""
    lose_network(door)
    let_in(door, ticket)
    steward.memberships.all().delete()
    door.page.context.set_offline(False)
    expect(door.page.get_by_text("1 scan could not be recorded:")).to_be_visible()
    assert not CheckIn.objects.exists()

    venue = ticket.ticket_type.event.venue
    steward.memberships.create(venue=venue, role=Role.DOOR)
    door.button("Send again").click()

    expect(door.page.get_by_text(SENT)).to_be_visible()
    assert CheckIn.objects.get().admitted


@pytest.mark.parametrize("status", [200, 404, 429, 503])
def test_what_is_between_phone_and_server_is_no_answer(door, ticket, status):
    """A hotel's sign-in page, a proxy's error."""
    lose_network(door)
    let_in(door, ticket)
    page = {"status": status, "content_type": "text/html", "body": "<p>Hello"}
    with door.page.expect_request("**/check-ins"):
        door.page.route("**/check-ins", lambda route: route.fulfill(**page), times=1)
        door.page.context.set_offline(False)
    waits(door, 1)

    door.button("Send now").click()

    expect(door.page.get_by_text("1 scan was sent.")).to_be_visible()
    assert CheckIn.objects.get().admitted


def test_a_session_that_ended_meanwhile_is_begun_again(door, ticket):
    lose_network(door)
    let_in(door, ticket)
    ended = {"status": 401, "json": {"code": "not_authenticated"}}
    door.page.route("**/check-ins", lambda route: route.fulfill(**ended), times=1)
    door.page.context.set_offline(False)

    door.sign_in()

    expect(door.page.get_by_text(SENT)).to_be_visible()
    assert CheckIn.objects.get().admitted


def test_who_signs_out_sends_first_or_is_told_what_stays(door, ticket):
    lose_network(door)
    let_in(door, ticket)
    door.page.get_by_role("link", name="You").click()
    door.button("Sign out").click()
    expect(door.page.get_by_role("alert")).to_contain_text("could not be sent yet")
    door.page.context.set_offline(False)
    door.page.wait_for_function("() => !localStorage.getItem('ticketapp.scans')?.at(9)")

    assert CheckIn.objects.get().admitted


def test_a_scan_of_somebody_else_is_told_of_and_not_sent(door, ticket, steward):
    """A change of shift: nobody's name stands under what another one did."""
    lose_network(door)
    let_in(door, ticket)
    door.page.get_by_role("link", name="You").click()
    door.button("Sign out").click()
    door.button("Sign out all the same").click()
    door.page.context.set_offline(False)
    next_one = make.staff(venue=ticket.ticket_type.event.venue, role=Role.DOOR)

    door.open_door(next_one.email)

    expect(door.page.get_by_text("1 scan of somebody else waits")).to_be_visible()
    assert not CheckIn.objects.exists()
    door.open("/you")
    door.button("Sign out").click()
    door.open_door(steward.email)
    expect(door.page.get_by_text(SENT)).to_be_visible()
    assert CheckIn.objects.get().staff == steward


def test_two_tabs_know_of_each_others_scans(door, ticket):
    knows_tonight(door)
    other = type(door)(door.page.context.new_page(), door.url)
    other.open("/door")
    lose_network(other)
    let_in(door, ticket)

    waits(other, 1)
    other.scan(code_of(ticket))

    expect(other.answer).to_contain_text("Already in")
    door.page.context.set_offline(False)
    for tab in (door, other):
        expect(tab.page.get_by_text("waits to be sent")).to_have_count(0)
    assert CheckIn.objects.count() == 1


def test_a_phone_without_room_keeps_them_while_the_page_is_open(door, rush):
    tickets = []
    for _ in range(2):
        held = inventory.hold_tickets(
            user=make.buyer(), ticket_type=rush, quantity=1, now=timezone.now()
        )
        inventory.start_paying(
            hold=held, now=timezone.now(), lease=timedelta(minutes=2)
        )
        tickets += inventory.sell_held_tickets(hold=held, now=timezone.now())
    lose_network(door)
    door.page.evaluate(
        """() => {
          for (let size = 1 << 22; size > 0; size >>= 1) {
            try {
              for (let n = 0; n < 9; n += 1)
                localStorage.setItem(`room-${size}-${n}`, "x".repeat(size));
            } catch {}
          }
        }"""
    )

    for each in tickets:
        let_in(door, each)

    expect(door.page.get_by_text("This phone has no room left.")).to_be_visible()
    find_network(door)
    expect(door.page.get_by_text("2 scans were sent.")).to_be_visible()
    assert CheckIn.objects.filter(admitted=True).count() == 2
