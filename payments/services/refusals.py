"""What a definite no of the provider means: for the payment, and for staff.

Lock order: order, payment, hold, tickets.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import transaction

from inventory.models import Hold
from payments.gateways import CustomerGone, GatewayMisconfigured, GatewayRefused
from payments.models import (
    OPEN_PAYMENT,
    IncidentKind,
    Order,
    Payment,
    PaymentStatus,
)
from payments.money import in_words
from payments.services import books, settling, telling

NOT_SOLD = (
    "The provider does not take {amount} for {ticket_type} ({reason}), so nobody can "
    "buy it. Change its price; holds that there are keep the old one."
)
NOT_TOLD = (
    "The provider refuses to deal with this payment ({reason}). Its tickets stay as "
    "they are: look {intent} up in the provider's dashboard."
)


@contextmanager
def staff_are_told(*, hold: Hold) -> Iterator[None]:
    """Around buying what is held: a refusal that is not the card's reaches staff."""
    try:
        yield
    except (GatewayMisconfigured, CustomerGone) as refusal:
        telling.tell_refused(refusal)
        raise
    except GatewayRefused as refusal:
        _tell_not_sold(hold, refusal)
        raise


def tell_stuck(payment: Payment, refusal: GatewayRefused) -> None:
    """Once for each payment that the provider refuses to deal with."""
    if isinstance(refusal, GatewayMisconfigured):
        telling.tell_not_let_in(refusal)
        return
    books.report(
        IncidentKind.PROVIDER_REFUSES,
        order=Order.objects.get(payments=payment.pk),
        detail=NOT_TOLD.format(reason=refusal.reason, intent=payment),
        dedupe_key=f"{payment.pk}:{refusal.reason}",
    )


def _tell_not_sold(hold: Hold, refusal: GatewayRefused) -> None:
    """Once for each ticket type: a price is wrong for every buyer of it."""
    told = NOT_SOLD.format(
        amount=in_words(hold.total_amount, hold.currency),
        ticket_type=hold.ticket_type,
        reason=refusal.reason,
    )
    books.report(
        IncidentKind.PROVIDER_REFUSES,
        order=Order.objects.filter(hold=hold).first(),
        detail=told,
        dedupe_key=f"{hold.ticket_type_id}:{refusal.reason}",
        again=True,
    )


@transaction.atomic
def end_unopened(payment: Payment, *, now: datetime) -> bool:
    """End a payment for which the provider made no intent, and let its hold go.

    Nothing can be charged without an intent that we know, so the tickets are the
    buyer's again while time is left; a next try begins with a payment, and a key, of
    its own. False if an intent was noted meanwhile: then nothing is changed.
    """
    order, payment = books.lock(payment.pk)
    if payment.intent_id:
        return False
    if payment.status in OPEN_PAYMENT:
        payment.move_to(PaymentStatus.FAILED, flag="")
        settling.end_turn(order, now=now)
    return True
