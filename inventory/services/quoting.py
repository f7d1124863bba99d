"""Passing a fallen price on to those who hold tickets. Lock order: hold."""

from datetime import datetime

from django.db import transaction

from inventory.loading import find_type
from inventory.models import Hold, TicketType
from inventory.pricing import Quote, quote


def todays_quote(*, hold: Hold, now: datetime) -> Quote:
    """What one of these tickets would cost whoever took it now."""
    ticket_type = find_type(hold.ticket_type_id)
    if ticket_type is None:
        raise TicketType.DoesNotExist
    return quote(ticket_type, now)


def pass_on_fall(*, hold: Hold, now: datetime) -> Hold:
    """Give the buyer today's price if it is lower than the one they hold.

    Never a higher one: the quote stands until the hold ends. For the moment
    before a payment is begun; afterwards the price is the payment's. `hold` is
    as `start_paying` gave it, in the same transaction.
    """
    today = todays_quote(hold=hold, now=now)
    total = today.total_amount * hold.quantity
    if total >= hold.total_amount or today.currency != hold.currency:
        return hold
    with transaction.atomic():
        locked = Hold.objects.select_for_update().get(pk=hold.pk)
        locked.unit_amount = today.unit_amount
        locked.fee_amount = today.fee_amount
        locked.tax_amount = today.tax_amount
        locked.total_amount = total
        locked.save(
            update_fields=["unit_amount", "fee_amount", "tax_amount", "total_amount"]
        )
    return locked
