"""The page of an order says where its money is, and gives it back where it may."""

import re
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from playwright.sync_api import expect

from events import services as events
from events.models import Event, TaxMode, Venue
from inventory.models import Ticket, TicketStatus, TicketType
from payments import services as payments
from payments.models import (
    Dispute,
    DisputeStatus,
    Order,
    Payment,
    Refund,
    RefundReason,
    RefundStatus,
)
from tests.browser.phone import GOOD_CARD
from tests.concurrency.racing import race
from tests.moving import move_event


def the_page_says(phone, *words: str) -> None:
    phone.open(f"/orders/{Order.objects.get().pk}")
    for each in words:
        expect(phone.page.get_by_text(each)).to_be_visible()


def refunded(**fields) -> None:
    payment = Payment.objects.get()
    Refund.objects.create(
        payment=payment, amount=payment.amount, currency="GBP", **fields
    )


def test_tickets_of_a_postponed_event_are_handed_back(phone, rush):
    phone.buy(rush)
    events.postpone_event(event=Event.objects.get(pk=rush.event_id))
    phone.page.reload()
    expect(phone.page.get_by_text("This event is postponed")).to_be_visible()

    phone.button("Cannot come? Hand your 2 tickets back").click()
    assert not Refund.objects.exists()
    phone.button("Hand back").click()

    expect(phone.page.get_by_text("on its way")).to_be_visible()
    expect(phone.page.get_by_text("stays valid")).to_have_count(0)
    expect(phone.button(re.compile("Hand your"))).to_have_count(0)
    expect(phone.page.get_by_role("heading", level=1)).to_have_text("Late Show")
    line = phone.page.get_by_text("incl. £4 Booking fee · returned", exact=True)
    expect(line).to_have_count(2)
    assert Refund.objects.get().reason == RefundReason.EVENT_POSTPONED


def test_tickets_of_an_event_with_another_date_are_handed_back(phone, rush):
    phone.buy(rush)
    move_event(rush.event, timedelta(days=7), now=timezone.now())
    the_page_says(phone, "Receipt")

    phone.button("Cannot come? Hand your 2 tickets back").click()
    phone.button("Hand back").click()

    expect(phone.page.get_by_text("on its way")).to_be_visible()
    assert Refund.objects.get().reason == RefundReason.EVENT_POSTPONED


@pytest.mark.parametrize("by", [timedelta(0), timedelta(minutes=5)])
def test_nothing_is_handed_back_while_the_date_holds(phone, rush, by):
    phone.buy(rush)
    move_event(rush.event, by, now=timezone.now())

    the_page_says(phone, "Receipt")

    assert phone.page.get_by_role("button", name="Hand your").count() == 0


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (DisputeStatus.OPEN, "Your bank asks for this payment back"),
        (DisputeStatus.LOST, "Your bank took this payment back"),
    ],
)
def test_a_disputed_ticket_is_not_shown_as_one_that_admits(phone, rush, status, words):
    phone.buy(rush)
    payment, now = Payment.objects.get(), timezone.now()
    closed_at = now if status == DisputeStatus.LOST else None
    Dispute.objects.create(
        payment=payment,
        provider_id="dp_1",
        provider_status=status,
        status=status,
        amount=payment.amount,
        currency=payment.currency,
        opened_at=now,
        closed_at=closed_at,
    )

    phone.page.reload()
    expect(phone.page.get_by_text(words)).to_be_visible()
    assert not phone.page.locator(".youre-in").count()
    assert not phone.page.get_by_role("link", name="Show your").count()
    phone.open("/tickets")
    phone.page.get_by_text("Does not admit").wait_for()
    phone.page.locator("a.card-link").click()

    expect(phone.page.get_by_text(words)).to_be_visible()
    expect(phone.page.get_by_text("Help at the door")).to_be_visible()
    assert not phone.page.locator(".code").count()
    assert not phone.page.get_by_text("brightness before the door").count()


def test_money_that_came_too_late_is_not_called_unpaid(phone, rush):
    phone.buy(rush)
    Order.objects.update(status="cancelled")
    refunded(reason=RefundReason.TOO_LATE)

    the_page_says(phone, "Your payment goes back", "on its way")

    assert not phone.page.get_by_text("before it was paid").count()


