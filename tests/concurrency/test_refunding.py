"""Several people confirm the same preview of a refund at once."""

from functools import partial

import pytest
from django.utils import timezone

from payments import services
from payments.models import Payment, Refund, RefundReason
from payments.services import books
from tests.concurrency.racing import ROUNDS, assert_all_is_well, breaks_within, race
from tests.paying import paid

pytestmark = pytest.mark.django_db(transaction=True)


def confirm_at_once(reason: RefundReason) -> list:
    """Four taps on one button; how each came out."""
    placed = paid()
    choice = {
        "order": placed,
        "lines": list(placed.lines.all()),
        "reason": reason,
        "by": None,
        "now": timezone.now(),
    }
    facts = services.show_refund(**choice).facts
    ends = race([partial(services.refund_as_shown, facts=facts, **choice)] * 4)
    assert Refund.objects.filter(payment__order=placed).count() == 1
    return ends


@pytest.mark.parametrize("reason", [RefundReason.STAFF, RefundReason.GOODWILL])
def test_what_was_shown_is_done_once(reason):
    ends = confirm_at_once(reason)

    refused = [end for end in ends if isinstance(end, services.RefundChanged)]
    assert len(refused) == 3
    assert "was refunded meanwhile" in str(refused[0])
    assert_all_is_well()


def test_without_the_lock_it_would_be_done_more_than_once(monkeypatch):
    """The control: the guard is the lock on the order and its payment."""

    def unlocked(payment_id):
        payment = Payment.objects.select_related("order").get(pk=payment_id)
        return payment.order, payment

    monkeypatch.setattr(books, "lock", unlocked)

    assert breaks_within(ROUNDS, partial(confirm_at_once, RefundReason.GOODWILL))
