"""The door without network: the list in hand decides who comes in."""

import re

from django.utils import timezone
from playwright.sync_api import expect

from inventory import codes
from inventory import services as inventory
from inventory.models import CheckIn
from payments.models import Dispute, DisputeStatus
from tests import factories as make
from tests.browser.conftest import code_of
from tests.browser.door import (
    HOUR,
    is_upload,
    knows_tonight,
    lose_network,
    set_clock,
    sync,
)
from tests.paying import paid


def test_who_has_a_good_ticket_is_let_in_and_why_is_told(door, ticket):
    lose_network(door)

    door.scan(code_of(ticket))

    expect(door.answer).to_contain_text("Let in")
    expect(door.answer).to_contain_text(re.compile("Without network: .* list of"))
    assert not CheckIn.objects.exists()


def test_nobody_comes_in_twice_on_one_ticket(door, ticket):
    lose_network(door)
    door.scan(code_of(ticket))
    expect(door.answer).to_contain_text("Let in")

    door.scan(code_of(ticket))

    expect(door.answer).to_contain_text("Already in")
    expect(door.answer).to_contain_text("at this phone")


def test_nor_while_the_network_is_back_and_the_scan_not_sent_yet(door, ticket):
    lose_network(door)
    door.scan(code_of(ticket))
    expect(door.answer).to_contain_text("Let in")
    door.page.route(
        "**/check-ins",
        lambda route: None if is_upload(route.request) else route.continue_(),
    )
    door.page.context.set_offline(False)

    door.scan(code_of(ticket))

    expect(door.answer).to_contain_text("Already in")


def test_who_came_in_here_with_network_is_known_without(door, ticket):
    knows_tonight(door)
    door.scan(code_of(ticket))
    expect(door.answer).to_contain_text("Let in")
    lose_network(door)

    door.scan(code_of(ticket))

    expect(door.answer).to_contain_text("Already in")


def test_whom_the_server_refused_a_minute_ago_stays_out(door, ticket):
    knows_tonight(door)
    inventory.return_tickets(tickets=[ticket], now=timezone.now())
    door.scan(code_of(ticket))
    expect(door.answer).to_contain_text("it was taken back")
    lose_network(door)

    door.scan(code_of(ticket))

    expect(door.answer).to_contain_text(re.compile("Without network"))
    expect(door.answer).to_contain_text("it was taken back")


def test_a_network_that_answers_nothing_is_asked_once(door, ticket):
    knows_tonight(door)
    door.page.route("**/api/**", lambda route: route.abort())
    asked = []
    door.page.on("request", lambda each: asked.append(each))

    door.scan(code_of(ticket))
    expect(door.answer).to_contain_text("Let in")
    door.scan("HELLO")
    expect(door.answer).to_contain_text("Unknown code")

    scans = [each for each in asked if each.method == "POST" and not is_upload(each)]
    assert len(scans) == 1


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


def test_a_disputed_ticket_stops_from_the_next_sync_until_it_is_won(door, rush):
    knows_tonight(door)
    taken = disputed(rush)
    sync(door)
    lose_network(door)

    door.scan(code_of(taken))

    expect(door.answer).to_contain_text("Not valid")
    expect(door.answer).to_contain_text("disputed by the buyer's bank")
    Dispute.objects.update(status=DisputeStatus.WON, closed_at=timezone.now())
    door.page.context.set_offline(False)
    sync(door)
    door.page.context.set_offline(True)
    door.scan(code_of(taken))
    expect(door.answer).to_contain_text("Let in")


def test_what_is_forged_stays_out(door, ticket):
    good = code_of(ticket)
    forged = good[:60] + ("A" if good[60] != "A" else "B") + good[61:]
    lose_network(door)

    for code in (forged, "HELLO"):
        door.scan(code)
        expect(door.answer).to_contain_text("Unknown code")
        expect(door.answer).to_contain_text("Without network")


def test_of_an_event_that_the_list_does_not_have_it_says_so(door, ticket):
    """It may be of elsewhere, of another night, or newer than the list."""
    lose_network(door)

    door.scan(codes.write(ticket_id=ticket.pk, event_id=make.event().pk))

    expect(door.answer).to_contain_text("Not on the list")
    expect(door.answer).to_contain_text("Look which venue and night it names.")


def test_of_another_night_it_does_not_admit(door, ticket):
    """Its night went by while the phone lay in a drawer."""
    knows_tonight(door)
    door.page.evaluate(
        """async () => {
          const cache = await caches.open("door");
          const known = await (await cache.match("/door-lists")).json();
          known.events[0].admits_until = known.events[0].admits_from;
          await cache.put("/door-lists", new Response(JSON.stringify(known)));
        }"""
    )
    lose_network(door)
    door.page.reload()

    door.scan(code_of(ticket))

    expect(door.answer).to_contain_text("It is for another night.")


def test_a_list_of_half_a_day_ago_decides_nothing(door, ticket):
    lose_network(door)
    set_clock(door, 11 * HOUR)
    door.page.reload()
    expect(door.page.get_by_label("Enter the code")).to_be_visible()

    set_clock(door, 13 * HOUR)
    door.page.reload()

    expect(door.page.get_by_text("Your phone cannot reach us")).to_be_visible()
    expect(door.page.get_by_label("Enter the code")).to_have_count(0)


def test_a_phone_whose_clock_is_wrong_knows_the_night_after_a_reload(door, ticket):
    set_clock(door, -20 * HOUR)
    door.page.reload()
    kept = "(await (await caches.open('door')).match('/door-lists'))"
    door.wait_until(f"(await {kept}?.json())?.ahead > {19 * HOUR}")
    lose_network(door)
    door.page.reload()

    door.scan(code_of(ticket))

    expect(door.answer).to_contain_text("Let in")


def test_who_signs_out_leaves_no_list_behind(door, ticket):
    knows_tonight(door)
    door.scan(code_of(ticket))
    expect(door.answer).to_contain_text("Let in")
    kept = """async () => [
      (await caches.has("door")), localStorage.getItem("ticketapp.seen") !== null
    ]"""
    assert door.page.evaluate(kept) == [True, True]

    door.open("/you")
    door.button("Sign out").click()
    expect(door.page.get_by_label("E-mail")).to_be_visible()

    assert door.page.evaluate(kept) == [False, False]


def test_who_works_there_no_more_knows_nothing_from_the_next_sync(door, steward):
    knows_tonight(door)
    steward.memberships.all().delete()

    door.page.evaluate("dispatchEvent(new Event('online'))")

    expect(door.page.get_by_text("Without network it goes on")).to_have_count(0)


def test_a_browser_that_cannot_check_codes_waits_for_the_answer(phone, ticket, steward):
    phone.page.add_init_script("crypto.subtle.importKey = () => Promise.reject()")
    phone.open_door(steward.email)
    expect(phone.page.get_by_text("cannot check codes without")).to_be_visible()
    phone.page.context.set_offline(True)

    phone.scan(code_of(ticket))

    expect(phone.answer).to_contain_text("Not recorded")
