"""Customers that the provider has deleted, and cards that it has detached.

Lock order: customer, cards.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import transaction

from payments.gateways import (
    CustomerGone,
    GatewayRefused,
    PaymentMethodRefused,
    get_gateway,
)
from payments.models import Customer, SavedCard
from payments.services.errors import CustomerForgotten, SavedCardGone


@contextmanager
def learning(customer: str, now: datetime, *, kept: str = "") -> Iterator[None]:
    """Around a call that names a customer: one who is deleted is forgotten here too.

    Raises CustomerForgotten then; the next call makes a new customer. So is the card
    that is `kept`, where it was detached from its customer: SavedCardGone. What the
    provider does not know, without having deleted it, may be the doing of a wrong
    key, which passes: nothing is forgotten for that.
    """
    try:
        yield
    except (CustomerGone, PaymentMethodRefused) as refusal:
        if customer and _was_deleted(customer):
            forget(customer=customer, now=now)
            raise CustomerForgotten from refusal
        if kept and _was_detached(kept):
            forget_card(card=kept, now=now)
            raise SavedCardGone from refusal
        raise


def _was_deleted(customer: str) -> bool:
    try:
        return get_gateway().is_customer_deleted(customer=customer)
    except GatewayRefused:
        return False


def _was_detached(card: str) -> bool:
    try:
        return get_gateway().retrieve_card(payment_method=card).customer is None
    except GatewayRefused:
        return False


@transaction.atomic
def forget(*, customer: str, now: datetime) -> None:
    """The provider has deleted them: their cards pay for nothing any more.

    The cards stay in the buyer's list until they remove them, so that they see why.
    News of one who was forgotten before changes nothing for who came after.
    """
    known = Customer.objects.select_for_update().filter(provider_id=customer).first()
    if known is None:
        return
    known.provider_id, known.lost_id = None, customer
    known.save(update_fields=["provider_id", "lost_id"])
    SavedCard.objects.filter(user=known.user_id, removed_at=None, lost_at=None).update(
        lost_at=now, is_default=False
    )


def forget_card(*, card: str, now: datetime) -> None:
    """The provider has detached this card: it pays for nothing any more.

    It stays in its owner's list until they remove it, so that they see why. What
    they have removed themselves is left alone.
    """
    kept = SavedCard.objects.filter(provider_id=card, removed_at=None, lost_at=None)
    kept.update(lost_at=now, is_default=False)
