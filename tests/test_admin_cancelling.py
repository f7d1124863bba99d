"""Staff cancel an event: what they read before, and how they follow its money."""

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.urls import reverse

from events.models import Membership, Role
from payments import services
from payments.models import Refund, RefundReason, RefundStatus
from tests import factories as make
from tests.factories import NOON
from tests.paying import DISPUTED, REFUND_FAILS, held, order, paid
from tests.refunding import hear_the_bank, refund_some
from tests.services.test_disputes_of_a_part import hear

pytestmark = pytest.mark.django_db
EVENTS = reverse("admin:events_event_changelist")


@pytest.fixture
def placed():
    return paid()


@pytest.fixture
def staff(client, placed):
    client.force_login(make.staff(venue=placed.event.venue, role=Role.MANAGER))
    return client


def cancel(staff, *events, **fields) -> str:
    keys = [event.pk for event in events]
    asked = {"action": "cancel", ACTION_CHECKBOX_NAME: keys} | fields
    return staff.post(EVENTS, asked, follow=True).content.decode()


def test_before_an_event_is_cancelled_staff_read_what_goes_back(staff, placed):
    paid(event=placed.event)
    order(held(event=placed.event, unit_amount=0), payment_method=None)

    page = cancel(staff, placed.event)

    assert "Cancel this event?</h2>" in page
    assert "£100.00 goes back to 3 people, for 3 orders." in page
    assert "Besides" not in page
    placed.event.refresh_from_db()
    assert placed.event.status == "published"


def test_what_went_back_before_does_not_go_back_again(staff, placed):
    refund_some(placed, 1)

    assert "£25.00 goes back to 1 person, for 1 order." in cancel(staff, placed.event)


def test_a_disputed_order_is_not_promised_its_money(staff, placed):
    paid(DISPUTED, event=placed.event)
    hear_the_bank()

    page = cancel(staff, placed.event)

    assert "£50.00 goes back to 1 person, for 1 order." in page
    assert "Besides, 1 disputed order: the bank decides" in page


def test_what_a_bank_took_for_good_is_not_promised(staff, placed):
    lose(placed)

    assert "£30.00 goes back to 1 person, for 1 order." in cancel(staff, placed.event)


def test_an_order_whose_money_is_all_on_its_way_back_is_not_counted(staff, placed):
    services.refund_order(order=placed, by=None, now=NOON)

    assert "Nothing goes back" in cancel(staff, placed.event)


def test_a_refund_that_failed_before_is_not_promised(staff, placed):
    line = placed.lines.all()[:1]
    services.refund_lines(
        order=placed, lines=line, reason=RefundReason.STAFF, by=None, now=NOON
    )
    Refund.objects.update(status=RefundStatus.FAILED)

    assert "£25.00 goes back to 1 person, for 1 order." in cancel(staff, placed.event)


def test_each_currency_is_summed_by_itself(staff, placed):
    paid(event=placed.event, currency="EUR")

    page = cancel(staff, placed.event)

    assert "€50.00 and £50.00 goes back to 2 people, for 2 orders." in page


def test_an_event_that_nobody_bought_gives_nothing_back(staff, placed):
    other = make.event(venue=placed.event.venue)

    page = cancel(staff, placed.event, other)

    assert "Cancel these events?</h2>" in page
    assert "Nothing goes back: there is no paid order." in page


@pytest.fixture
def steward(client, placed):
    """At the door of the venue, and manager of another."""
    user = make.staff(venue=placed.event.venue, role=Role.DOOR)
    elsewhere = make.venue()
    Membership.objects.create(user=user, venue=elsewhere, role=Role.MANAGER)
    client.force_login(user)
    return client, make.event(venue=elsewhere, name="Own Show")


def test_nobody_reads_the_money_of_a_venue_they_do_not_manage(steward, placed):
    client, own = steward

    page = cancel(client, placed.event, own)
    alone = cancel(client, placed.event)

    assert "Cancel this event?</h2>" in page
    assert "Own Show, " in page
    assert "£50.00" not in page + alone
    for each in (page, alone):
        assert f"{placed.event}: your role at this venue does not allow that" in each
    placed.event.refresh_from_db()
    assert placed.event.status == "published"


def test_the_cancelled_event_leads_to_its_refunds(staff, placed):
    page = cancel(staff, placed.event, confirmed="yes")

    progress = reverse("admin:payments_calledoffevent_change", args=[placed.event.pk])
    assert f'href="{progress}"' in page
    assert "see its refunds" in page
    assert staff.get(progress).status_code == 200


def lose(placed, amount=2000):
    for status in ("needs_response", "lost"):
        hear(placed, status, amount)


