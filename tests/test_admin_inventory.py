from datetime import timedelta

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from django.utils import timezone

from events.models import Event, EventStatus, Role, TaxMode
from inventory import services as inventory
from inventory.admin import forms
from inventory.admin.forms import TicketTypeForm
from inventory.models import Override, PriceStep, StockCap, TicketStatus, TicketType
from tests import factories as make

pytestmark = pytest.mark.django_db
LIST = reverse("admin:events_event_changelist")


@pytest.fixture
def venue():
    return make.venue(
        time_zone="Europe/Paris", currency="EUR", tax_mode=TaxMode.INCLUDED
    )


@pytest.fixture
def manager(client, venue):
    client.force_login(make.staff(venue=venue, role=Role.MANAGER))
    return client


def change(event: Event) -> str:
    return reverse("admin:events_event_change", args=[event.pk])


def form_of(venue, types=(), **changes):
    """What the event page posts: its fields and a row for each ticket type."""
    fields = {
        "name": "Late Show",
        "venue": venue.pk,
        "per_buyer_limit": 6,
        "starts_at_0": "2027-06-01",
        "starts_at_1": "20:00",
        "ticket_types-TOTAL_FORMS": len(types),
        "ticket_types-INITIAL_FORMS": sum("id" in row for row in types),
    }
    for number, row in enumerate(types):
        defaults = {"position": 0, "fee": "", "fee_name": "", "floor": ""}
        for name, value in (defaults | row).items():
            fields[f"ticket_types-{number}-{name}"] = value
    return fields | changes


def row_of(ticket_type, **changes):
    return {
        "id": ticket_type.pk,
        "event": ticket_type.event_id,
        "name": ticket_type.name,
        "price": "25.00",
        "tickets": ticket_type.capacity,
        **changes,
    }


def problems_of(response) -> str:
    assert response.status_code == 200
    found = response.context["errors"]
    return " ".join(str(problem) for problem in found)


def test_staff_see_the_events_of_their_own_venues(manager, venue):
    make.event(venue=venue, name="Own Show")
    make.event(name="Other Show")

    page = manager.get(LIST).content.decode()

    assert "Own Show" in page
    assert "Other Show" not in page
    other = Event.objects.get(name="Other Show")
    assert manager.get(change(other)).status_code == 302


def test_a_new_event_is_a_draft_with_its_tickets_on_the_venues_clock(manager, venue):
    types = [{"name": "Stalls", "price": "24.50", "fee": "1.5", "fee_name": "Booking"}]
    types[0]["tickets"] = 40

    response = manager.post(reverse("admin:events_event_add"), form_of(venue, types))

    assert response.status_code == 302, problems_of(response)
    event = Event.objects.get()
    stalls = event.ticket_types.get()
    assert event.status == EventStatus.DRAFT
    assert event.starts_at.isoformat() == "2027-06-01T18:00:00+00:00"
    assert event.local_date.isoformat() == "2027-06-01"
    assert (stalls.unit_amount, stalls.fee_amount) == (2450, 150)
    assert (stalls.currency, stalls.capacity) == ("EUR", 40)
    assert stalls.tickets.filter(status=TicketStatus.AVAILABLE).count() == 40


def test_another_number_of_tickets_goes_through_the_service(manager, venue):
    event = make.event(venue=venue)
    stalls = make.ticket_type(event=event, stock=5)

    manager.post(change(event), form_of(venue, [row_of(stalls, tickets=3)]))

    stalls.refresh_from_db()
    assert stalls.capacity == 3
    assert stalls.tickets.filter(status=TicketStatus.WITHDRAWN).count() == 2


