from datetime import timedelta

import pytest

from events.models import Event, EventStatus
from inventory import services as inventory
from inventory.models import (
    Hold,
    HoldStatus,
    PriceStep,
    Ticket,
    WaitlistReason,
    WaitlistStatus,
)
from inventory.services.lines import lock_waitlists
from notifications.models import Notification
from tests import factories as make
from tests.factories import MINUTE, NOON
from tests.lining_up import EVENING, free_one_pair, fresh, held, join, sell, statuses

pytestmark = pytest.mark.django_db


# Offers ----------------------------------------------------------------------------


def test_an_offer_is_a_hold_at_the_price_of_its_moment(sold_out):
    PriceStep.objects.create(ticket_type=sold_out, starts_at=NOON, unit_amount=2000)
    entry = join(sold_out, 2)

    free_one_pair(sold_out)

    offer = fresh(entry)
    assert offer.offered_at == NOON
    assert offer.hold.from_waitlist
    assert (offer.hold.unit_amount, offer.hold.total_amount) == (2000, 4000)


@pytest.mark.parametrize(
    ("hours_to_doors", "minutes"), [(7, 10), (1.01, 10), (1, 2), (0.5, 2)]
)
def test_the_window_shrinks_as_the_doors_near(hours_to_doors, minutes):
    doors_at = NOON + timedelta(hours=hours_to_doors)
    event = make.event(doors_at=doors_at, starts_at=doors_at + timedelta(hours=1))
    rush = make.ticket_type(event=event, stock=2)
    held(rush, 2)
    entry = join(rush, 2, ends_at=doors_at)

    free_one_pair(rush)

    assert fresh(entry).hold.expires_at == NOON + timedelta(minutes=minutes)


def test_an_offer_ends_with_the_sale_but_leaves_time_to_pay(sold_out):
    entry = join(sold_out, 2, ends_at=NOON + 5 * MINUTE)
    second = join(sold_out, 2, ends_at=NOON + 5 * MINUTE)
    Event.objects.update(sales_close_at=NOON + 5 * MINUTE)

    free_one_pair(sold_out)
    free_one_pair(sold_out, now=NOON + 3.5 * MINUTE)

    assert fresh(entry).hold.expires_at == NOON + 5 * MINUTE
    assert fresh(second).hold.expires_at == NOON + 5.5 * MINUTE


def test_nobody_is_offered_anything_in_the_last_minute_of_their_wait(sold_out):
    entry = join(sold_out, 2, ends_at=NOON + 5 * MINUTE)

    free_one_pair(sold_out, now=NOON + 4 * MINUTE)

    assert statuses(entry) == ["waiting"]


def test_an_offer_to_a_mandate_never_outlives_it(sold_out):
    wish = {"max_total_amount": 9000, "charges_card": True}
    entry = join(sold_out, 2, ends_at=NOON + 5 * MINUTE, **wish)

    free_one_pair(sold_out)

    assert fresh(entry).hold.expires_at == NOON + 5 * MINUTE


def test_who_gave_no_mandate_is_told_what_is_theirs_and_until_when(sold_out):
    entry = join(sold_out, 2)

    free_one_pair(sold_out)

    [told] = Notification.objects.all()
    hold = fresh(entry).hold
    assert (told.user, told.link) == (entry.user, f"/checkout/{hold.pk}")
    assert told.expires_at == hold.expires_at
    assert "until 13:10" in told.body  # London, in summer.


def test_who_gave_a_mandate_is_not_told_before_it_is_charged(
    sold_out, django_capture_on_commit_callbacks, monkeypatch
):
    asked = []
    monkeypatch.setattr("inventory.services.offers._jobs", {"payments.tasks.charge"})
    monkeypatch.setattr("inventory.services.offers.look_now", asked.append)
    join(sold_out, 2, max_total_amount=9000, charges_card=True)

    free_one_pair(sold_out)

    assert not Notification.objects.exists()
    assert asked == ["payments.tasks.charge"]


