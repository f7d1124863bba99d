"""Kept cards for many buyers: one made as the app would, the others copied."""

from collections.abc import Sequence
from copy import deepcopy
from datetime import datetime
from uuid import UUID, uuid4

from accounts.models import User
from bench.people import Buyer
from payments.gateways.sandbox.calls import new_id
from payments.gateways.sandbox.models import SandboxObject
from payments.models import Customer, SavedCard
from payments.services import cards

BATCH = 1_000
TEST_CARD = "pm_card_visa"


def keep_cards(buyers: Sequence[Buyer], *, now: datetime) -> dict[UUID, UUID]:
    """Give each buyer a kept card; returns the card of each, by the buyer's id."""
    first = User.objects.get(pk=buyers[0].id)
    cards.set_up_card(user=first, payment_method=TEST_CARD, now=now)
    made = SavedCard.objects.get(user=first)
    originals = SandboxObject.objects.in_bulk(
        [made.provider_id, first.customer.provider_id]
    )
    customer = originals[first.customer.provider_id]
    card = originals[made.provider_id]
    copies = [Copy(made, customer, card, buyer.id) for buyer in buyers[1:]]
    for model, rows in (
        (SandboxObject, [copy.provider_customer for copy in copies]),
        (SandboxObject, [copy.provider_card for copy in copies]),
        (Customer, [copy.customer for copy in copies]),
        (SavedCard, [copy.card for copy in copies]),
    ):
        model.objects.bulk_create(rows, batch_size=BATCH)
    return {first.pk: made.pk} | {copy.card.user_id: copy.card.pk for copy in copies}


class Copy:
    """The rows of one kept card, ours and the provider's, for another buyer."""

    def __init__(
        self,
        made: SavedCard,
        customer: SandboxObject,
        card: SandboxObject,
        user: UUID,
    ) -> None:
        self.provider_customer = self._renamed(customer, new_id("customer"))
        self.provider_card = self._renamed(card, new_id("payment_method"))
        known_as = self.provider_customer.pk
        self.provider_card.customer = self.provider_card.data["customer"] = known_as
        self.customer = Customer(user_id=user, provider_id=known_as)
        self.card = deepcopy(made)
        self.card.pk, self.card.user_id = uuid4(), user
        self.card.provider_id = self.provider_card.pk

    @staticmethod
    def _renamed(row: SandboxObject, ident: str) -> SandboxObject:
        copied = deepcopy(row)
        copied.pk = copied.data["id"] = ident
        return copied