def test_fewer_tickets_than_are_taken_is_refused_in_words(manager, venue):
    event = make.event(venue=venue)
    stalls = make.ticket_type(event=event, stock=5)
    inventory.hold_tickets(
        user=make.buyer(), ticket_type=stalls, quantity=3, now=make.NOON
    )

    response = manager.post(change(event), form_of(venue, [row_of(stalls, tickets=2)]))

    assert "3 are sold or in someone" in problems_of(response)
    stalls.refresh_from_db()
    assert stalls.capacity == 5


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({"price": "1.005"}, "GBP has 2 digits"),
        ({"price": "-1"}, "greater than or equal to 0"),
        ({"fee": "1"}, "what the fee is for"),
        ({"floor": "26"}, "above the price"),
        ({"tickets": "-1"}, "greater than or equal to 0"),
        ({"price": "99999999"}, "more than any card can be charged"),
    ],
)
def test_a_price_that_makes_no_sense_is_refused(manager, venue, row, problem):
    event = make.event(venue=venue)
    stalls = make.ticket_type(event=event)

    response = manager.post(change(event), form_of(venue, [row_of(stalls, **row)]))

    assert problem in problems_of(response)
    stalls.refresh_from_db()
    assert stalls.unit_amount == 2500


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"starts_at_0": "", "starts_at_1": ""}, "Give a start"),
        ({"doors_at_0": "2027-06-01", "doors_at_1": "21:00"}, "after the start"),
        ({"ends_at_0": "2027-06-01", "ends_at_1": "19:00"}, "before it starts"),
    ],
)
def test_times_out_of_order_are_refused(manager, venue, fields, problem):
    response = manager.post(reverse("admin:events_event_add"), form_of(venue, **fields))

    assert problem in problems_of(response)
    assert not Event.objects.exists()


def opened_with(manager, event) -> str:
    form = manager.get(change(event)).context["adminform"].form
    return form["opened_with"].value()


def test_a_page_opened_before_somebody_else_saved_undoes_nothing(manager, venue):
    event = make.event(venue=venue, name="Late Show")
    first = second = opened_with(manager, event)
    moved = form_of(venue, starts_at_0="2027-06-08", opened_with=first)
    assert manager.post(change(event), moved).status_code == 302

    answer = manager.post(
        change(event), form_of(venue, description="New.", opened_with=second)
    )

    assert "Somebody else changed this event" in problems_of(answer)
    event.refresh_from_db()
    assert (event.local_date.isoformat(), event.description) == ("2027-06-08", "")
    again = form_of(
        venue,
        starts_at_0="2027-06-08",
        description="New.",
        opened_with=opened_with(manager, event),
    )
    assert manager.post(change(event), again).status_code == 302


def test_the_status_is_never_typed(manager, venue):
    event = make.event(venue=venue, status=EventStatus.DRAFT)

    manager.post(change(event), form_of(venue, status=EventStatus.PUBLISHED))

    event.refresh_from_db()
    assert event.status == EventStatus.DRAFT


def act(client, action, *events, **more):
    rows = [event.pk for event in events]
    return client.post(
        LIST, {"action": action, ACTION_CHECKBOX_NAME: rows, **more}, follow=True
    )


def test_actions_move_an_event_along_its_states(manager, venue):
    soon = timezone.now() + timedelta(hours=3)
    event = make.event(
        venue=venue, status=EventStatus.DRAFT, starts_at=soon, sales_close_at=soon
    )

    for action, status in [
        ("publish", EventStatus.PUBLISHED),
        ("pause", EventStatus.PAUSED),
        ("publish", EventStatus.PUBLISHED),
        ("postpone", EventStatus.POSTPONED),
    ]:
        act(manager, action, event)
        event.refresh_from_db()
        assert event.status == status


def test_a_step_that_is_not_possible_is_refused_in_words(manager, venue):
    event = make.event(venue=venue, status=EventStatus.FINISHED)

    page = act(manager, "pause", event).content.decode()

    assert "cannot become paused" in page


def test_cancelling_says_first_whom_it_hits(manager, venue):
    event = make.event(venue=venue)
    rush = make.ticket_type(event=event, stock=3)
    inventory.hold_tickets(
        user=make.buyer(), ticket_type=rush, quantity=2, now=make.NOON
    )

    page = act(manager, "cancel", event).content.decode()

    event.refresh_from_db()
    assert "0 tickets sold, 2 in somebody" in page
    assert event.status == EventStatus.PUBLISHED

    act(manager, "cancel", event, confirmed="yes")
    event.refresh_from_db()
    assert event.status == EventStatus.CANCELLED


