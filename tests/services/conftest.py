import pytest

from tests import factories as make
from tests import lining_up, notices, paying
from tests.delivering import PlannedMail, PlannedPush


@pytest.fixture
def hold(db):
    """Two of four tickets, in the hands of a new buyer."""
    return paying.held()


@pytest.fixture
def sold_out(db):
    """A type whose four tickets are in two other buyers' holds."""
    rush = make.ticket_type(stock=4)
    for _ in range(2):
        lining_up.held(rush, 2)
    return rush


@pytest.fixture
def planned_channels(settings):
    """Mail and pushes go where a test can plan what becomes of them."""
    settings.PUSH_BACKEND = "tests.delivering.PlannedPush"
    settings.EMAIL_BACKEND = "tests.delivering.PlannedMail"
    PlannedPush.plan = {}
    PlannedPush.sent = []
    PlannedMail.failures = []
    notices.untrue.clear()
