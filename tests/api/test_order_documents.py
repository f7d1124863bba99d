"""An order is told from one statement: it must say what the rows say, everywhere."""

from datetime import timedelta

import pytest
from django.utils import timezone

from inventory.models import TicketStatus
from payments import services
from payments.gateways.sandbox.switches import outage
from payments.models import Dispute, DisputeStatus, Order, RefundReason
from payments.told import Told, told_orders
from tests import factories as make
from tests import ordering
from tests.moving import move_event
from tests.ordering import BOOKING_FEE, ORDERS, hold_for
from tests.paying import ALWAYS_ASKS, NO_FUNDS, VISA, token

pytestmark = pytest.mark.django_db


def place(api, hold, number=VISA) -> Order:
    ordering.place(api, hold, number)
    return Order.objects.get(hold=hold)


def declined_twice(api, hold) -> Order:
    order = place(api, hold, NO_FUNDS)
    api.post(f"{ORDERS}/{order.pk}/pay", {"payment_method": token(NO_FUNDS)})
    return order


def asked(api, hold) -> Order:
    return place(api, hold, ALWAYS_ASKS)


def unanswered(api, hold) -> Order:
    with outage("after", "/confirm"):
        return place(api, hold)


def without_a_payment(api, hold) -> Order:
    return place(api, hold_for(hold.user, unit_amount=0))


def cancelled(api, hold) -> Order:
    order = place(api, hold, NO_FUNDS)
    api.post(f"{ORDERS}/{order.pk}/cancel")
    return order


def partly_refunded(api, hold) -> Order:
    order = place(api, hold)
    services.refund_lines(
        order=order,
        lines=order.lines.all()[:1],
        reason=RefundReason.STAFF,
        by=None,
        now=timezone.now(),
    )
    return order


def of_another_date(api, hold) -> Order:
    order = place(api, hold)
    move_event(hold.event, timedelta(days=7), now=timezone.now())
    return order


def of_another_date_and_given_back(api, hold) -> Order:
    order = of_another_date(api, hold)
    services.refund_order(order=order, by=None, now=timezone.now())
    return order


def of_another_date_and_asked_back(api, hold) -> Order:
    order = of_another_date(api, hold)
    dispute(order, DisputeStatus.OPEN, 100)
    return order


def of_another_date_and_lost_in_part(api, hold) -> Order:
    order = of_another_date(api, hold)
    dispute(order, DisputeStatus.LOST, 100)
    return order


def of_another_date_and_lost(api, hold) -> Order:
    order = of_another_date(api, hold)
    dispute(order, DisputeStatus.LOST, order.amount)
    return order


def of_another_date_and_asked_for_the_rest(api, hold) -> Order:
    order = of_another_date_and_lost_in_part(api, hold)
    dispute(order, DisputeStatus.OPEN, 100)
    return order


def of_another_date_and_used(api, hold) -> Order:
    order = of_another_date(api, hold)
    come_in(order.lines.all())
    return order


def of_another_date_and_used_in_part(api, hold) -> Order:
    order = of_another_date(api, hold)
    come_in(order.lines.all()[:1])
    return order


def of_another_date_and_made_good(api, hold) -> Order:
    """All of it went back, and they may come all the same."""
    order = of_another_date(api, hold)
    services.refund_lines(
        order=order,
        lines=order.lines.all(),
        reason=RefundReason.GOODWILL,
        by=None,
        now=timezone.now(),
    )
    return order


def of_another_date_for_nothing(api, hold) -> Order:
    free = hold_for(hold.user, unit_amount=0)
    return of_another_date(api, free)


def come_in(lines) -> None:
    for line in lines:
        line.ticket.move_to(TicketStatus.CHECKED_IN, checked_in_at=timezone.now())


def dispute(order: Order, status: str, amount: int) -> None:
    payment, now = order.payments.get(), timezone.now()
    payment.disputes.create(
        provider_id=f"dp_{status}",
        status=status,
        amount=amount,
        currency=payment.currency,
        opened_at=now,
        closed_at=None if status == DisputeStatus.OPEN else now,
    )


def of_a_place_unknown(api, hold) -> Order:
    venue = hold.event.venue
    venue.location, venue.time_zone = None, ""
    venue.save()
    return place(api, hold)


def disputed(api, hold) -> Order:
    order = place(api, hold)
    for status in (DisputeStatus.OPEN, DisputeStatus.LOST, DisputeStatus.WON):
        dispute(order, status, 100)
    return order


KINDS = [
    *(place, declined_twice, asked, unanswered, without_a_payment, cancelled),
    *(partly_refunded, of_another_date, of_a_place_unknown, disputed),
]


