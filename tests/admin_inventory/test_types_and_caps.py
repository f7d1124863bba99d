"""Prices and their plans, decisions to go below what is taken, and shared caps."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from django.utils import timezone

from inventory.admin.forms import TicketTypeForm
from inventory.models import Override, PriceStep, StockCap, TicketType
from tests import factories as make
from tests.lining_up import held
from tests.staff_forms import change, form_of, plan_of, problems_of, row_of

pytestmark = pytest.mark.django_db


def test_a_price_plan_is_kept_below_the_price_and_above_the_floor(manager, venue):
    kind = make.ticket_type(event=make.event(venue=venue), floor_amount=1000)
    page = reverse("admin:inventory_tickettype_change", args=[kind.pk])

    def plan(price):
        return plan_of(kind, floor="10") | {
            "price_steps-TOTAL_FORMS": 1,
            "price_steps-0-starts_at_0": "2026-06-01",
            "price_steps-0-starts_at_1": "19:30",
            "price_steps-0-price": price,
        }

    assert "lowers the price" in problems_of(manager.post(page, plan("30")))
    assert "below the floor" in problems_of(manager.post(page, plan("5")))
    assert manager.post(page, plan("18.50")).status_code == 302

    step = PriceStep.objects.get()
    assert step.unit_amount == 1850
    assert step.starts_at.isoformat() == "2026-06-01T17:30:00+00:00"
    assert TicketType.objects.get().capacity == 2


@pytest.mark.parametrize(
    ("prices", "accepted"), [(("20", "18"), True), (("18", "20"), False)]
)
def test_a_price_plan_only_ever_falls_and_buyers_see_the_next_fall(
    manager, venue, anonymous, prices, accepted
):
    now = timezone.now()
    tonight = make.event(
        venue=venue, starts_at=now + timedelta(days=3), sales_close_at=None
    )
    kind = make.ticket_type(event=tonight)
    day = f"{now + timedelta(days=1):%Y-%m-%d}"
    steps = {"price_steps-TOTAL_FORMS": len(prices)}
    for number, price in enumerate(prices):
        steps[f"price_steps-{number}-starts_at_0"] = day
        steps[f"price_steps-{number}-starts_at_1"] = f"1{number}:00"
        steps[f"price_steps-{number}-price"] = price
    page = reverse("admin:inventory_tickettype_change", args=[kind.pk])

    answer = manager.post(page, plan_of(kind, **steps))

    assert (answer.status_code == 302) == accepted
    assert PriceStep.objects.count() == len(prices) * accepted
    address = f"/api/v1/events/{tonight.pk}/ticket-types"
    [told] = anonymous.get(address).json()["results"]
    next_price = {"amount": 2000, "currency": "GBP"} if accepted else None
    assert told["next_price"] == next_price
    assert bool(told["next_price_at"]) == accepted


def test_going_below_what_is_taken_needs_a_reason_that_is_kept(manager, venue):
    kind = make.ticket_type(event=make.event(venue=venue), stock=4)
    held(kind, 3)
    page = reverse("admin:inventory_tickettype_change", args=[kind.pk])

    refused = manager.post(page, plan_of(kind, tickets=2))
    assert "3 are sold or in someone" in problems_of(refused)
    done = manager.post(page, plan_of(kind, tickets=2, reason="Cameras"))

    assert done.status_code == 302
    decision = Override.objects.get()
    assert (decision.ticket_type, decision.reason) == (kind, "Cameras")
    assert TicketType.objects.get().capacity == 2
    assert "Cameras" in manager.get(page).content.decode()


def test_a_shared_cap_is_made_and_lowered_through_the_service(manager, venue):
    event = make.event(venue=venue)
    types = [make.ticket_type(event=event, stock=5) for _ in range(2)]
    held(types[0], 3)
    form = {
        "event": event.pk,
        "name": "House",
        "capacity": 8,
        "types": [kind.pk for kind in types],
        "reason": "",
        "overrides-TOTAL_FORMS": 0,
        "overrides-INITIAL_FORMS": 0,
    }

    made = manager.post(reverse("admin:inventory_stockcap_add"), form)
    assert made.status_code == 302, problems_of(made)
    cap = StockCap.objects.get()
    assert set(cap.types.all()) == set(types)

    page = reverse("admin:inventory_stockcap_change", args=[cap.pk])
    refused = manager.post(page, form | {"capacity": 2})
    assert "3 are sold or in someone" in problems_of(refused)
    assert manager.post(page, form | {"capacity": 2, "reason": "x"}).status_code == 302
    cap.refresh_from_db()
    assert (cap.capacity, cap.overrides.get().taken) == (2, 3)


@pytest.fixture
def three_taken(venue):
    kind = make.ticket_type(event=make.event(venue=venue), stock=5)
    held(kind, 3)
    return kind


@pytest.fixture
def taken_meanwhile(monkeypatch):
    """As if the tickets had been taken after the form looked, before it was saved."""
    monkeypatch.setattr(TicketTypeForm, "_refuse_fewer_than_taken", lambda *_: None)


def says_why_and_keeps_what_was_typed(answer, kind) -> None:
    page = answer.content.decode()
    assert "3 tickets of this type are sold" in problems_of(answer)
    assert 'value="Front"' in page
    assert "successfully" not in page
    kind.refresh_from_db()
    assert kind.name != "Front"
    assert (kind.capacity, kind.unit_amount) == (5, 2500)
    assert not LogEntry.objects.exists()


@pytest.mark.usefixtures("taken_meanwhile")
def test_what_the_service_refuses_changes_nothing_on_the_events_page(
    manager, venue, three_taken
):
    typed = row_of(three_taken, name="Front", price="20", tickets=2)

    answer = manager.post(change(three_taken.event), form_of(venue, [typed, {}]))

    says_why_and_keeps_what_was_typed(answer, three_taken)
    assert "Front: 3 tickets" not in problems_of(answer)  # There is no other.


@pytest.mark.usefixtures("taken_meanwhile")
def test_of_several_types_on_a_page_a_refusal_names_its_own(
    manager, venue, three_taken
):
    other = make.ticket_type(event=three_taken.event, name="Circle", stock=5)
    rows = [row_of(other), row_of(three_taken, name="Front", tickets=2)]

    answer = manager.post(change(three_taken.event), form_of(venue, rows))

    assert "Front: 3 tickets of this type are sold" in problems_of(answer)


@pytest.mark.usefixtures("taken_meanwhile")
def test_what_the_service_refuses_changes_nothing_on_the_types_page(
    manager, three_taken
):
    page = reverse("admin:inventory_tickettype_change", args=[three_taken.pk])

    answer = manager.post(page, plan_of(three_taken, name="Front", tickets=2))

    says_why_and_keeps_what_was_typed(answer, three_taken)


def test_a_cap_without_an_event_is_told_so(manager):
    form = {"capacity": 8, "overrides-TOTAL_FORMS": 0, "overrides-INITIAL_FORMS": 0}

    answer = manager.post(reverse("admin:inventory_stockcap_add"), form)

    assert "This field is required." in problems_of(answer)
    assert not StockCap.objects.exists()


def test_a_shared_cap_is_of_one_event(manager, venue):
    event, other = make.event(venue=venue), make.event(venue=venue)
    kind = make.ticket_type(event=other)
    form = {
        "event": event.pk,
        "name": "House",
        "capacity": 8,
        "types": [kind.pk],
        "overrides-TOTAL_FORMS": 0,
        "overrides-INITIAL_FORMS": 0,
    }

    response = manager.post(reverse("admin:inventory_stockcap_add"), form)

    assert "must be of this event" in problems_of(response)


@pytest.mark.parametrize("model", ["hold", "checkin"])
def test_holds_and_scans_are_looked_at_only(manager, venue, model):
    rush = make.ticket_type(event=make.event(venue=venue))
    hold = held(rush, 1)

    listed = manager.get(reverse(f"admin:inventory_{model}_changelist"))

    assert listed.status_code == 200
    assert manager.get(reverse(f"admin:inventory_{model}_add")).status_code == 403
    page = reverse("admin:inventory_hold_change", args=[hold.pk])
    assert manager.post(page, {"status": "released"}).status_code == 403
