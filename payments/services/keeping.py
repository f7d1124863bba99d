"""Cards that buyers keep. Lock order: customer, cards."""

from dataclasses import replace
from datetime import datetime

from django.db import transaction

from accounts.models import User
from payments.gateways import CardDetails, Intent
from payments.models import Customer, SavedCard

# What a renewed card may have anew.
PRINTED = ("fingerprint", "brand", "last4", "exp_month", "exp_year")


def without_detached(intent: Intent) -> Intent:
    """An intent looked up later, without a card that was detached since: there is
    nothing left to keep, and the news of it may have come before."""
    if intent.card and not intent.card.customer:
        return replace(intent, card=None)
    return intent


@transaction.atomic
def keep_card(*, user: User, card: CardDetails, now: datetime) -> None:
    """Remember a card that the buyer agreed to keep; the first is the default.

    One that is kept already, typed once more, is not kept a second time, but pays as
    what was typed last: the provider may have detached the first, and the news of it
    be on its way. One that the provider had lost takes the place of the old.
    """
    list(Customer.objects.select_for_update().filter(user=user))
    own = SavedCard.objects.filter(user=user, removed_at=None)
    same = own.filter(
        fingerprint=card.fingerprint, exp_month=card.exp_month, exp_year=card.exp_year
    )
    if SavedCard.objects.filter(provider_id=card.id).exists():
        return
    if card.fingerprint and same.filter(lost_at=None).update(provider_id=card.id):
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


def refresh_card(*, known: SavedCard, card: CardDetails) -> bool:
    """Bring a kept card to what the provider has of it now: banks renew cards.

    `known` is the row from before the provider was asked. False, and nothing is
    written, if it has changed since: then the answer may be the older of two.
    """
    row = SavedCard.objects.filter(
        pk=known.pk, provider_id=card.id, removed_at=None, lost_at=None
    )
    return bool(row.filter(**_printed(known)).update(**_printed(card)))


def _printed(card: SavedCard | CardDetails) -> dict[str, str | int]:
    return {name: getattr(card, name) for name in PRINTED}