def test_an_offer_that_runs_out_goes_to_the_next_and_does_not_come_back(sold_out):
    first, second = join(sold_out, 2), join(sold_out, 2)
    free_one_pair(sold_out)
    Hold.objects.filter(from_waitlist=False).update(expires_at=EVENING)

    inventory.release_expired_holds(now=fresh(first).hold.expires_at, limit=10)

    assert statuses(first, second) == ["passed", "offered"]
    assert fresh(first).reason == WaitlistReason.OFFER_LAPSED


def test_who_lets_an_offer_go_does_not_return_to_the_head(sold_out):
    first, second = join(sold_out, 2), join(sold_out, 2)
    free_one_pair(sold_out)

    inventory.release_hold(hold=fresh(first).hold, now=NOON)

    assert statuses(first, second) == ["passed", "offered"]
    assert fresh(first).reason == WaitlistReason.OFFER_RELEASED


def test_a_mandate_that_nobody_charged_in_time_keeps_its_place(sold_out):
    wish = {"max_total_amount": 9000, "charges_card": True}
    first, second = join(sold_out, 2, **wish), join(sold_out, 2, **wish)
    free_one_pair(sold_out)
    Hold.objects.filter(from_waitlist=False).update(expires_at=EVENING)
    lapsed = fresh(first).hold

    inventory.release_expired_holds(now=lapsed.expires_at, limit=10)

    assert statuses(first, second) == ["offered", "waiting"]
    assert fresh(first).hold != lapsed


def test_bought_tickets_close_the_entry(sold_out):
    entry = join(sold_out, 2)
    free_one_pair(sold_out)

    sell(fresh(entry).hold)

    assert statuses(entry) == ["purchased"]
    assert fresh(entry).closed_at == NOON


# The sweep -------------------------------------------------------------------------


def test_the_sweep_serves_whom_a_lower_price_has_reached(sold_out):
    PriceStep.objects.create(
        ticket_type=sold_out, starts_at=NOON + MINUTE, unit_amount=1000
    )
    entry = join(sold_out, 2, max_total_amount=2000)
    free_one_pair(sold_out)

    too_early = inventory.match_waitlists(now=NOON)
    served = inventory.match_waitlists(now=NOON + MINUTE)

    assert (too_early, served) == (0, 1)
    assert statuses(entry) == ["offered"]


def test_the_sweep_ends_what_waits_in_vain(sold_out):
    late, kept = join(sold_out, 2, ends_at=NOON + MINUTE), join(sold_out, 2)
    closed = make.ticket_type(stock=1)
    held(closed, 1)
    gone = join(closed, 1)
    Event.objects.filter(pk=closed.event_id).update(status=EventStatus.CANCELLED)

    inventory.match_waitlists(now=NOON + MINUTE)

    assert statuses(late, kept, gone) == ["ended", "waiting", "ended"]
    assert fresh(late).reason == WaitlistReason.PAST_ITS_TIME
    assert fresh(gone).reason == WaitlistReason.EVENT_CLOSED
    assert set(Notification.objects.values_list("user", flat=True)) == {
        late.user_id,
        gone.user_id,
    }


def test_the_sweep_does_nothing_twice(sold_out):
    entry = join(sold_out, 2)
    free_one_pair(sold_out)

    again = inventory.match_waitlists(now=NOON)

    assert again == 0
    assert statuses(entry) == ["offered"]


def test_the_sweep_closes_an_offer_whose_hold_ended_unseen(sold_out):
    entry = join(sold_out, 2)
    free_one_pair(sold_out)
    offer = fresh(entry).hold
    Ticket.objects.filter(hold=offer).update(status="available", hold=None)
    Hold.objects.filter(pk=offer.pk).update(status=HoldStatus.EXPIRED)

    inventory.match_waitlists(now=NOON)

    assert statuses(entry) == [WaitlistStatus.PASSED]


def test_locking_nothing_asks_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert lock_waitlists([]) == []
