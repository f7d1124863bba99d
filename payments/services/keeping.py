"""Cards that buyers keep. Lock order: customer, cards."""

from datetime import datetime

from django.db import transaction

from accounts.models import User
from payments.gateways import CardDetails
from payments.models import Customer, SavedCard


@transaction.atomic
def keep_card(*, user: User, card: CardDetails, now: datetime) -> None:
    """Remember a card that the buyer agreed to keep; the first is the default.

    One that is kept already, typed once more, is not kept a second time; one that
    the provider had lost takes the place of the old.
    """
    list(Customer.objects.select_for_update().filter(user=user))
    own = SavedCard.objects.filter(user=user, removed_at=None)
    same = own.filter(
        fingerprint=card.fingerprint, exp_month=card.exp_month, exp_year=card.exp_year
    )
    if card.fingerprint and same.filter(lost_at=None).exists():
        return
    if card.fingerprint:
        same.update(removed_at=now)
    kept = SavedCard(
        user=user,
        provider_id=card.id,
        fingerprint=card.fingerprint,
        brand=card.brand,
        last4=card.last4,
        exp_month=card.exp_month,
        exp_year=card.exp_year,
        is_default=not own.filter(is_default=True).exists(),
        consented_at=now,
    )
    SavedCard.objects.bulk_create([kept], ignore_conflicts=True)
