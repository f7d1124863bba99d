"""What buyers are told of the money that goes back to them, and of what comes back."""

import pytest

from events.models import EventStatus
from notifications.models import Notification
from payments import services
from payments.models import Refund, RefundStatus
from tests.factories import HOUR, NOON
from tests.paying import REFUND_FAILS, assert_books_are_right, paid
from tests.refunding import hear_the_bank

pytestmark = pytest.mark.django_db
GOES, CAME = "£50.00 goes back to your card", "£50.00 did not reach you"


def titles(kind: str) -> list[str]:
    news = Notification.objects.filter(kind=kind)
    return sorted(news.values_list("title", flat=True))


def by_staff() -> str:
    services.refund_order(order=paid(REFUND_FAILS), by=None, now=NOON)
    return "refund"


def of_a_cancelled_event() -> str:
    paid(REFUND_FAILS).event.move_to(EventStatus.CANCELLED)
    services.sweep_called_off_events(now=NOON, limit=10)
    return "event_refund"


@pytest.mark.parametrize("owe", [by_staff, of_a_cancelled_event])
def test_money_that_a_bank_sends_back_is_told_of_and_so_is_the_second_refund(owe):
    kind = owe()
    services.pay_refunds(now=NOON, limit=10)
    assert titles(kind) == [GOES]

    hear_the_bank()
    hear_the_bank()
    assert titles(kind) == [CAME, GOES]

    services.retry_refund(refund=Refund.objects.get(), now=NOON)
    services.pay_refunds(now=NOON + HOUR, limit=10)

    assert Refund.objects.get().status == RefundStatus.SUCCEEDED
    assert titles(kind) == [CAME, GOES, GOES]
    assert_books_are_right(NOON + HOUR)
