"""What makes tickets fit without freeing any serves the line in its own transaction.

Two guards. The change serves the line before it commits (`matching.letting_more_fit`,
which the app below reaches through `events.register_follower`), so the audit finds
nothing the moment after. And a public pick takes nothing before the line was served
(the look of `picking.PICK` at who waits), so that also what nobody does, such as a
fall by plan and clock, never lets the public pass.
"""

from contextlib import nullcontext
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from events import services as events
from events.models import Event, EventStatus, Role, Venue
from events.services import following
from inventory import services as inventory
from inventory.models import Hold, PriceStep, StockCap, TicketType
from inventory.services import capacity, caps
from inventory.services.picking import Pick
from tests import factories as make
from tests.factories import MINUTE
from tests.lining_up import fresh, held, join
from tests.staff_forms import plan_of
from ticketapp import audit

pytestmark = pytest.mark.django_db
TODAY = timezone.now()


@pytest.fixture
def rush():
    """Two tickets of 25.00 for tonight, in somebody's hands."""
    event = make.event(
        starts_at=TODAY + 300 * MINUTE,
        sales_open_at=TODAY - 300 * MINUTE,
        sales_close_at=TODAY + 240 * MINUTE,
    )
    kind = make.ticket_type(event=event, stock=2)
    held(kind, 2, now=TODAY - 5 * MINUTE)
    return kind


@pytest.fixture
def entry(rush):
    """Somebody who waits for both, and pays 40.00 for them at the most."""
    then = {"now": TODAY - 5 * MINUTE, "ends_at": TODAY + 200 * MINUTE}
    TicketType.objects.update(unit_amount=2000)
    return join(rush, 2, max_total_amount=4000, **then)


def let_go() -> None:
    """Long enough ago that the sweep would have served whoever fits."""
    inventory.release_hold(hold=Hold.objects.get(), now=TODAY - 4 * MINUTE)


def save(event: Event, **changes) -> None:
    for name, value in changes.items():
        setattr(event, name, value)
    events.save_event(event=event, now=TODAY)


# What keeps them from fitting, and what staff do about it ----------------------------


def a_pause(rush):
    Event.objects.update(status=EventStatus.PAUSED)
    yield
    events.publish_event(event=Event.objects.get(), now=TODAY)


def a_postponement(rush):
    Event.objects.update(status=EventStatus.POSTPONED)
    yield
    events.publish_event(event=Event.objects.get(), now=TODAY)


def a_limit(rush):
    Event.objects.update(per_buyer_limit=1)
    yield
    save(Event.objects.get(), per_buyer_limit=2)


def the_end_of_the_sale(rush):
    Event.objects.update(sales_close_at=TODAY - 10 * MINUTE)
    yield
    save(Event.objects.get(), sales_close_at=TODAY + 240 * MINUTE)


def a_start_that_is_past(rush):
    Event.objects.update(starts_at=TODAY - 10 * MINUTE, sales_close_at=None)
    yield
    save(Event.objects.get(), starts_at=TODAY + 300 * MINUTE)


def a_price(rush):
    TicketType.objects.update(unit_amount=2500)
    yield
    cheaper = TicketType.objects.get()
    cheaper.unit_amount = 2000
    inventory.save_ticket_type(ticket_type=cheaper, capacity=2, now=TODAY)


def a_tax(rush):
    Venue.objects.update(tax_mode="added", tax_basis_points=1000)
    yield
    venue = Venue.objects.get()
    venue.tax_basis_points = 0
    events.save_venue(venue=venue, now=TODAY)


def a_zone(rush):
    """The venue is found to be five hours further west; posters stay true."""
    closed = {"sales_open_at": None, "sales_close_at": TODAY - 10 * MINUTE}
    Event.objects.update(starts_at=TODAY + MINUTE, **closed)
    yield
    new_york = make.point(40.73, -73.99)
    events.move_venue(
        venue=Venue.objects.get(),
        location=new_york,
        location_precision="exact",
        now=TODAY,
    )


def a_cap(rush):
    cap = StockCap.objects.create(event=rush.event, name="House", capacity=1)
    cap.types.set([rush])
    yield
    cap.capacity = 2
    inventory.save_cap(cap=cap, types=[rush], now=TODAY)


def a_cap_that_it_leaves(rush):
    other = make.ticket_type(event=rush.event)
    cap = StockCap.objects.create(event=rush.event, name="House", capacity=1)
    cap.types.set([rush, other])
    yield
    inventory.save_cap(cap=cap, types=[other], now=TODAY)


WAYS = [
    a_pause,
    a_postponement,
    a_limit,
    the_end_of_the_sale,
    a_start_that_is_past,
    a_price,
    a_tax,
    a_zone,
    a_cap,
    a_cap_that_it_leaves,
]