def test_the_limit_is_not_lowered_below_what_somebody_has(manager, venue):
    event = make.event(venue=venue, per_buyer_limit=6)
    rush = make.ticket_type(event=event, stock=9)
    for quantity in (2, 5):
        inventory.hold_tickets(
            user=make.buyer(), ticket_type=rush, quantity=quantity, now=make.NOON
        )

    refused = manager.post(change(event), form_of(venue, per_buyer_limit=4))
    lowered = manager.post(change(event), form_of(venue, per_buyer_limit=5))

    assert "Somebody has 5 already." in refused.content.decode()
    assert lowered.status_code == 302
    event.refresh_from_db()
    assert event.per_buyer_limit == 5


def test_a_purchase_between_the_form_and_its_saving_counts(manager, venue, monkeypatch):
    event = make.event(venue=venue, per_buyer_limit=6)
    rush = make.ticket_type(event=event, stock=9)
    inventory.hold_tickets(
        user=make.buyer(), ticket_type=rush, quantity=5, now=make.NOON
    )
    monkeypatch.setattr(forms, "most_taken_by_one", lambda event: 0)

    page = manager.post(change(event), form_of(venue, per_buyer_limit=4))

    assert "Somebody has 5 already: 4 a buyer is too few." in page.content.decode()
    event.refresh_from_db()
    assert event.per_buyer_limit == 6


def test_box_office_looks_but_does_not_change(client, venue):
    client.force_login(make.staff(venue=venue, role=Role.BOX_OFFICE))
    event = make.event(venue=venue)

    act(client, "pause", event)
    response = client.post(change(event), form_of(venue, name="Mine"))

    event.refresh_from_db()
    assert response.status_code == 403
    assert (event.status, event.name) == (EventStatus.PUBLISHED, "Late Show")


def test_a_price_plan_is_kept_below_the_price_and_above_the_floor(manager, venue):
    kind = make.ticket_type(event=make.event(venue=venue), floor_amount=1000)
    page = reverse("admin:inventory_tickettype_change", args=[kind.pk])

    def plan(price):
        return {
            "name": kind.name,
            "price": "25",
            "fee": "",
            "floor": "10",
            "position": 0,
            "tickets": kind.capacity,
            "price_steps-TOTAL_FORMS": 1,
            "price_steps-INITIAL_FORMS": 0,
            "price_steps-0-starts_at_0": "2026-06-01",
            "price_steps-0-starts_at_1": "19:30",
            "price_steps-0-price": price,
            "overrides-TOTAL_FORMS": 0,
            "overrides-INITIAL_FORMS": 0,
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


def plan_of(kind, **changes):
    """What the page of a ticket type posts."""
    fields = {
        "name": kind.name,
        "price": "25",
        "fee": "",
        "floor": "",
        "position": 0,
        "tickets": kind.capacity,
    }
    for prefix in ("price_steps", "overrides"):
        fields |= {f"{prefix}-TOTAL_FORMS": 0, f"{prefix}-INITIAL_FORMS": 0}
    return fields | changes


def test_going_below_what_is_taken_needs_a_reason_that_is_kept(manager, venue):
    kind = make.ticket_type(event=make.event(venue=venue), stock=4)
    inventory.hold_tickets(
        user=make.buyer(), ticket_type=kind, quantity=3, now=make.NOON
    )
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
    inventory.hold_tickets(
        user=make.buyer(), ticket_type=types[0], quantity=3, now=make.NOON
    )
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
    inventory.hold_tickets(
        user=make.buyer(), ticket_type=kind, quantity=3, now=make.NOON
    )
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
    held = inventory.hold_tickets(
        user=make.buyer(), ticket_type=rush, quantity=1, now=make.NOON
    )

    listed = manager.get(reverse(f"admin:inventory_{model}_changelist"))

    assert listed.status_code == 200
    assert manager.get(reverse(f"admin:inventory_{model}_add")).status_code == 403
    page = reverse("admin:inventory_hold_change", args=[held.pk])
    assert manager.post(page, {"status": "released"}).status_code == 403


def test_the_event_list_takes_a_fixed_number_of_queries(
    manager, venue, django_assert_max_num_queries
):
    for _ in range(5):
        make.ticket_type(event=make.event(venue=venue))

    with django_assert_max_num_queries(10):
        manager.get(LIST)
