import pytest

from tests import factories as make
from tests import notices
from tests.delivering import PlannedMail, PlannedPush
from tests.lining_up import held


@pytest.fixture
def sold_out(db):
    """A type whose four tickets are in two other buyers' holds."""
    rush = make.ticket_type(stock=4)
    held(rush, 2)
    held(rush, 2)
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