def test_nobody_is_told_that_no_money_moved_while_nobody_knows(phone, rush):
    phone.buy(rush)
    Order.objects.update(status="pending")
    Payment.objects.update(status="processing")

    the_page_says(phone, "Your bank has not answered yet")

    assert not phone.page.get_by_text("No money has moved").count()


def test_a_refund_that_came_back_is_not_on_its_way(phone, rush):
    phone.buy(rush)
    refunded(reason=RefundReason.STAFF, status=RefundStatus.FAILED)

    the_page_says(phone, "did not reach your bank")


def test_a_refund_that_another_took_the_place_of_is_not_told_as_failed(phone, rush):
    phone.buy(rush)
    refunded(reason=RefundReason.STAFF, status=RefundStatus.FAILED)
    refunded(reason=RefundReason.DASHBOARD, status=RefundStatus.SUCCEEDED)

    the_page_says(phone, "given back by another refund instead", "sent to your bank")

    assert not phone.page.get_by_text("did not reach your bank").count()


@pytest.mark.parametrize(
    ("mode", "total", "tax"),
    [(TaxMode.INCLUDED, "£64", "£10.66"), (TaxMode.ADDED, "£76.80", "£12.80")],
)
def test_a_receipt_says_how_much_of_it_is_tax(phone, rush, mode, total, tax):
    Venue.objects.update(tax_basis_points=2000, tax_name="VAT", tax_mode=mode)
    phone.open(f"/events/{rush.event_id}")
    phone.get(2)
    phone.pay_with(GOOD_CARD)

    phone.is_in()

    receipt = phone.page.locator("dl")
    expect(receipt).to_contain_text(f"Total{total}of which VAT{tax}")


def test_a_list_of_tickets_parts_their_number_from_what_became_of_them(phone, rush):
    phone.buy(rush)
    events.cancel_event(event=Event.objects.get(pk=rush.event_id))

    phone.open("/tickets")

    expect(phone.page.get_by_text("2 tickets · Cancelled")).to_be_visible()


def test_tickets_of_a_cancelled_event_are_not_shown_as_ones_that_admit(phone, rush):
    """Before the refunds have begun: the tickets are sold still."""
    phone.buy(rush)
    events.cancel_event(event=Event.objects.get(pk=rush.event_id))

    the_page_says(phone, "This event is cancelled")
    assert not phone.page.get_by_role("link", name="Show your").count()
    phone.open("/tickets")
    phone.page.locator("a.card-link").click()

    expect(phone.page.get_by_text("This event is cancelled")).to_be_visible()
    expect(phone.page.get_by_text("Help at the door")).to_be_visible()
    assert not phone.page.locator(".code").count()
    assert not phone.page.get_by_text("brightness before the door").count()


def nothing_is_said_of_money(phone, ticket, state: str) -> None:
    """On the page of the order, which says its `state`, and on the ticket's."""
    pages = {f"/orders/{Order.objects.get().pk}": state}
    pages[f"/tickets/{ticket.pk}"] = "Your ticket does not admit any more"
    for page, words in pages.items():
        phone.open(page)
        expect(phone.page.get_by_text("This event is cancelled")).to_be_visible()
        expect(phone.page.get_by_text(words)).to_be_visible()
        of_money = re.compile("money|card|paid|refund", re.IGNORECASE)
        expect(phone.page.get_by_text(of_money)).to_have_count(0)


def test_a_free_ticket_is_not_told_about_in_money(phone, rush):
    TicketType.objects.update(unit_amount=0, fee_amount=0)
    phone.open(f"/events/{rush.event_id}")
    phone.get(2)
    phone.button("Get them free").click()
    phone.is_in()
    event = Event.objects.get(pk=rush.event_id)
    ticket = Ticket.objects.filter(status=TicketStatus.SOLD)[0]

    with transaction.atomic():
        list(Ticket.objects.select_for_update())  # The sweep waits for them.
        race([lambda: events.cancel_event(event=event)])
        nothing_is_said_of_money(phone, ticket, "booked")
    payments.sweep_called_off_events(now=timezone.now(), limit=10)
    nothing_is_said_of_money(phone, ticket, "Given back")
