import pytest

from tests import factories as make
from tests.ordering import BOOKING_FEE, hold_for


@pytest.fixture
def tonight(db):
    return make.tonight()


@pytest.fixture
def hold(buyer, tonight):
    """Two of six tickets for tonight, for 53.00 in all."""
    return hold_for(buyer, tonight, **BOOKING_FEE)