def nobody_serves(monkeypatch) -> None:
    """As it was once: the line is left to the sweep."""
    monkeypatch.setattr(following, "_followers", {})
    monkeypatch.setattr(inventory, "serve_lines", lambda **_: None)
    for module, name in [(caps, "letting_more_fit"), (capacity, "freeing")]:
        monkeypatch.setattr(module, name, lambda *_, **__: nullcontext())


def the_line_is_not_looked_at(monkeypatch) -> None:
    asked = Pick.parameters
    monkeypatch.setattr(
        Pick,
        "parameters",
        lambda pick, *at: asked(pick, *at) | {"may_pass_the_line": True},
    )


@pytest.fixture(params=WAYS, ids=lambda way: way.__name__)
def taken_away(request, rush, entry):
    """What kept tickets from the line; calling it takes that away."""
    story = request.param(rush)
    next(story)
    let_go()
    assert fresh(entry).status == "waiting"
    assert found() == set()
    return lambda: next(story, None)


def found() -> set:
    return {finding.row["entry"] for finding in audit.findings(now=TODAY)}


def ask(api, ticket_type):
    body = {"ticket_type": str(ticket_type.pk), "quantity": 1}
    return api.post("/api/v1/holds", body)


def test_the_line_is_served_with_the_change(taken_away, entry):
    taken_away()

    assert fresh(entry).status == "offered"
    assert list(audit.findings(now=TODAY)) == []


def test_without_the_look_of_the_change_a_ticket_lies_open(
    taken_away, entry, monkeypatch
):
    nobody_serves(monkeypatch)

    taken_away()

    assert fresh(entry).status == "waiting"
    assert found() == {entry.pk}


def test_until_the_sweep_the_public_does_not_pass(
    taken_away, api, rush, entry, monkeypatch
):
    nobody_serves(monkeypatch)
    taken_away()

    refused = ask(api, rush)

    assert (refused.status_code, refused.json()["code"]) == (409, "all_held")
    assert fresh(entry).status == "offered"
    assert list(audit.findings(now=timezone.now())) == []


def test_a_public_pick_that_does_not_look_at_the_line_passes_it(
    taken_away, api, rush, entry, monkeypatch
):
    nobody_serves(monkeypatch)
    the_line_is_not_looked_at(monkeypatch)
    taken_away()

    assert ask(api, rush).status_code == 201
    assert fresh(entry).status == "waiting"


# A fall by the plan, which no worker makes -------------------------------------------


@pytest.fixture
def fallen(rush, entry):
    TicketType.objects.update(unit_amount=2500)
    let_go()
    PriceStep.objects.create(ticket_type=rush, starts_at=TODAY, unit_amount=2000)


def test_the_public_does_not_pass_whom_a_planned_fall_has_reached(
    fallen, api, rush, entry
):
    refused = ask(api, rush)

    assert refused.json()["code"] == "all_held"
    assert fresh(entry).status == "offered"
    assert list(audit.findings(now=TODAY + MINUTE)) == []


def test_without_a_look_at_the_line_the_public_passes_at_a_fall(
    fallen, api, rush, entry, monkeypatch
):
    the_line_is_not_looked_at(monkeypatch)

    assert ask(api, rush).status_code == 201
    assert fresh(entry).status == "waiting"


def test_a_fall_that_no_sweep_has_followed_is_found_in_time(fallen, entry):
    just_now, later = TODAY + timedelta(seconds=29), TODAY + timedelta(seconds=31)

    assert list(audit.findings(now=just_now)) == []
    assert [finding.row["entry"] for finding in audit.findings(now=later)] == [entry.pk]


def plan_a_fall_that_has_begun(client, rush):
    venue = rush.event.venue
    client.force_login(make.staff(venue=venue, role=Role.MANAGER))
    page = reverse("admin:inventory_tickettype_change", args=[rush.pk])
    ago = (TODAY - 2 * MINUTE).astimezone(venue.zone)
    step = {"starts_at_0": f"{ago:%Y-%m-%d}", "starts_at_1": f"{ago:%H:%M}"}
    fields = {f"price_steps-0-{name}": value for name, value in step.items()}
    fields |= {"price_steps-0-price": "20.00", "price_steps-TOTAL_FORMS": 1}
    return client.post(page, plan_of(rush, **fields))


def test_a_fall_that_staff_plan_for_a_moment_ago_reaches_the_line(client, rush, entry):
    TicketType.objects.update(unit_amount=2500)
    let_go()

    assert plan_a_fall_that_has_begun(client, rush).status_code == 302

    assert fresh(entry).status == "offered"
    assert list(audit.findings(now=TODAY)) == []


def test_left_to_the_sweep_a_fall_that_has_begun_leaves_tickets_lying(
    client, rush, entry, monkeypatch
):
    TicketType.objects.update(unit_amount=2500)
    let_go()
    nobody_serves(monkeypatch)

    assert plan_a_fall_that_has_begun(client, rush).status_code == 302

    assert found() == {entry.pk}
