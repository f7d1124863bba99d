"""A refund made in the provider's dashboard is told which tickets it was for."""

import pytest

from events.models import Role
from inventory import codes
from inventory import services as inventory
from inventory.models import TicketStatus
from payments import services
from payments.models import Incident, OrderStatus, Refund, RefundReason
from tests import factories as make
from tests.factories import NOON
from tests.paying import ask, assert_books_are_right, paid
from tests.refunding import hear_the_bank

pytestmark = pytest.mark.django_db


@pytest.fixture
def placed():
    return paid()


def by_hand(placed, amount: int = 2500) -> Refund:
    intent_id = placed.payments.get().intent_id
    ask("POST", "/v1/refunds", {"payment_intent": intent_id, "amount": amount})
    hear_the_bank()
    return Refund.objects.get(reason="dashboard")


def allocate(refund, lines, *, takes_back=True):
    return services.allocate_refund(
        refund=refund, lines=lines, takes_back=takes_back, now=NOON
    )


def test_its_tickets_are_taken_back_and_count_as_refunded(placed):
    refund, line = by_hand(placed), placed.lines.first()

    allocate(refund, [line])

    line.refresh_from_db()
    placed.refresh_from_db()
    assert (line.ticket.status, bool(line.returned_at)) == (TicketStatus.RETURNED, True)
    assert placed.status == OrderStatus.PARTLY_REFUNDED
    assert Incident.objects.get().resolved_at
    assert_books_are_right()
    rest = services.refund_order(order=placed, by=None, now=NOON)
    assert rest.amount == 2500


def left_good(placed) -> Refund:
    return allocate(by_hand(placed, 5000), placed.lines.all(), takes_back=False)


def test_its_tickets_may_stay_good_which_is_goodwill(placed):
    refund = left_good(placed)

    placed.refresh_from_db()
    assert {line.ticket.status for line in placed.lines.all()} == {TicketStatus.SOLD}
    assert refund.reason == RefundReason.GOODWILL
    assert placed.status == OrderStatus.PARTLY_REFUNDED
    assert_books_are_right()


def test_tickets_that_stayed_good_can_be_taken_back_later(placed):
    refund = left_good(placed)

    assert services.take_back_given(refund=refund, now=NOON) == 2

    placed.refresh_from_db()
    assert all(line.returned_at for line in placed.lines.all())
    assert placed.status == OrderStatus.REFUNDED
    assert_books_are_right()
    with pytest.raises(services.NotRefundable, match="no ticket"):
        services.take_back_given(refund=refund, now=NOON)


def test_a_used_one_stays_with_its_buyer(placed):
    refund = left_good(placed)
    used = placed.lines.first().ticket
    code = codes.write(ticket_id=used.pk, event_id=placed.event_id)
    inventory.check_in(
        code=code, staff=make.staff(venue=placed.event.venue), gate="A", now=NOON
    )

    assert services.take_back_given(refund=refund, now=NOON) == 1

    used.refresh_from_db()
    placed.refresh_from_db()
    assert used.status == TicketStatus.CHECKED_IN
    assert placed.status == OrderStatus.PARTLY_REFUNDED
    assert_books_are_right()


@pytest.mark.parametrize(("elsewhere", "taken"), [(False, 2), (True, 0)])
def test_managers_of_the_venue_take_them_back(client, placed, elsewhere, taken):
    refund = left_good(placed)
    venue = make.venue() if elsewhere else placed.event.venue
    client.force_login(make.staff(venue=venue))
    chosen = {"action": "take_back", "_selected_action": [str(refund.pk)]}

    client.post("/admin/payments/refund/", chosen)

    assert placed.lines.exclude(returned_at=None).count() == taken


@pytest.mark.parametrize("amount", [1200, 5000])
def test_tickets_that_cost_another_amount_are_refused(placed, amount):
    refund = by_hand(placed, amount)

    with pytest.raises(services.NotAllocatable, match="these tickets cost £25"):
        allocate(refund, placed.lines.all()[:1])

    refund.refresh_from_db()
    assert (refund.unallocated, refund.lines.count()) == (True, 0)
    assert Incident.objects.get().resolved_at is None


def test_tickets_that_another_refund_is_for_are_refused(placed):
    line = placed.lines.first()
    services.refund_lines(order=placed, lines=[line], reason="staff", by=None, now=NOON)
    services.pay_refunds(now=NOON, limit=10)
    refund = by_hand(placed)

    with pytest.raises(services.NotAllocatable, match="another refund"):
        allocate(refund, [line])


def test_a_used_ticket_is_not_taken_back_and_nothing_changes(placed):
    refund, line = by_hand(placed), placed.lines.first()
    line.ticket.move_to(TicketStatus.CHECKED_IN, checked_in_at=NOON)

    with pytest.raises(services.NotRefundable):
        allocate(refund, [line])

    refund.refresh_from_db()
    assert (refund.unallocated, refund.lines.count()) == (True, 0)


def test_it_is_said_once(placed):
    refund = by_hand(placed)
    first, second = placed.lines.all()
    allocate(refund, [first])

    with pytest.raises(services.NotAllocatable, match="has its tickets"):
        allocate(refund, [second])


def page_of(refund) -> str:
    return f"/admin/payments/refund/{refund.pk}/tickets/"


def test_managers_say_it_on_the_page_of_the_refund(client, placed):
    refund, line = by_hand(placed), placed.lines.first()
    client.force_login(make.staff(venue=placed.event.venue))

    page = client.get(page_of(refund)).content.decode()
    client.post(page_of(refund), {"line": [line.pk], "tickets": "taken_back"})

    assert "£25.00 went back" in page
    refund.refresh_from_db()
    assert list(refund.lines.all()) == [line]
    assert "has its tickets already" in client.get(page_of(refund)).content.decode()


def test_a_wrong_choice_is_told_in_words(client, placed):
    refund = by_hand(placed, 1200)
    client.force_login(make.staff(venue=placed.event.venue))

    done = client.post(
        page_of(refund), {"line": [placed.lines.first().pk]}, follow=True
    )

    assert "£12.00 went back, and these tickets cost £25.00" in done.content.decode()


@pytest.mark.parametrize("elsewhere", [False, True])
def test_nobody_else_says_it(client, placed, elsewhere):
    refund = by_hand(placed)
    venue = make.venue() if elsewhere else placed.event.venue
    role = Role.MANAGER if elsewhere else Role.BOX_OFFICE
    client.force_login(make.staff(venue=venue, role=role))

    client.post(page_of(refund), {"line": [placed.lines.first().pk]})

    refund.refresh_from_db()
    assert refund.unallocated


def test_the_preview_of_a_refund_says_what_is_left(client, placed):
    by_hand(placed, 1200)
    client.force_login(make.staff(venue=placed.event.venue))

    page = client.get(f"/admin/payments/order/{placed.pk}/refund/").content.decode()

    assert "Only £38.00 of what was paid is left" in page
