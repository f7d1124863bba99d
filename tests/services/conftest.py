import pytest

from tests import factories as make
from tests.lining_up import held


@pytest.fixture
def sold_out(db):
    """A type whose four tickets are in two other buyers' holds."""
    rush = make.ticket_type(stock=4)
    held(rush, 2)
    held(rush, 2)
    return rush
