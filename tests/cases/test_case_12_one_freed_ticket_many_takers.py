"""Case 12. A freed ticket is wanted by the waitlist, the public and an ending offer.

Whoever frees tickets serves the line in the same transaction, so a freed ticket
goes from hand to hand without ever lying open: to exactly one person, the first in
line that it fits. While it is offered it counts as taken. Two people who let a
single ticket go at the same moment can between them serve a waiting pair.

The guard is the row lock on the type's waitlist (`lines.lock_waitlists`), taken
before the hold and the tickets; and, for tickets that a line begins to fit without
anything being freed, the look at the line in the pick itself
(`may_pass_the_line` in `picking.PICK`). Each race below is run again without its
guard and must then go wrong.
"""

from datetime import timedelta
from functools import partial

import pytest
from django.db import transaction

from events.models import Event, EventStatus
from inventory import services as inventory
from inventory.models import Hold, PriceStep, Ticket, WaitlistEntry
from inventory.services import picking
from tests import factories as make
from tests.concurrency.racing import ROUNDS, Rival, breaks_within, race
from tests.factories import NOON
from tests.lining_up import fresh, held, join, statuses, take_out_the_waitlists_lock
from ticketapp import audit

pytestmark = pytest.mark.django_db(transaction=True)
REFUSED = (inventory.SoldOut, inventory.AllHeld, inventory.TooFewLeft)
EARLIER = NOON - timedelta(minutes=5)
A_MINUTE_ON = NOON + timedelta(minutes=1)


def take_out_the_look_at_the_line(monkeypatch) -> None:
    for name in ("EAGER", "PATIENT"):
        statement = getattr(picking, name)
        assert statement.count("NOT EXISTS") == 1
        blind = statement.replace("NOT EXISTS", "true OR EXISTS")
        monkeypatch.setattr(picking, name, blind)


def assert_each_ticket_has_one_owner(now=A_MINUTE_ON) -> None:
    assert [str(finding) for finding in audit.findings(now=now)] == []
    for hold in Hold.objects.live():
        assert hold.tickets.count() == hold.quantity


# Everybody at once ------------------------------------------------------------------


def a_release_an_ending_offer_and_the_public_at_once() -> None:
    rush = make.ticket_type(stock=2)
    kept, ending = held(rush), held(rush)
    first = join(rush)
    inventory.release_hold(hold=ending, now=EARLIER)
    offer = fresh(first).hold
    second, third, fourth = join(rush), join(rush), join(rush)
    public = [make.buyer() for _ in range(4)]

    outcomes = race(
        [
            partial(inventory.release_hold, hold=kept, now=NOON),
            partial(inventory.release_expired_holds, now=offer.expires_at, limit=9),
            partial(inventory.match_waitlists, now=NOON),
        ]
        + [partial(held, rush, user=buyer) for buyer in public]
    )

    assert not [o for o in outcomes[:3] if isinstance(o, Exception)], outcomes
    assert all(isinstance(outcome, REFUSED) for outcome in outcomes[3:]), outcomes
    gone = ["passed", "offered", "offered", "waiting"]
    assert statuses(first, second, third, fourth) == gone
    assert not Ticket.objects.available(rush).exists()
    assert_each_ticket_has_one_owner()


def test_case_12_freed_tickets_go_to_the_first_in_line_and_to_nobody_else():
    for _ in range(10):
        a_release_an_ending_offer_and_the_public_at_once()


def test_case_12_without_the_waitlists_lock_they_go_astray(monkeypatch):
    take_out_the_waitlists_lock(monkeypatch)

    assert breaks_within(ROUNDS, a_release_an_ending_offer_and_the_public_at_once)


# Two singles make a pair ------------------------------------------------------------


def two_single_tickets_are_let_go_at_once() -> None:
    rush = make.ticket_type(stock=2)
    singles = [held(rush), held(rush)]
    pair = join(rush, 2)

    race(partial(inventory.release_hold, hold=hold, now=NOON) for hold in singles)

    assert statuses(pair) == ["offered"]
    assert_each_ticket_has_one_owner()


def test_case_12_two_single_releases_together_serve_a_pair():
    for _ in range(15):
        two_single_tickets_are_let_go_at_once()


def test_case_12_without_the_waitlists_lock_the_pair_goes_without(monkeypatch):
    take_out_the_waitlists_lock(monkeypatch)

    assert breaks_within(ROUNDS, two_single_tickets_are_let_go_at_once)


# Taken while offered ----------------------------------------------------------------


def test_case_12_an_offer_counts_as_taken():
    rush = make.ticket_type(stock=1)
    hold = held(rush)
    join(rush)

    inventory.release_hold(hold=hold, now=NOON)

    with pytest.raises(inventory.AllHeld):
        held(rush)
    with pytest.raises(inventory.CapacityBelowTaken):
        inventory.set_capacity(ticket_type=rush, capacity=0, now=NOON)
    assert_each_ticket_has_one_owner()


# Nothing is freed, but the line begins to fit ---------------------------------------


