import pytest
from django.utils import timezone

from tests import factories as make
from tests.factories import HOUR
from tests.lining_up import held
from tests.ordering import BOOKING_FEE, hold_for
from tests.standing_orders import kept_card


@pytest.fixture
def tonight(db):
    return make.tonight()


@pytest.fixture
def hold(buyer, tonight):
    """Two of six tickets for tonight, for 53.00 in all."""
    return hold_for(buyer, tonight, **BOOKING_FEE)


@pytest.fixture
def rush(db):
    """Two tickets for tonight, in somebody else's hands."""
    now = timezone.now()
    event = make.tonight(sales_close_at=now + 4 * HOUR)
    kind = make.ticket_type(event=event, stock=2, unit_amount=2000)
    held(kind, 2, now=now)
    return kind


@pytest.fixture
def card(buyer):
    return kept_card(buyer)
