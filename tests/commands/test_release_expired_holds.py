from io import StringIO

import pytest
from django.core.management import call_command

from inventory import services as inventory
from inventory import tasks
from inventory.models import Hold, HoldStatus
from tests import factories as make
from tests.factories import NOON

pytestmark = pytest.mark.django_db


def three_holds():
    rush = make.ticket_type(stock=6)
    for _ in range(3):
        inventory.hold_tickets(
            user=make.buyer(), ticket_type=rush, quantity=2, now=NOON
        )
    return rush


def test_lapsed_holds_are_released_in_batches():
    rush, out = three_holds(), StringIO()

    call_command("release_expired_holds", "--batch-size", "2", stdout=out)

    assert out.getvalue() == "Released 3 expired holds.\n"
    assert set(rush.tickets.values_list("status", flat=True)) == {"available"}


def test_time_can_be_moved():
    three_holds()
    out = StringIO()

    call_command("release_expired_holds", "--at", NOON.isoformat(), stdout=out)

    assert out.getvalue() == "Released 0 expired holds.\n"
    assert Hold.objects.filter(status=HoldStatus.ACTIVE).count() == 3


def test_the_job_releases_what_the_command_would():
    three_holds()

    tasks.release_expired_holds()

    assert set(Hold.objects.values_list("status", flat=True)) == {HoldStatus.EXPIRED}