def the_price_comes_down_to_somebody_in_line() -> None:
    rush = make.ticket_type(stock=1)
    hold = held(rush)
    PriceStep.objects.create(
        ticket_type=rush, starts_at=A_MINUTE_ON, unit_amount=rush.unit_amount // 2
    )
    modest = join(rush, max_total_amount=rush.unit_amount // 2)
    inventory.release_hold(hold=hold, now=NOON)
    public = [make.buyer() for _ in range(3)]

    outcomes = race(partial(held, rush, user=p, now=A_MINUTE_ON) for p in public)

    assert all(isinstance(outcome, REFUSED) for outcome in outcomes), outcomes
    assert statuses(modest) == ["offered"]
    assert_each_ticket_has_one_owner()


def test_case_12_the_public_does_not_pass_somebody_the_price_has_reached():
    for _ in range(5):
        the_price_comes_down_to_somebody_in_line()


def test_case_12_without_the_look_at_the_line_the_public_passes(monkeypatch):
    take_out_the_look_at_the_line(monkeypatch)

    assert breaks_within(5, the_price_comes_down_to_somebody_in_line)


def a_paused_sale_goes_on() -> None:
    rush = make.ticket_type(stock=4)
    holds = [held(rush, 2), held(rush, 2)]
    pair = join(rush, 2)
    Event.objects.filter(pk=rush.event_id).update(status=EventStatus.PAUSED)
    for hold in holds:
        inventory.release_hold(hold=hold, now=NOON)
    Event.objects.filter(pk=rush.event_id).update(status=EventStatus.PUBLISHED)
    public = [make.buyer() for _ in range(4)]

    outcomes = race(
        [partial(held, rush, user=buyer) for buyer in public]
        + [partial(inventory.match_waitlists, now=NOON)] * 2
    )

    bought = [outcome for outcome in outcomes if isinstance(outcome, Hold)]
    assert len(bought) == 2, outcomes
    assert statuses(pair) == ["offered"]
    assert_each_ticket_has_one_owner()


def test_case_12_the_line_goes_first_when_a_paused_sale_goes_on():
    for _ in range(5):
        a_paused_sale_goes_on()


def test_case_12_without_the_look_at_the_line_the_public_is_first(monkeypatch):
    take_out_the_look_at_the_line(monkeypatch)

    assert breaks_within(ROUNDS, a_paused_sale_goes_on)


# Joining while tickets come free ----------------------------------------------------


def somebody_joins_while_a_ticket_is_let_go() -> None:
    rush = make.ticket_type(stock=1)
    hold, buyer = held(rush), make.buyer()

    released, joined = race(
        [
            partial(inventory.release_hold, hold=hold, now=NOON),
            partial(join, rush, user=buyer),
        ]
    )

    assert not isinstance(released, Exception), released
    if isinstance(joined, WaitlistEntry):
        with pytest.raises(REFUSED):
            held(rush)
        assert statuses(joined) == ["offered"]
    else:
        assert isinstance(joined, inventory.TicketsAvailable), joined
    assert_each_ticket_has_one_owner()


def test_case_12_who_joins_as_a_ticket_is_let_go_gets_it_or_is_told_to_buy():
    for _ in range(15):
        somebody_joins_while_a_ticket_is_let_go()


def somebody_joins_before_a_release_commits() -> None:
    """There was no line to lock and serve yet: the public must find it all the same."""
    rush = make.ticket_type(stock=1)
    hold, joins = held(rush), Rival(partial(join, rush, user=make.buyer()))

    with transaction.atomic():
        inventory.release_hold(hold=hold, now=NOON)
        joins.start_and_run_as_far_as_it_can()
    joined = joins.outcome()
    [public] = race([partial(held, rush)])

    assert isinstance(joined, WaitlistEntry), joined
    assert isinstance(public, REFUSED), public
    assert statuses(joined) == ["offered"]
    assert_each_ticket_has_one_owner()


def test_case_12_who_joins_before_a_release_commits_is_served_before_the_public():
    somebody_joins_before_a_release_commits()


def test_case_12_without_the_look_at_the_line_who_joins_is_passed(monkeypatch):
    take_out_the_look_at_the_line(monkeypatch)

    with pytest.raises(AssertionError):
        somebody_joins_before_a_release_commits()


def somebody_joins_a_line_while_a_ticket_is_let_go() -> None:
    """There is a line, and the joiner must not look at it before the release did."""
    rush = make.ticket_type(stock=2)
    hold, buyer, large = held(rush), make.buyer(), make.buyer()
    held(rush)
    join(rush, 2, user=large)
    joins = Rival(partial(join, rush, user=buyer))

    with transaction.atomic():
        inventory.release_hold(hold=hold, now=NOON)
        joins.start_and_run_as_far_as_it_can()

    assert isinstance(joins.outcome(), inventory.TicketsAvailable), joins.outcome()
    assert_each_ticket_has_one_owner()


def test_case_12_who_joins_a_line_waits_for_the_release():
    somebody_joins_a_line_while_a_ticket_is_let_go()


def test_case_12_without_the_waitlists_lock_they_wait_for_what_is_there(monkeypatch):
    take_out_the_waitlists_lock(monkeypatch)

    with pytest.raises(AssertionError):
        somebody_joins_a_line_while_a_ticket_is_let_go()
