"""Staff who lower how many tickets a buyer may have, while somebody takes some.

The guards: the lock that all who take tickets share (`picking.SHARE_CAPS`, alone for
who lowers the limit), and that a pick reads the limit under it, not before.
"""

from functools import partial

import pytest
from django.db import transaction

from events.models import Event
from inventory import services as inventory
from inventory.models import Hold
from inventory.services import picking
from tests import factories as make
from tests.concurrency.racing import Rival, assert_all_is_well
from tests.factories import NOON
from tests.lining_up import priced

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def rush():
    return make.ticket_type(event=make.event(per_buyer_limit=6), stock=10)


def hold(ticket_type):
    return inventory.hold_tickets(
        user=make.buyer(), ticket_type=ticket_type, quantity=4, now=NOON
    )


def lower(event):
    fresh = Event.objects.get(pk=event.pk)
    fresh.per_buyer_limit = 2
    return inventory.save_event(event=fresh, now=NOON)


def lowered_while_somebody_takes_tickets(rush) -> None:
    staff = Rival(partial(lower, rush.event))

    with transaction.atomic():
        hold(priced(rush))
        staff.start_and_run_as_far_as_it_can()

    assert isinstance(staff.outcome(), inventory.LimitBelowTaken), staff.outcome()
    assert_all_is_well()


def taken_while_the_limit_is_lowered(rush) -> None:
    buyer = Rival(partial(hold, priced(rush)))

    with transaction.atomic():
        lower(rush.event)
        buyer.start_and_run_as_far_as_it_can()

    assert isinstance(buyer.outcome(), inventory.OverLimit), buyer.outcome()
    assert buyer.outcome().details["limit"] == 2
    assert not Hold.objects.exists()
    assert_all_is_well()


STORIES = [lowered_while_somebody_takes_tickets, taken_while_the_limit_is_lowered]


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_a_lower_limit_and_a_pick_see_each_other(story, rush):
    story(rush)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_without_the_shared_lock_somebody_is_above_the_limit(story, rush, monkeypatch):
    for name in ("SHARE_CAPS", "CHANGE_CAPS"):
        monkeypatch.setattr(picking, name, "SELECT %(caps)s")

    with pytest.raises(AssertionError):
        story(rush)