@pytest.mark.parametrize("kind", KINDS)
def test_a_list_says_of_an_order_what_its_own_page_says(api, hold, kind):
    order = kind(api, hold)

    alone = api.get(f"{ORDERS}/{order.pk}").json()

    [listed] = api.get(ORDERS).json()["results"]
    assert alone.pop("server_time") <= listed.pop("server_time")
    assert alone == listed


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_told_of_an_order_is_what_its_rows_say(api, hold, kind):
    order = kind(api, hold)

    [told] = told_orders([order.pk], user_id=order.user_id)

    row = Order.objects.get(pk=order.pk)
    assert differences(told, row) == []
    assert differences(told.ticket_type, row.hold.ticket_type) == []
    for name in ("lines", "payments", "refunds"):
        rows = rows_of(row)[name]
        assert len(rows) == len(getattr(told, name))
        for part, of_row in zip(getattr(told, name), rows, strict=True):
            assert differences(part, of_row) == []


@pytest.mark.parametrize(
    ("amount", "status", "is_replaced"),
    [
        (0, "", False),
        (5300, "pending", True),
        (5300, "failed", False),
        (5299, "succeeded", False),
    ],
)
def test_it_says_of_a_failed_refund_whether_others_give_it_all_back(
    api, hold, amount, status, is_replaced
):
    order = place(api, hold)
    refunds, fields = order.payments.get().refunds, {"currency": "GBP"}
    refunds.create(amount=5300, status="failed", reason=RefundReason.STAFF, **fields)
    if amount:
        fields |= {"reason": RefundReason.DASHBOARD}
        refunds.create(amount=amount, status=status, **fields)

    first, *others = api.get(f"{ORDERS}/{order.pk}").json()["refunds"]

    assert first["replaced"] is is_replaced
    assert not any(other["replaced"] for other in others)


@pytest.mark.parametrize(
    ("kind", "may", "status"),
    [
        (place, False, 409),
        (of_another_date, True, 200),
        (of_another_date_and_given_back, False, 409),
        (of_another_date_and_asked_back, False, 409),
        (of_another_date_and_lost_in_part, True, 200),
        (of_another_date_and_lost, False, 409),
        (of_another_date_and_asked_for_the_rest, False, 409),
        (of_another_date_and_used, False, 409),
        (of_another_date_and_used_in_part, True, 200),
        (of_another_date_and_made_good, False, 409),
        (of_another_date_for_nothing, True, 200),
    ],
)
def test_it_says_whether_it_can_be_handed_back(api, hold, kind, may, status):
    order = kind(api, hold)

    document = api.get(f"{ORDERS}/{order.pk}").json()
    answer = api.post(f"{ORDERS}/{order.pk}/refund")

    assert document["can_hand_back"] is may
    assert answer.status_code == status


def rows_of(order: Order) -> dict[str, list]:
    payments = list(order.payments.all())
    return {
        "lines": list(order.lines.order_by("pk")),
        "payments": payments,
        "refunds": [r for p in payments for r in p.refunds.order_by("created_at")],
    }


def differences(told: Told, row) -> list[str]:
    """Names under which the two say something else; of all that is told."""
    found = []
    for name, value in vars(told).items():
        if name in ("lines", "payments", "refunds", "ticket_type"):
            continue
        if name == "last_attempt":
            last = row.attempts.order_by("pk").last()
            found += differences(value, last) if value else [name] * (last is not None)
        elif name == "dispute":
            disputes = Dispute.objects.filter(
                payment__order=row, payment__surplus=False
            )
            states = set(disputes.values_list("status", flat=True))
            worst = next((each for each in ("lost", "open") if each in states), None)
            found += [name] * (value != worst)
        elif name == "is_returned":
            found += [name] * (value is not (row.returned_at is not None))
        elif isinstance(value, Told):
            found += differences(value, getattr(row, name))
        elif str(value) != str(known(row, name)):
            found.append(name)
    return found


def known(row, name: str):
    """As JSON has it: a pair is a list there."""
    value = getattr(row, name)
    return list(value) if isinstance(value, tuple) else value


def test_orders_come_in_the_order_asked_for_and_only_to_their_buyer(api, buyer, hold):
    first, second = place(api, hold), place(api, hold_for(buyer, **BOOKING_FEE))
    wanted = [second.pk, first.pk]

    told = told_orders(wanted, user_id=buyer.pk)

    assert [order.id for order in told] == [str(key) for key in wanted]
    assert told_orders(wanted, user_id=make.buyer().pk) == []
    assert told_orders([], user_id=buyer.pk) == []


def test_an_order_is_told_in_one_query(api, hold, django_assert_num_queries):
    order = place(api, hold)

    with django_assert_num_queries(1):
        told_orders([order.pk], user_id=order.user_id)
