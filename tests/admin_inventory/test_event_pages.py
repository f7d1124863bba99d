"""Staff make an event with its tickets, change it and move it along its states."""

from datetime import timedelta

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.urls import reverse
from django.utils import timezone

from events.models import Event, EventStatus, Role
from inventory.admin import forms
from inventory.models import TicketStatus
from tests import factories as make
from tests.lining_up import held
from tests.staff_forms import LIST, change, form_of, problems_of, row_of

pytestmark = pytest.mark.django_db


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
    held(stalls, 3)

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
    held(rush, 2)

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
        held(rush, quantity)

    refused = manager.post(change(event), form_of(venue, per_buyer_limit=4))
    lowered = manager.post(change(event), form_of(venue, per_buyer_limit=5))

    assert "Somebody has 5 already." in refused.content.decode()
    assert lowered.status_code == 302
    event.refresh_from_db()
    assert event.per_buyer_limit == 5


def test_a_purchase_between_the_form_and_its_saving_counts(manager, venue, monkeypatch):
    event = make.event(venue=venue, per_buyer_limit=6)
    rush = make.ticket_type(event=event, stock=9)
    held(rush, 5)
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


def test_the_event_list_takes_a_fixed_number_of_queries(
    manager, venue, django_assert_max_num_queries
):
    for _ in range(5):
        make.ticket_type(event=make.event(venue=venue))

    with django_assert_max_num_queries(10):
        manager.get(LIST)
