import inspect
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.sessions.models import Session
from django.db.models import F
from django.db.transaction import TransactionManagementError, atomic

from events.models import Event, Venue
from inventory.models import Hold, Ticket, TicketType
from tests import factories as make
from tests.factories import NOON
from ticketapp.compiled import Compiled

pytestmark = pytest.mark.django_db


def state(row):
    return {name: value for name, value in vars(row).items() if name != "_state"}


def test_a_row_is_found_as_the_queryset_finds_it():
    made = make.ticket_type()

    found = Compiled(lambda key: TicketType.objects.filter(pk=key)).get(key=made.pk)

    assert found == made
    assert state(found) == state(TicketType.objects.get(pk=made.pk))


def test_related_rows_come_along(django_assert_num_queries):
    made = make.ticket_type()
    with_event = Compiled(
        lambda key: TicketType.objects.select_related("event__venue").filter(pk=key)
    )

    with django_assert_num_queries(1):
        found = with_event.get(key=made.pk)
        assert found.event == made.event
        assert found.event.venue.location == made.event.venue.location


def test_no_two_threads_read_places_with_the_same_reader():
    place = Compiled(lambda key: Venue.objects.filter(pk=key))
    place.get(key=make.venue().pk)

    def reader():
        [([convert, *_], _)] = place._converters(place._text).values()
        return inspect.getclosurevars(convert).nonlocals["read"].__self__

    with ThreadPoolExecutor(1) as pool:
        theirs = pool.submit(reader).result()

    assert reader() is reader()
    assert theirs is not reader()


def test_a_relative_that_is_not_there_is_none():
    make.ticket_type(stock=1)
    ticket = Ticket.objects.get()
    with_hold = Compiled(
        lambda key: Ticket.objects.select_related("hold").filter(pk=key)
    )

    assert with_hold.get(key=ticket.pk).hold is None


def test_what_is_asked_for_changes_and_the_text_does_not():
    one, other = make.ticket_type(), make.ticket_type()
    built = []

    def build(key):
        built.append(key)
        return TicketType.objects.filter(pk=key)

    find = Compiled(build)

    assert [find.get(key=row.pk) for row in (one, other, one)] == [one, other, one]
    assert len(built) == 1


def test_several_rows_come_in_the_order_of_the_queryset():
    made = make.ticket_type(stock=5)
    tickets = Compiled(
        lambda kind: Ticket.objects.filter(ticket_type=kind).order_by("-slot")
    )

    found = tickets.all(kind=made.pk)

    assert found == sorted(Ticket.objects.all(), key=lambda row: -row.slot)


def test_what_else_the_queryset_says_is_kept():
    made = make.event(name="100 % live")
    make.event(name="100 % live", venue=made.venue, status="draft")
    published = Compiled(
        lambda venue: Event.objects.filter(
            venue=venue, status="published", name__startswith="100 %"
        )
    )

    assert published.all(venue=made.venue_id) == [made]


def test_a_literal_percent_sign_in_the_sql_stays_one():
    made = make.event(name="Half")
    named = Compiled(
        lambda key: Event.objects.filter(pk=key).extra(where=["name NOT LIKE '%%x%%'"])
    )

    assert named.get(key=made.pk) == made


def test_nobody_is_none_or_the_models_own_exception():
    find = Compiled(lambda key: Hold.objects.filter(pk=key))
    nobody = make.buyer().pk

    assert find.first(key=nobody) is None
    with pytest.raises(Hold.DoesNotExist):
        find.get(key=nobody)


@pytest.mark.django_db(transaction=True)
def test_a_lock_without_a_transaction_is_refused():
    made = make.ticket_type()
    locked = Compiled(
        lambda key: TicketType.objects.select_for_update(no_key=True).filter(pk=key)
    )

    with pytest.raises(TransactionManagementError):
        locked.get(key=made.pk)
    with atomic():
        assert locked.get(key=made.pk) == made
    with pytest.raises(TransactionManagementError):
        locked.get(key=made.pk)


def test_prefetches_are_refused():
    find = Compiled(
        lambda key: TicketType.objects.filter(pk=key).prefetch_related("price_steps")
    )

    with pytest.raises(TypeError, match="prefetched"):
        find.first(key=make.buyer().pk)


def test_annotations_are_refused():
    find = Compiled(
        lambda key: TicketType.objects.filter(pk=key).annotate(twice=F("capacity") * 2)
    )

    with pytest.raises(TypeError, match="annotations"):
        find.first(key=make.buyer().pk)


def test_a_key_may_be_text():
    token = Session(session_key="a" * 32, session_data="", expire_date=NOON)
    token.save()
    find = Compiled(lambda key: Session.objects.filter(pk=key))

    assert find.get(key="a" * 32) == token
