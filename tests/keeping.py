"""How tests have a card kept, and what is done to it in the provider's dashboard."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from payments import services
from payments.gateways.sandbox import methods
from payments.gateways.sandbox.calls import Call
from payments.models import Customer, SavedCard, StripeEvent
from tests.factories import NOON
from tests.paying import VISA, ask, deliver, token

MASTERCARD = "5555555555554444"


def keep(user: User, number: str = VISA) -> SavedCard:
    method = token(number)
    services.set_up_card(user=user, payment_method=method, now=NOON)
    return SavedCard.objects.get(provider_id=method)


def usable(user: User) -> list[str]:
    own = SavedCard.objects.filter(user=user, removed_at=None).order_by("created_at")
    return [card.last4 for card in own if services.is_usable(card, NOON)]


def delete_customer(user: User) -> str:
    """What somebody did in the provider's dashboard."""
    customer = Customer.objects.get(user=user).provider_id
    assert ask("DELETE", f"/v1/customers/{customer}")[0] == 200
    return customer


def detach(card: SavedCard) -> None:
    """What somebody did to one card in the provider's dashboard."""
    assert ask("POST", f"/v1/payment_methods/{card.provider_id}/detach")[0] == 200


@transaction.atomic
def renew(card: SavedCard, **printed: str | int) -> None:
    """What the bank and its network did: the card is printed anew."""
    call = Call(method="", path="", params={}, now=timezone.now())
    methods.renew(call, card.provider_id, **printed)
    call.write()


def detach_cards(user: User) -> None:
    for card in SavedCard.objects.filter(user=user):
        detach(card)


def hear() -> None:
    """All that the provider has to say by now arrives, and is acted on."""
    later = timezone.now() + timedelta(hours=2)
    deliver(now=later)
    services.process_events(now=later, limit=100)
    assert not StripeEvent.objects.filter(processed_at=None).exists()
