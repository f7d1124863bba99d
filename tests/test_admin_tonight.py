"""The admin's first page: tonight at one's own venues, and what needs a person."""

from datetime import timedelta

import pytest
from django.test import RequestFactory
from django.urls import reverse
from django.utils import timezone

from events.models import Event, EventStatus, Role
from inventory import codes
from inventory import services as inventory
from inventory.tonight import Stock
from payments.admin.tonight import board_for
from payments.models import Incident, IncidentKind, Payment
from tests import factories as make
from tests.factories import NOON
from tests.paying import held, paid

pytestmark = pytest.mark.django_db
INDEX = reverse("admin:index")


def board_of(user, *, now=NOON):
    request = RequestFactory().get(INDEX)
    request.user = user
    return board_for(request, now=now)


def names(board) -> list[str]:
    return [row.event.name for row in board.rows]


def report(placed, **fields) -> Incident:
    kind = fields.pop("kind", IncidentKind.values[0])
    return Incident.objects.create(
        kind=kind, order=placed, detail="Look.", dedupe_key=str(placed), **fields
    )


@pytest.fixture
def placed():
    """Two of four tickets bought for tonight; the other two are free."""
    return paid()


@pytest.fixture
def manager(placed):
    return make.staff(venue=placed.event.venue, role=Role.MANAGER)


def test_each_event_of_tonight_has_its_stock_and_its_money(placed, manager):
    type_ = placed.hold.ticket_type
    inventory.hold_tickets(
        user=make.buyer(),
        ticket_type=type(type_).objects.with_terms().get(pk=type_.pk),
        quantity=1,
        now=NOON,
    )

    [row] = board_of(manager).rows

    assert row.stock == Stock(sold=2, held=1, free=1, admitted=0)
    assert row.money == "£50.00"
    assert [(part.kind, part.start, part.width) for part in row.tickets] == [
        ("sold", 0, 50),
        ("held", 50, 25),
    ]


def test_who_is_in_is_counted_among_those_sold(placed, manager):
    ticket = placed.lines.first().ticket
    inventory.check_in(
        code=codes.write(ticket_id=ticket.pk, event_id=placed.event_id),
        staff=manager,
        gate="North",
        now=NOON,
    )

    [row] = board_of(manager).rows

    assert (row.stock.sold, row.stock.admitted) == (2, 1)
    assert [part.width for part in row.entries] == [50]


def test_staff_see_their_own_venues_only(placed, manager):
    other = paid()
    report(other)

    board = board_of(manager)

    assert names(board) == [placed.event.name]
    assert board.rows[0].event == placed.event
    assert board.money == "£50.00"
    assert (board.problems, board.incidents) == ([], [])
    assert len(board_of(make.buyer(is_staff=True, is_superuser=True)).rows) == 2


def test_who_works_nowhere_sees_nothing(placed):
    board = board_of(make.buyer(is_staff=True))

    assert (board.rows, board.money, board.problems) == ([], None, [])


def test_the_door_sees_stock_and_no_money(placed):
    report(placed)

    board = board_of(make.staff(venue=placed.event.venue, role=Role.DOOR))

    assert board.rows[0].stock.sold == 2
    assert board.rows[0].money is None
    assert (board.money, board.problems, board.incidents) == (None, [], [])


def test_money_is_shown_where_one_sells_and_not_where_one_opens_the_door(placed):
    other = paid()
    both = make.staff(venue=placed.event.venue, role=Role.BOX_OFFICE)
    both.memberships.create(venue=other.event.venue, role=Role.DOOR)
    report(other)

    board = board_of(both)

    money = {row.event: row.money for row in board.rows}
    assert money == {placed.event: "£50.00", other.event: None}
    assert board.money == "£50.00"
    assert board.problems == []


@pytest.mark.parametrize(
    ("hours", "is_tonight"),
    [(-9, False), (-2, True), (8, True), (16, True), (17.5, False), (32, False)],
)
def test_tonight_is_the_night_that_it_is_at_the_venue(hours, is_tonight):
    """At noon in London (13:00 by its clock) the night ends at 06:00 there."""
    venue = make.venue()
    starts_at = NOON + timedelta(hours=hours)
    times = {"starts_at": starts_at, "sales_close_at": starts_at, "sales_open_at": None}
    make.ticket_type(event=make.event(venue=venue, **times))

    board = board_of(make.staff(venue=venue), now=NOON)

    assert bool(board.rows) is is_tonight


def test_events_are_in_the_order_of_their_doors():
    venue = make.venue()
    late, early = (
        make.event(venue=venue, name=name, doors_at=NOON + timedelta(hours=hours))
        for name, hours in [("Late doors", 7), ("Early doors", 5)]
    )
    for event in (late, early):
        make.ticket_type(event=event)
    Event.objects.filter(pk=early.pk).update(status=EventStatus.CANCELLED)

    board = board_of(make.staff(venue=venue))

    assert names(board) == ["Early doors", "Late doors"]
    assert board.rows[0].state == ("Cancelled", "danger")
    assert board.rows[1].when == "21:00, doors 20:00"


def test_drafts_and_listings_without_tickets_are_left_out():
    venue = make.venue()
    make.event(venue=venue)
    make.ticket_type(event=make.event(venue=venue, status=EventStatus.DRAFT))

    assert board_of(make.staff(venue=venue)).rows == []


def test_what_waits_for_a_person_is_counted_and_linked(placed, manager):
    report(placed)
    Payment.objects.update(flag="The provider does not answer.")

    board = board_of(manager)

    assert [(pile.count, pile.words) for pile in board.problems] == [
        (1, "incident to look at"),
        (1, "flagged payment"),
    ]
    assert board.incidents == [Incident.objects.get()]


def test_what_was_dealt_with_waits_no_more(placed, manager):
    report(placed, resolved_at=NOON)

    assert board_of(manager).problems == []


def test_the_first_page_says_it_in_bars_and_in_words(client):
    now = timezone.now()
    starts_at = now + timedelta(minutes=5)
    event = make.event(
        name="Tonight <Live>",
        starts_at=starts_at,
        sales_open_at=now - timedelta(days=1),
        sales_close_at=starts_at,
    )
    held(event=event, now=now)
    client.force_login(make.staff(venue=event.venue))

    page = client.get(INDEX).content.decode()

    assert "0 sold · 2 held · 2 free of 4" in page
    assert '<rect class="is-held" x="0.0" width="50.0"' in page
    assert "Tonight &lt;Live&gt;" in page
    assert "Nothing waits for a person." in page
    assert reverse("admin:events_event_urgency", args=[event.pk]) in page


def test_the_first_page_takes_few_queries_however_much_is_on(
    client, django_assert_max_num_queries
):
    now = timezone.now()
    venue = make.venue()
    for _ in range(5):
        starts_at = now + timedelta(minutes=5)
        event = make.event(venue=venue, starts_at=starts_at, sales_close_at=starts_at)
        make.ticket_type(event=event)
    client.force_login(make.staff(venue=venue))

    with django_assert_max_num_queries(12):
        client.get(INDEX)


def test_the_links_of_what_waits_lead_to_it(client, placed, manager):
    report(placed)
    Payment.objects.update(flag="The provider does not answer.")
    client.force_login(manager)

    for pile in board_of(manager).problems:
        page = client.get(pile.page)

        assert page.status_code == 200
        assert page.context["cl"].result_count == pile.count
