"""The door without network: what it knows decides, and is sent when it can be."""

import re

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from events.models import Event
from inventory import codes
from inventory import services as inventory
from inventory.models import CheckIn, ScanFlag, TicketStatus
from payments.models import Dispute, DisputeStatus
from tests import factories as make
from tests.browser.conftest import code_of
from tests.paying import paid

KNOWS = re.compile("Without network it goes on, by the list of")


@pytest.fixture
def door(phone, steward):
    phone.open_door(steward.email, gate="North")
    return phone


def lose_network(phone) -> None:
    """With what it knows in hand."""
    expect(phone.page.get_by_text(KNOWS)).to_be_visible()
    phone.wait_until("navigator.serviceWorker.controller")
    phone.page.context.set_offline(True)


def find_network(phone) -> None:
    phone.page.context.set_offline(False)
    expect(
        phone.page.get_by_text(re.compile(r"scans? (was|were) sent"))
    ).to_be_visible()


def say_no_more(phone) -> None:
    """The phone believes in its network, and nothing comes through."""
    expect(phone.page.get_by_text(KNOWS)).to_be_visible()
    phone.page.route("**/api/**", lambda route: route.abort())


def test_who_has_a_good_ticket_is_let_in_and_recorded_later(door, ticket):
    lose_network(door)
    door.scan(code_of(ticket))

    expect(door.answer).to_contain_text("Let in")
    expect(door.answer).to_contain_text(re.compile("Without network: .* list of"))
    expect(door.page.get_by_text("1 scan waits to be sent.")).to_be_visible()
    assert not CheckIn.objects.exists()
    before = timezone.now().isoformat()
    with door.page.expect_request("**/check-ins") as upload:
        find_network(door)

    scan = CheckIn.objects.get()
    assert (scan.admitted, scan.gate, scan.ticket) == (True, "North", ticket)
    assert upload.value.post_data_json["scanned_at"] < before
    expect(door.page.get_by_text("waits to be sent")).to_have_count(0)


def test_nobody_comes_in_twice_on_one_ticket(door, ticket):
    lose_network(door)
    door.scan(code_of(ticket))
    expect(door.answer).to_contain_text("Let in")

    door.scan(code_of(ticket))

    expect(door.answer).to_contain_text("Already in")
    expect(door.answer).to_contain_text("ago")
    find_network(door)
    assert CheckIn.objects.count() == 1


def test_who_came_in_here_with_network_is_known_without(door, ticket):
    expect(door.page.get_by_text(KNOWS)).to_be_visible()
    door.scan(code_of(ticket))
    expect(door.answer).to_contain_text("Let in")
    lose_network(door)

    door.scan(code_of(ticket))

    expect(door.answer).to_contain_text("Already in")


def test_a_network_that_answers_nothing_is_asked_once(door, ticket):
    say_no_more(door)
    asked = []
    door.page.on("request", lambda it: asked.append(it.method == "POST"))

    door.scan(code_of(ticket))
    expect(door.answer).to_contain_text("Let in")
    door.scan("HELLO")
    expect(door.answer).to_contain_text("Unknown code")

    assert asked.count(True) == 1


def disputed(rush):
    order = paid(event=rush.event, now=timezone.now())
    payment = order.payments.get()
    payment.disputes.create(
        provider_id="dp",
        amount=payment.amount,
        currency=payment.currency,
        opened_at=timezone.now(),
    )
    return order.lines.first().ticket


def test_a_disputed_ticket_stops_from_the_next_sync_until_it_is_won(
    phone, rush, steward
):
    taken = disputed(rush)
    phone.open_door(steward.email)
    lose_network(phone)

    phone.scan(code_of(taken))

    expect(phone.answer).to_contain_text("Not valid")
    expect(phone.answer).to_contain_text("disputed by the buyer's bank")
    Dispute.objects.update(status=DisputeStatus.WON, closed_at=timezone.now())
    phone.page.context.set_offline(False)
    with phone.page.expect_response("**/revoked-tickets"):
        phone.page.evaluate("dispatchEvent(new Event('online'))")
    phone.page.context.set_offline(True)
    phone.scan(code_of(taken))
    expect(phone.answer).to_contain_text("Let in")


def test_what_is_forged_or_of_elsewhere_stays_out(door, ticket):
    good = code_of(ticket)
    forged = good[:60] + ("A" if good[60] != "A" else "B") + good[61:]
    elsewhere = codes.write(ticket_id=ticket.pk, event_id=make.event().pk)
    lose_network(door)

    for code in (forged, elsewhere, "HELLO"):
        door.scan(code)
        expect(door.answer).to_contain_text("Unknown code")
        expect(door.answer).to_contain_text("Without network")


def test_what_was_let_in_survives_a_reload(door, ticket):
    lose_network(door)
    door.scan(code_of(ticket))
    expect(door.answer).to_contain_text("Let in")

    door.page.reload()

    expect(door.page.get_by_text("1 scan waits to be sent.")).to_be_visible()
    door.scan(code_of(ticket))
    expect(door.answer).to_contain_text("Already in")
    find_network(door)
    assert CheckIn.objects.get().admitted


def test_what_should_not_have_come_in_is_told_when_it_is_sent(door, ticket, steward):
    """The list was older than the return."""
    lose_network(door)
    inventory.return_tickets(tickets=[ticket], now=timezone.now())
    door.scan(code_of(ticket))
    expect(door.answer).to_contain_text("Let in")

    find_network(door)

    told = "1 did not admit any more: the venue sees it."
    expect(door.page.get_by_text(told)).to_be_visible()
    assert CheckIn.objects.get().flag == ScanFlag.NOT_VALID
    ticket.refresh_from_db()
    assert ticket.status == TicketStatus.RETURNED


def test_an_answer_that_was_lost_is_one_scan(door, ticket):
    """The server let them in, the phone did not hear it and decided alone."""
    expect(door.page.get_by_text(KNOWS)).to_be_visible()

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


def test_of_another_night_it_does_not_admit(door, ticket):
    """Its night went by while the phone lay in a drawer."""
    lose_network(door)
    door.page.evaluate(
        """() => {
          const known = JSON.parse(localStorage.getItem("ticketapp.door"));
          known.events[0].admits_until = known.events[0].admits_from;
          localStorage.setItem("ticketapp.door", JSON.stringify(known));
        }"""
    )
    door.page.reload()

    door.scan(code_of(ticket))

    expect(door.answer).to_contain_text("It is for another night.")


def test_who_signs_out_leaves_no_list_behind(door, ticket):
    expect(door.page.get_by_text(KNOWS)).to_be_visible()
    kept = "localStorage.getItem('ticketapp.door')"
    assert str(Event.objects.get().pk) in door.page.evaluate(kept)

    door.open("/you")
    door.button("Sign out").click()
    expect(door.page.get_by_label("E-mail")).to_be_visible()

    assert door.page.evaluate(kept) is None


def test_a_browser_that_cannot_check_codes_waits_for_the_answer(phone, ticket, steward):
    phone.page.add_init_script("crypto.subtle.importKey = () => Promise.reject()")
    phone.open_door(steward.email)
    expect(phone.page.get_by_text("cannot check codes without")).to_be_visible()
    phone.page.context.set_offline(True)

    phone.scan(code_of(ticket))

    expect(phone.answer).to_contain_text("Not recorded")
