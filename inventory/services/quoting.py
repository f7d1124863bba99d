"""Passing a fallen price on to those who hold tickets. Lock order: hold."""

from datetime import datetime

from django.db import transaction

from inventory.loading import find_terms
from inventory.models import Hold, HoldStatus, TicketType
from inventory.pricing import Quote, quote
from inventory.services.holds import quote_of


def todays_quote(*, hold: Hold, now: datetime) -> Quote:
    """What one of these tickets would cost whoever took it now."""
    terms = find_terms(hold.ticket_type_id)
    if terms is None:
        raise TicketType.DoesNotExist
    return terms.at(now)


def price_due(*, hold: Hold, now: datetime) -> Quote:
    """What the buyer pays for one of these tickets if they begin to pay now.

    Today's price if it is lower than the one they hold. Never a higher one: the
    quote stands until the hold ends.
    """
    return _lower(quote_of(hold), todays_quote(hold=hold, now=now))


def price_shown(hold: Hold, now: datetime) -> Quote:
    """The price to show of a hold loaded `with_terms()`: what would be paid now.

    One that is being paid for, or is over, has the price that it has.
    """
    if hold.status != HoldStatus.ACTIVE:
        return quote_of(hold)
    return _lower(quote_of(hold), quote(hold.ticket_type, now))


def _lower(held: Quote, today: Quote) -> Quote:
    falls = today.total_amount < held.total_amount and today.currency == held.currency
    return today if falls else held


def pass_on_fall(*, hold: Hold, now: datetime) -> Hold:
    """Bring a hold to the price that is due.

    For the moment before a payment is begun; afterwards the price is the
    payment's. `hold` is as `start_paying` gave it, in the same transaction.
    """
    due = price_due(hold=hold, now=now)
    total = due.total_amount * hold.quantity
    if total == hold.total_amount:
        return hold
    with transaction.atomic():
        locked = Hold.objects.select_for_update().get(pk=hold.pk)
        locked.unit_amount = due.unit_amount
        locked.fee_amount = due.fee_amount
        locked.tax_amount = due.tax_amount
        locked.total_amount = total
        locked.save(
            update_fields=["unit_amount", "fee_amount", "tax_amount", "total_amount"]
        )
    return locked
