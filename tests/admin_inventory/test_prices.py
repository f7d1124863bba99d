"""Staff set no price that no card can be charged."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from events.models import TaxMode
from inventory import services as inventory
from inventory.chargeable import SMALLEST_CHARGES, largest_charge, smallest_charge
from inventory.models import PriceStep, TicketType
from tests import factories as make
from tests.factories import NOON
from tests.staff_forms import change, form_of, plan_of, problems_of, row_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def venue():
    """Ten per cent are added to every price."""
    return make.venue(tax_mode=TaxMode.ADDED, tax_basis_points=1000, currency="GBP")


def save(manager, kind, **row):
    form = form_of(kind.event.venue, [row_of(kind, **row)])
    return manager.post(change(kind.event), form)


@pytest.mark.parametrize(
    "row",
    [
        {"price": "0.27"},  # 0.297, and half up that is just enough.
        {"price": "0"},
        {"price": "0", "fee": "1", "fee_name": "Booking"},
        {"price": "0.10", "fee": "0.20", "fee_name": "Booking"},
        {"price": "909090.90"},
    ],
)
def test_a_price_that_can_be_charged_or_is_nothing_is_taken(manager, venue, row):
    kind = make.ticket_type(event=make.event(venue=venue))

    assert save(manager, kind, **row).status_code == 302


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({"price": "0.26"}, "that is 0.29 GBP: charge at least 0.30 GBP, or nothing"),
        ({"price": "0", "fee": "0.2", "fee_name": "Fee"}, "charge at least 0.30 GBP"),
        ({"floor": "0.05"}, "that is 0.06 GBP: charge at least 0.30 GBP"),
        ({"price": "909091"}, "a ticket can cost 999999.99 at the most"),
        ({"price": "30000000"}, "more than any card can be charged"),
    ],
)
def test_a_price_that_no_card_is_charged_is_refused_with_what_to_do(
    manager, venue, row, problem
):
    kind = make.ticket_type(event=make.event(venue=venue))

    assert problem in problems_of(save(manager, kind, **row))
    kind.refresh_from_db()
    assert (kind.unit_amount, kind.fee_amount, kind.floor_amount) == (2500, 0, None)


def test_a_price_of_many_noughts_leaves_room_for_a_hold_of_many_tickets(manager, venue):
    kind = make.ticket_type(event=make.event(venue=venue), currency="IDR", stock=10)

    assert "2147483.64 at the most" in problems_of(save(manager, kind, price="1952258"))
    assert save(manager, kind, price="1952257", tickets=10).status_code == 302
    kind = TicketType.objects.with_terms().get()
    hold = inventory.hold_tickets(
        user=make.buyer(), ticket_type=kind, quantity=6, now=NOON
    )
    assert hold.total_amount > 10**9


@pytest.mark.parametrize(
    ("currency", "most"), [("UGX", 999_999), ("ISK", 999_999), ("JPY", 99_999_999)]
)
def test_a_price_may_be_as_high_as_the_provider_counts(manager, venue, currency, most):
    kind = make.ticket_type(event=make.event(venue=venue), currency=currency)
    highest = most * 10 // 11  # Ten per cent come on top.

    assert save(manager, kind, price=highest).status_code == 302
    refused = save(manager, kind, price=highest + 2)

    assert f"a ticket can cost {most} at the most" in problems_of(refused)


def test_a_fee_may_not_be_taken_off_a_price_that_falls_too_low(manager, venue):
    kind = make.ticket_type(
        event=make.event(venue=venue), fee_amount=100, fee_name="Fee"
    )
    at = NOON + timedelta(hours=6)
    PriceStep.objects.create(ticket_type=kind, starts_at=at, unit_amount=10)

    told = problems_of(save(manager, kind, fee="", fee_name=""))

    assert "It falls from 19:00 on 1 June. With fee and tax that is 0.11 GBP" in told
    kind.refresh_from_db()
    assert kind.fee_amount == 100


@pytest.mark.parametrize(("price", "taken"), [("0.26", False), ("0", True)])
def test_a_planned_fall_ends_at_nothing_or_where_a_card_can_pay(
    manager, venue, price, taken
):
    kind = make.ticket_type(event=make.event(venue=venue))
    step = {
        "price_steps-TOTAL_FORMS": 1,
        "price_steps-0-starts_at_0": "2026-06-01",
        "price_steps-0-starts_at_1": "19:30",
        "price_steps-0-price": price,
    }
    page = reverse("admin:inventory_tickettype_change", args=[kind.pk])

    answer = manager.post(page, plan_of(kind, **step))

    assert (answer.status_code == 302) == PriceStep.objects.exists() == taken
    assert taken or "charge at least 0.30 GBP" in problems_of(answer)


def plan_a_fall(manager, kind, at, price="20"):
    local = at.astimezone(kind.event.venue.zone)
    step = {
        "price_steps-TOTAL_FORMS": 1,
        "price_steps-0-starts_at_0": f"{local:%Y-%m-%d}",
        "price_steps-0-starts_at_1": f"{local:%H:%M}",
        "price_steps-0-price": price,
    }
    page = reverse("admin:inventory_tickettype_change", args=[kind.pk])
    return manager.post(page, plan_of(kind, **step), follow=True)


def tonight(venue):
    now = timezone.now().replace(second=0, microsecond=0)
    starts_at = now + timedelta(hours=3)
    event = make.event(
        venue=venue,
        starts_at=starts_at,
        local_date=starts_at.date(),
        sales_close_at=None,
    )
    return make.ticket_type(event=event)


@pytest.mark.parametrize(
    ("closes", "refused"),
    [(None, True), (timedelta(hours=-1), True), (timedelta(hours=1), False)],
)
def test_a_fall_that_nobody_would_see_is_refused(manager, venue, closes, refused):
    kind = tonight(venue)
    starts_at = kind.event.starts_at
    kind.event.sales_close_at = starts_at + closes if closes else None
    kind.event.save()

    answer = plan_a_fall(manager, kind, starts_at)

    assert ("nobody would see it" in answer.content.decode()) is refused
    assert PriceStep.objects.exists() is not refused


def test_a_fall_that_has_begun_says_that_the_price_is_lower_from_now_on(manager, venue):
    kind = tonight(venue)

    begun = plan_a_fall(manager, kind, timezone.now() - timedelta(hours=1))

    assert "The price is 20.00 GBP from now on" in begun.content.decode()
    assert PriceStep.objects.get().unit_amount == 2000


def test_a_coming_fall_says_nothing_of_now(manager, venue):
    kind = tonight(venue)

    coming = plan_a_fall(manager, kind, timezone.now() + timedelta(hours=1))

    assert "from now on" not in coming.content.decode()
    assert PriceStep.objects.exists()


def test_a_new_event_without_a_venue_yet_is_asked_for_one(manager, venue):
    row = {"name": "Stalls", "price": "0.10", "tickets": 2}

    form = form_of(venue, [row]) | {"venue": ""}
    answer = manager.post(reverse("admin:events_event_add"), form)

    assert answer.status_code == 200
    assert not TicketType.objects.exists()


def test_the_limits_are_those_that_are_published():
    assert [smallest_charge(code) for code in ("GBP", "usd", "JPY", "HUF", "KWD")] == [
        30,
        50,
        50,
        17500,
        1,
    ]
    assert largest_charge("GBP") == 99_999_999 < largest_charge("IDR")
    assert len(SMALLEST_CHARGES) == 24
