from datetime import timedelta

import pytest

from events.models import TaxMode
from inventory.models import PriceStep, TicketType
from inventory.pricing import Terms, quote, share
from tests import factories as make
from tests.factories import NOON


def terms(**fields) -> Terms:
    defaults = {
        "unit_amount": 2500,
        "fee_amount": 250,
        "currency": "GBP",
        "tax_mode": TaxMode.INCLUDED,
        "tax_basis_points": 2000,
    }
    return Terms(**defaults | fields)


def test_tax_that_is_included_is_inside_the_total():
    price = terms().at(NOON)

    assert (price.total_amount, price.tax_amount) == (2750, 458)
    assert price.tax_included


def test_tax_that_is_added_is_on_top_of_price_and_fee():
    price = terms(tax_mode=TaxMode.ADDED, tax_basis_points=875).at(NOON)

    assert (price.tax_amount, price.total_amount) == (241, 2991)
    assert not price.tax_included


@pytest.mark.parametrize(
    ("amount", "points", "tax"), [(10, 500, 1), (9, 500, 0), (30, 500, 2), (0, 500, 0)]
)
def test_a_half_is_rounded_up(amount, points, tax):
    assert share(amount, points, 10_000) == tax


def test_yen_have_no_smaller_unit_and_are_rounded_as_they_are():
    price = terms(
        unit_amount=3333,
        fee_amount=0,
        currency="JPY",
        tax_mode=TaxMode.ADDED,
        tax_basis_points=1000,
    ).at(NOON)

    assert (price.tax_amount, price.total_amount) == (333, 3666)


def test_a_total_in_dinars_can_be_charged_to_a_card():
    price = terms(
        unit_amount=12_340,
        fee_amount=0,
        currency="KWD",
        tax_mode=TaxMode.ADDED,
        tax_basis_points=500,
    ).at(NOON)

    assert (price.tax_amount, price.total_amount) == (620, 12_960)


def test_a_price_falls_at_its_time_and_says_so_before():
    at_seven = NOON + timedelta(hours=7)
    falling = terms(fee_amount=0, steps=((at_seven, 1800),))

    before = falling.at(at_seven - timedelta(microseconds=1))
    fall = falling.next_fall(NOON)

    assert before.total_amount == 2500
    assert falling.at(at_seven).total_amount == 1800
    assert (fall.at, fall.quote.total_amount) == (at_seven, 1800)
    assert falling.next_fall(at_seven) is None


def test_a_price_stops_at_its_floor():
    steps = tuple((NOON + timedelta(hours=n), 2500 - 500 * n) for n in range(1, 5))
    falling = terms(fee_amount=0, floor_amount=1700, steps=steps)

    assert falling.at(NOON + timedelta(hours=1)).unit_amount == 2000
    assert falling.at(NOON + timedelta(hours=9)).unit_amount == 1700
    assert falling.next_fall(NOON + timedelta(hours=1)).quote.unit_amount == 1700
    assert falling.next_fall(NOON + timedelta(hours=2)) is None


def test_a_price_never_rises():
    steps = ((NOON, 2000), (NOON + timedelta(hours=1), 2400))
    stepped = terms(steps=steps)

    assert stepped.at(NOON + timedelta(hours=2)).unit_amount == 2000
    assert stepped.next_fall(NOON) is None


@pytest.mark.django_db
def test_a_ticket_type_is_quoted_by_its_schedule_and_its_venue():
    venue = make.venue(tax_mode=TaxMode.ADDED, tax_basis_points=1000)
    rush = make.ticket_type(
        event=make.event(venue=venue), fee_amount=100, fee_name="Booking fee"
    )
    PriceStep.objects.create(ticket_type=rush, starts_at=NOON, unit_amount=1900)

    price = quote(TicketType.objects.with_terms().get(pk=rush.pk), NOON)

    assert (price.unit_amount, price.fee_amount) == (1900, 100)
    assert (price.tax_amount, price.total_amount) == (200, 2200)
