"""Joining and leaving a waitlist, with a mandate or without."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.models import User
from inventory import services as inventory
from inventory.models import TicketType, WaitlistEntry
from payments.consent import CURRENT
from payments.models import OPEN_PAYMENT, Mandate, Order, SavedCard
from payments.services import asking
from payments.services.cancelling import cancel_order
from payments.services.cards import is_usable
from payments.services.errors import SavedCardGone
from ticketapp.errors import Action, DomainError


class ConsentOutdated(DomainError):
    code = "consent_outdated"
    title = "The terms have changed."
    message = (
        "What you agreed to is not what we would do today. You were not put on the "
        "waitlist and not charged. Read the terms again and agree to them."
    )
    action = Action.RETRY


@transaction.atomic
def wait_for_tickets(
    *,
    user: User,
    ticket_type: TicketType,
    quantity: int,
    ends_at: datetime,
    now: datetime,
    max_total_amount: int | None = None,
    card: UUID | None = None,
    consent_version: str = "",
) -> WaitlistEntry:
    """Put a buyer in line: to be told, or with a `card` to be bought for.

    With a card `max_total_amount` must be given, and `consent_version` is what
    the buyer has read and agreed to. Raises SavedCardGone, ConsentOutdated and
    what `inventory.join_waitlist` does.
    """
    kept = _card_to_charge(user, card, consent_version, now) if card else None
    entry = inventory.join_waitlist(
        user=user,
        ticket_type=ticket_type,
        quantity=quantity,
        ends_at=ends_at,
        now=now,
        max_total_amount=max_total_amount,
        charges_card=kept is not None,
    )
    if kept and max_total_amount is not None:
        Mandate.objects.create(
            entry=entry,
            card=kept,
            quantity=quantity,
            max_total_amount=max_total_amount,
            currency=entry.currency,
            ends_at=ends_at,
            starts_at=entry.event.starts_at,
            local_date=entry.event.local_date,
            consent_version=consent_version,
            consented_at=now,
        )
    return entry


def stop_waiting(*, entry: WaitlistEntry, now: datetime) -> WaitlistEntry:
    """Leave the line, also while being charged; twice is no error.

    From here on nothing new is charged. The provider is asked first: if it has
    the money, the tickets are bought and HoldAlreadySold is raised. Raises
    PaymentUnknown when it does not answer, HoldBeingPaid while the bank thinks.
    """
    inventory.stop_charging(entry=entry)
    orders = Order.objects.select_related("hold", "user")
    order = orders.filter(hold__waitlist_entry=entry).first()
    if order:
        for payment in order.payments.filter(status__in=OPEN_PAYMENT):
            payment.order = order
            asking.cancel_payment(payment=payment, now=now)
    left = inventory.withdraw_from_waitlist(entry=entry, now=now)
    if order:
        cancel_order(order=order, now=now)
    return left


def _card_to_charge(
    user: User, card: UUID, consent_version: str, now: datetime
) -> SavedCard:
    if consent_version != CURRENT:
        raise ConsentOutdated(version=CURRENT)
    kept = SavedCard.objects.filter(pk=card, user=user, removed_at=None).first()
    if kept is None or not is_usable(kept, now):
        raise SavedCardGone
    return kept
