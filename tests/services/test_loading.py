from datetime import timedelta
from uuid import uuid4

import pytest

from events.models import TaxMode, Venue
from inventory.documents import event_brief
from inventory.loading import find_terms, find_type
from inventory.models import PriceStep, TicketType
from inventory.pricing import quote, terms_of
from tests import factories as make
from tests.factories import NOON

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(hours=1)


@pytest.fixture
def rush():
    venue = make.venue(address="1 High Street", tax_basis_points=2000)
    kind = make.ticket_type(
        event=make.event(venue=venue), fee_amount=150, fee_name="Booking fee"
    )
    PriceStep.objects.create(ticket_type=kind, starts_at=NOON, unit_amount=2000)
    return kind


def test_a_type_is_found_as_the_orm_finds_it(rush):
    found = find_type(rush.pk)

    ordinary = TicketType.objects.with_terms().get(pk=rush.pk)
    assert found == ordinary
    assert terms_of(found) == terms_of(ordinary)
    assert quote(found, NOON).unit_amount == 2000
    assert event_brief(found.event) == event_brief(ordinary.event)
    for name in ("name", "fee_name", "capacity", "event_id"):
        assert getattr(found, name) == getattr(ordinary, name)


def test_all_that_a_hold_needs_is_one_query(rush, django_assert_num_queries):
    with django_assert_num_queries(1):
        found = find_type(rush.pk)
        terms_of(found)
        event_brief(found.event)
        assert found.event.sales_are_open(NOON)


def test_what_was_left_out_is_there_when_asked_for(rush):
    found = find_type(rush.pk)

    assert found.event.location == rush.event.location
    assert found.created_at


@pytest.mark.parametrize("tax_mode", TaxMode)
def test_a_price_follows_from_the_same_terms(rush, tax_mode):
    Venue.objects.update(tax_mode=tax_mode)
    PriceStep.objects.create(ticket_type=rush, starts_at=LATER, unit_amount=500)
    TicketType.objects.update(floor_amount=400)

    assert find_terms(rush.pk) == terms_of(find_type(rush.pk))
    assert find_terms(rush.pk).steps == ((NOON, 2000), (LATER, 500))


def test_an_unknown_type_is_none():
    assert find_type(uuid4()) is None
    assert find_terms(uuid4()) is None