def test_an_order_of_which_the_bank_has_a_part_waits_for_what_its_rest_waits_for():
    placed = paid(REFUND_FAILS)
    lose(placed)
    placed.event.move_to("cancelled")
    seen = [services.progress_of(placed.event)]

    for do in (owe, pay, hear_the_bank):
        do()
        seen.append(services.progress_of(placed.event))

    where = [(t.to_owe, t.on_the_way, t.refunded, t.failed, t.disputed) for t in seen]
    assert where == [
        (1, 0, 0, 0, 0),
        (0, 1, 0, 0, 0),
        (0, 0, 1, 0, 0),
        (0, 0, 0, 1, 0),
    ]
    assert [told.percent for told in seen] == [0, 0, 100, 0]
    assert [told.amounts_owed for told in seen] == [{"GBP": 3000}] * 4


def owe():
    services.sweep_called_off_events(now=NOON, limit=10)


def pay():
    services.pay_refunds(now=NOON, limit=10)


def test_an_order_of_which_the_bank_has_all_is_disputed(placed):
    lose(placed, 5000)
    placed.event.move_to("cancelled")

    told = services.progress_of(placed.event)

    assert (told.disputed, told.orders, told.amounts_owed) == (1, 1, {})


def test_each_order_is_counted_once_by_what_it_waits_for(placed):
    """One was refunded in two parts, one of them before; one is with its bank."""
    refund_some(placed, 1)
    for number in (REFUND_FAILS, DISPUTED):
        paid(number, event=placed.event)
    hear_the_bank()
    order(held(event=placed.event, unit_amount=0), payment_method=None)
    placed.event.move_to("cancelled")
    services.sweep_called_off_events(now=NOON, limit=10)
    services.pay_refunds(now=NOON, limit=10)
    hear_the_bank()

    told = services.progress_of(placed.event)

    assert (told.refunded, told.without_refund, told.failed, told.disputed) == (
        *(1, 1),
        *(1, 1),
    )
    assert (told.orders, told.done, told.percent) == (4, 2, 50)
    # What failed is owed still.
    assert told.amounts_refunded == {"GBP": 5000}
    assert told.amounts_owed == {"GBP": 10_000}


@pytest.mark.parametrize("named", [True, False])
def test_a_refund_that_another_took_the_place_of_is_not_owed(placed, named):
    failed = Refund.objects.create(
        payment=placed.payments.get(),
        amount=2500,
        currency="GBP",
        reason=RefundReason.STAFF,
        status=RefundStatus.FAILED,
    )
    if named:
        failed.lines.set(placed.lines.all()[:1])
        placed.payments.update(amount=9000)  # Some is left; not for its ticket.
    before = services.progress_of(placed.event)
    placed.event.move_to("cancelled")
    services.sweep_called_off_events(now=NOON, limit=10)
    services.pay_refunds(now=NOON, limit=10)

    told = services.progress_of(placed.event)

    assert (before.failed, before.amounts_owed) == (1, {"GBP": 2500})
    assert (told.refunded, told.failed) == (1, 0)
    assert told.amounts_refunded == told.amounts_owed == {"GBP": 5000}


def test_what_is_not_begun_is_owed_too(staff, placed):
    paid(event=placed.event)
    placed.event.move_to("cancelled")
    page = reverse("admin:payments_calledoffevent_change", args=[placed.event.pk])

    told = services.progress_of(placed.event)

    assert (told.to_owe, told.amounts_owed, told.goes_on) == (2, {"GBP": 10_000}, True)
    assert "£0.00 of £100.00" in staff.get(page).content.decode()


def test_what_went_back_is_told_by_currency(staff, placed):
    paid(REFUND_FAILS, event=placed.event, currency="EUR")
    placed.event.move_to("cancelled")
    page = reverse("admin:payments_calledoffevent_change", args=[placed.event.pk])
    seen = [staff.get(page).content.decode()]

    for do in (owe, pay, hear_the_bank):
        do()
        seen.append(staff.get(page).content.decode())

    assert "€0.00 of €50.00 and £0.00 of £50.00" in seen[0]
    assert "€0.00 of €50.00 and £0.00 of £50.00" in seen[1]
    assert "€50.00 of €50.00 and £50.00 of £50.00" in seen[2]
    assert "€0.00 of €50.00 and £50.00 of £50.00" in seen[3]


def test_where_no_money_is_owed_none_is_told(staff, placed):
    lose(placed, 5000)
    placed.event.move_to("cancelled")

    page = staff.get(reverse("admin:payments_calledoffevent_changelist"))

    assert "nothing</td>" in page.content.decode()
