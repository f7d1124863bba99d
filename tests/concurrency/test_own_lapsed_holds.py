"""Buyers whose own hold has lapsed, and who ask for tickets again before the sweep.

They end that hold themselves, which serves its line, and may then wait for the type
they want. The guard is that types and lines are locked before the hold is ended.
"""

from datetime import timedelta
from functools import partial

import pytest
from django.db import OperationalError

from inventory.models import Hold
from inventory.services import holds, releasing
from tests import factories as make
from tests.concurrency.racing import Rival, assert_all_is_well
from tests.factories import NOON
from tests.lining_up import held, join

pytestmark = pytest.mark.django_db(transaction=True)
LAPSED = NOON + timedelta(minutes=9)


def rush_with_a_line(event):
    """One of four tickets will have lapsed, one not; a group of four waits."""
    rush = make.ticket_type(event=event, stock=4)
    lapsing = held(rush)
    held(rush, now=NOON + timedelta(minutes=5))
    join(rush, 4)
    return rush, lapsing.user


def ask_while_a_rival_asks(monkeypatch, wanted, user, rival) -> list:
    """The rival comes when the buyer has just ended their own hold."""
    expire, came = holds.expire_hold, []

    def and_let_the_rival_come(*args, **kwargs) -> None:
        expire(*args, **kwargs)
        if not came:
            came.append(Rival(rival))
            came[0].start_and_run_as_far_as_it_can()

    monkeypatch.setattr(holds, "expire_hold", and_let_the_rival_come)
    try:
        mine = held(wanted, 1, user=user, now=LAPSED)
    except OperationalError as deadlock:
        mine = deadlock
    return [mine, came[0].outcome()]


def two_ask_for_one_type(monkeypatch) -> None:
    rush, user = rush_with_a_line(make.event(per_buyer_limit=9))
    rival = partial(held, rush, 1, now=LAPSED)

    outcomes = ask_while_a_rival_asks(monkeypatch, rush, user, rival)

    assert all(isinstance(each, Hold) for each in outcomes), outcomes
    assert_all_is_well()


def two_ask_for_what_the_other_had(monkeypatch) -> None:
    event = make.event(per_buyer_limit=9)
    stalls, user = rush_with_a_line(event)
    circle, other = rush_with_a_line(event)
    rival = partial(held, stalls, 1, user=other, now=LAPSED)

    outcomes = ask_while_a_rival_asks(monkeypatch, circle, user, rival)

    assert all(isinstance(each, Hold) for each in outcomes), outcomes
    assert_all_is_well()


STORIES = [two_ask_for_one_type, two_ask_for_what_the_other_had]


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_who_ends_their_own_hold_does_not_wait_in_a_circle(story, monkeypatch):
    story(monkeypatch)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_a_hold_that_is_ended_before_types_and_lines_are_locked_deadlocks(
    story, monkeypatch
):
    monkeypatch.setattr(releasing, "lock_types_and_lines", lambda ids: None)

    with pytest.raises(AssertionError):
        story(monkeypatch)
