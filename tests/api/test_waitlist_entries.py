"""Joining a waitlist over the API, and what is refused."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from events.models import Event
from inventory.models import WaitlistEntry
from payments import services as payments
from payments.consent import CURRENT, TEXTS
from payments.models import Mandate
from tests import factories as make
from tests.entries import ENTRIES, ask, ask_with_card, let_go, told, utc
from tests.lining_up import held
from tests.standing_orders import kept_card

pytestmark = pytest.mark.django_db


# Joining --------------------------------------------------------------------------


def test_who_joins_is_told_their_place_and_what_will_happen(api, rush):
    ask_as(make.buyer(), api, rush)

    response = ask(api, rush)

    entry = response.json()
    assert response.status_code == 201
    assert (entry["status"], entry["quantity"], entry["ahead"]) == ("waiting", 2, 1)
    assert entry["ticket_type"] == {"id": str(rush.pk), "name": rush.name}
    assert entry["charge"] is entry["offer"] is entry["max_total"] is None
    assert entry["ends_at"] == utc(rush.event.sales_close_at)
    assert entry["what_happens"].startswith("If 2 tickets together come free before ")
    assert entry["what_happens"].endswith(
        "we hold them for you and tell you. Nothing is charged unless you buy them."
    )


def ask_as(user, api, ticket_type):
    mine = api.handler._force_user
    api.force_authenticate(user)
    response = ask(api, ticket_type)
    api.force_authenticate(mine)
    assert response.status_code == 201


def test_who_gives_a_card_is_told_the_most_that_can_be_charged(api, rush, card):
    until = timezone.now() + timedelta(hours=2)

    entry = ask_with_card(api, rush, card, until=utc(until)).json()

    assert entry["charge"] == {
        "active": True,
        "card": {"id": str(card.pk), "brand": "visa", "last4": "4242"},
        "max_total": {"amount": 5000, "currency": "GBP"},
        "ends_at": utc(until),
        "consent_version": CURRENT,
    }
    assert "charge visa ending in 4242" in entry["what_happens"]
    assert "at most £50.00 in all" in entry["what_happens"]
    assert Mandate.objects.get().ends_at == until


def test_a_maximum_without_a_card_is_kept_to(api, rush):
    entry = ask(api, rush, max_total={"amount": 4500, "currency": "GBP"}).json()

    assert entry["max_total"] == {"amount": 4500, "currency": "GBP"}
    assert "for £45.00 at most in all" in entry["what_happens"]


def test_a_maximum_is_in_the_smallest_coin_of_its_currency(api, rush):
    yen = make.ticket_type(event=rush.event, stock=1, unit_amount=1200, currency="JPY")
    held(yen, 1, now=timezone.now())

    entry = ask(api, yen, 1, max_total={"amount": 1500, "currency": "JPY"}).json()

    assert "for JPY 1,500 at most in all" in entry["what_happens"]


def test_a_removed_card_is_said_not_to_be_charged(api, rush, card):
    ask_with_card(api, rush, card)

    payments.remove_card(card=card, now=timezone.now())

    entry = told(api)
    assert not entry["charge"]["active"]
    assert entry["what_happens"].startswith("Your card is not kept any more")


def test_the_consent_can_be_read(api):
    answer = api.get(f"{ENTRIES}/consent").json()

    assert answer == {"version": CURRENT, "text": TEXTS[CURRENT]}


def test_joining_again_with_the_same_key_joins_once(api, rush):
    key = {"Idempotency-Key": "one"}

    first, second = ask(api, rush, headers=key), ask(api, rush, headers=key)

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert WaitlistEntry.objects.count() == 1


# Refusals -------------------------------------------------------------------------


def assert_refused(response, status: int, code: str) -> dict:
    problem = response.json()
    assert (response.status_code, problem["code"]) == (status, code), problem
    assert not WaitlistEntry.objects.exists()
    assert not Mandate.objects.exists()
    return problem


def test_what_can_be_bought_is_not_waited_for(api, rush):
    let_go(rush)

    problem = assert_refused(ask(api, rush), 409, "tickets_available")

    assert problem["action"] == "choose_other_tickets"
    assert problem["meta"] == {"available": 2}


def test_nobody_waits_twice(api, rush):
    first = ask(api, rush).json()

    again = ask(api, rush)

    assert (again.status_code, again.json()["code"]) == (409, "already_on_waitlist")
    assert again.json()["meta"] == {"entry": first["id"]}


def test_old_terms_are_not_agreed_to(api, rush, card):
    response = ask(
        api,
        rush,
        max_total={"amount": 5000, "currency": "GBP"},
        payment_method=str(card.pk),
        consent_version="2020-01-01",
    )

    problem = assert_refused(response, 409, "consent_outdated")
    assert problem["meta"] == {"version": CURRENT}


def test_somebody_elses_card_is_no_card(api, rush):
    response = ask_with_card(api, rush, kept_card(make.buyer()))

    assert_refused(response, 409, "saved_card_gone")


def test_a_maximum_below_every_price_is_refused(api, rush, card):
    assert_refused(ask_with_card(api, rush, card, 3999), 409, "maximum_too_low")


def test_waiting_past_the_end_of_the_sale_is_refused(api, rush):
    late = utc(timezone.now() + timedelta(hours=4, minutes=30))

    problem = assert_refused(ask(api, rush, until=late), 400, "until_out_of_range")

    close = rush.event.sales_close_at
    until = close.astimezone(rush.event.venue.zone)
    assert f"and {until:%H:%M on %A %-d %B %Y}." in problem["detail"]
    assert problem["meta"]["latest_at"] == utc(close)


def test_nobody_waits_without_an_end_for_an_event_without_a_time(api, rush):
    Event.objects.update(starts_at=None, sales_close_at=None)

    for_ever = ask(api, rush, until="9999-12-31T23:59:59Z")
    assert_refused(for_ever, 400, "until_out_of_range")

    a_while = ask(api, rush, until=utc(timezone.now() + timedelta(days=300)))
    assert a_while.status_code == 201


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"quantity": 0}, "quantity"),
        ({"quantity": -1}, "quantity"),
        ({"quantity": 1.5}, "quantity"),
        ({"quantity": 10**9}, "quantity"),
        ({"ticket_type": str(uuid4())}, "ticket_type"),
        ({"until": "tonight"}, "until"),
        ({"max_total": 5000}, "max_total"),
        ({"max_total": {"amount": 50.5, "currency": "GBP"}}, "max_total.amount"),
        ({"max_total": {"amount": -1, "currency": "GBP"}}, "max_total.amount"),
        ({"max_total": {"amount": 10**12, "currency": "GBP"}}, "max_total.amount"),
        ({"max_total": {"amount": 5000, "currency": "USD"}}, "max_total.currency"),
        ({"payment_method": "pm_card_visa"}, "payment_method"),
        ({"payment_method": str(uuid4()), "consent_version": "1"}, "max_total"),
        (
            {
                "payment_method": str(uuid4()),
                "max_total": {"amount": 5000, "currency": "GBP"},
            },
            "consent_version",
        ),
    ],
)
def test_bad_input_names_the_field(api, rush, wish, field):
    response = api.post(ENTRIES, {"ticket_type": str(rush.pk), "quantity": 2} | wish)

    problem = assert_refused(response, 400, "invalid")
    assert [error["field"] for error in problem["errors"]] == [field]


def test_unknown_parameters_are_refused(api):
    assert api.get(f"{ENTRIES}?status=waiting").status_code == 400
