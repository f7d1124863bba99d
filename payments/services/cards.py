"""Which card pays, and keeping cards. Lock order: customer, cards, card setup."""

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.db.models.functions import Coalesce

from accounts.models import User
from payments.gateways import (
    CardDetails,
    GatewayRefused,
    GatewayUnavailable,
    Intent,
    IntentStatus,
    PaymentMethodRefused,
    get_gateway,
)
from payments.models import CardSetup, CardSetupStatus, Customer, SavedCard
from payments.services import forgetting, telling
from payments.services.errors import (
    CardNotKept,
    CustomerForgotten,
    SavedCardExpired,
    SavedCardGone,
)
from payments.services.keeping import keep_card
from payments.services.runs import Run
from ticketapp.compiled import Compiled
from ticketapp.prepared import execute

# Behind UTC. Where its month has ended is for the card's bank to say.
LAST_PLACE_ON_EARTH = timedelta(hours=12)
# Before a card that the provider would not forget is tried once more.
NEXT_TRY = timedelta(minutes=10)
# Before the provider is first asked what became of a set-up that waits.
FIRST_LOOK = timedelta(minutes=1)
KEPT_CARD = """
/* kept_card */
SELECT card.provider_id, coalesce(customer.provider_id, ''), card.exp_year,
       card.exp_month
  FROM payments_savedcard AS card
  LEFT JOIN payments_customer AS customer ON customer.user_id = card.user_id
 WHERE card.id = %(card)s AND card.user_id = %(user)s AND card.removed_at IS NULL
   AND card.lost_at IS NULL
"""
CUSTOMER = Compiled(lambda user: Customer.objects.filter(user=user))


@dataclass(frozen=True, slots=True)
class Card:
    """A card to pay with: typed just now, or kept before, for a `customer`."""

    provider_id: str
    is_saved: bool
    customer: str = ""

    @property
    def kept(self) -> str:
        """The provider's name for it, if it was kept before."""
        return self.provider_id if self.is_saved else ""


def card_to_pay_with(*, user: User, payment_method: str, now: datetime) -> Card:
    """The provider's card behind `pm_…`, or behind the id of a kept card.

    Raises SavedCardGone for a kept card that was removed or has expired, and
    PaymentMethodRefused for what is neither.
    """
    if payment_method.startswith("pm_"):
        return Card(payment_method, is_saved=False)
    try:
        wanted = UUID(payment_method)
    except ValueError:
        raise PaymentMethodRefused from None
    with connection.cursor() as cursor:
        execute(cursor, KEPT_CARD, params={"card": wanted, "user": user.pk})
        kept = cursor.fetchone()
    if kept is None or _is_over(kept[2:], now):
        raise SavedCardGone
    return Card(kept[0], is_saved=True, customer=kept[1])


def is_usable(card: SavedCard, now: datetime) -> bool:
    """Whether this kept card may pay: neither removed, nor lost, nor expired."""
    return not (card.removed_at or card.lost_at or has_expired(card, now))


def has_expired(card: SavedCard, now: datetime) -> bool:
    """A card is good until the month that is printed on it has ended everywhere."""
    return _is_over((card.exp_year, card.exp_month), now)


def _is_over(year_and_month: tuple[int, ...], now: datetime) -> bool:
    latest = now - LAST_PLACE_ON_EARTH
    return year_and_month < (latest.year, latest.month)


def customer_for(*, user: User, card: Card, save_card: bool) -> str:
    """The provider's customer that this payment must name, or "".

    A kept card belongs to a customer, and a card can only be kept for one.
    """
    if card.customer:
        return card.customer
    return ensure_customer(user) if card.is_saved or save_card else ""


def ensure_customer(user: User) -> str:
    """The buyer as the provider knows them, made at the first need.

    And made anew when the provider has deleted who was made before.
    """
    known = CUSTOMER.first(user=user.pk)
    if known and known.provider_id:
        return known.provider_id
    lost = known.lost_id if known else ""
    return _noted_customer(user, _make_customer(user, lost), lost)


def _make_customer(user: User, lost: str) -> str:
    # Of the address too: the same key with another one would be refused. And of who
    # is lost: for a day the same key would only name them once more.
    address = hashlib.sha256(user.email.encode()).hexdigest()[:16]
    with telling.staff_are_told():
        return get_gateway().create_customer(
            email=user.email,
            key="-".join(filter(None, ["customer", str(user.pk), address, lost])),
            reference=str(user.pk),
        )


def _noted_customer(user: User, made: str, lost: str) -> str:
    """Who was noted first stays, and who was deleted meanwhile does not come back."""
    row, _ = Customer.objects.get_or_create(user=user, defaults={"provider_id": made})
    if row.provider_id is None:
        anew = Customer.objects.filter(pk=row.pk, provider_id=None, lost_id=lost)
        anew.update(provider_id=made)
        row.refresh_from_db(fields=["provider_id"])
    return row.provider_id or made


def set_up_card(*, user: User, payment_method: str, now: datetime) -> CardSetup:
    """Keep a card without buying. The buyer's bank may ask them first.

    Raises CardNotKept when the bank says no, and GatewayUnavailable: if the card
    was kept all the same, the provider's news says so.
    """
    try:
        setup = _set_up(user, payment_method, now)
    except CustomerForgotten:
        setup = _set_up(user, payment_method, now)  # For a new customer.
    if setup.status == CardSetupStatus.FAILED:
        raise CardNotKept(setup.decline_code)
    return setup


def _set_up(user: User, payment_method: str, now: datetime) -> CardSetup:
    customer = ensure_customer(user)
    setup = CardSetup.objects.create(
        user=user,
        payment_method=payment_method,
        consented_at=now,
        created_at=now,
        ask_after=now + FIRST_LOOK,
    )
    with telling.staff_are_told(), forgetting.learning(customer, now):
        answer = get_gateway().set_up_card(
            customer=customer,
            payment_method=payment_method,
            key=setup.key,
            return_url=f"{settings.SITE_URL}/you",
            reference=str(setup.pk),
        )
    return apply_setup(setup=setup, intent=answer, now=now)


@transaction.atomic
def apply_setup(*, setup: CardSetup, intent: Intent, now: datetime) -> CardSetup:
    """Bring a card setup to what the provider says; twice changes nothing."""
    setup = CardSetup.objects.select_for_update(no_key=True).get(pk=setup.pk)
    if setup.status in (CardSetupStatus.SUCCEEDED, CardSetupStatus.FAILED):
        return setup
    setup.provider_id, setup.client_secret = intent.id, intent.client_secret
    setup.next_action = intent.next_action
    if intent.decline:
        setup.decline_code = intent.decline.code[:60]
    setup.save()
    if intent.status == IntentStatus.SUCCEEDED and intent.card:
        _keep(setup, intent.card, now)
    elif intent.status == IntentStatus.REQUIRES_ACTION:
        if setup.status != CardSetupStatus.REQUIRES_ACTION:
            setup.move_to(CardSetupStatus.REQUIRES_ACTION)
    elif intent.status != IntentStatus.PROCESSING:
        setup.move_to(CardSetupStatus.FAILED)
    return setup


def _keep(setup: CardSetup, card: CardDetails, now: datetime) -> None:
    """The set-up has failed after all, where the card is in another buyer's list."""
    keep_card(user=setup.user, card=card, now=now)
    if _kept(setup, card.id):
        setup.move_to(CardSetupStatus.SUCCEEDED)
    else:
        refused = PaymentMethodRefused.code
        setup.move_to(CardSetupStatus.FAILED, decline_code=refused)


def card_kept_by(setup: CardSetup) -> UUID | None:
    """The card that this kept, unless it has been removed or lost since."""
    if setup.status != CardSetupStatus.SUCCEEDED:
        return None
    return _kept(setup, setup.payment_method)


def _kept(setup: CardSetup, provider_id: str) -> UUID | None:
    own = SavedCard.objects.filter(user=setup.user_id, provider_id=provider_id)
    usable = own.filter(removed_at=None, lost_at=None)
    return usable.values_list("pk", flat=True).first()


@transaction.atomic
def choose_default(*, card: SavedCard, now: datetime) -> SavedCard:
    """Make this kept card the one that is offered first.

    Raises SavedCardExpired, and SavedCardGone for one that was removed or lost.
    """
    if has_expired(card, now):
        raise SavedCardExpired(month=card.exp_month, year=card.exp_year)
    list(Customer.objects.select_for_update().filter(user=card.user_id))
    SavedCard.objects.filter(user=card.user_id, is_default=True).update(
        is_default=False
    )
    kept = SavedCard.objects.filter(pk=card.pk, removed_at=None, lost_at=None)
    if not kept.update(is_default=True):
        raise SavedCardGone
    card.is_default = True
    return card


def remove_card(*, card: SavedCard, now: datetime) -> None:
    """Forget a card, here and at the provider; twice is no error.

    Here first: from that moment it pays for nothing. A provider that does not
    answer, or refuses, is asked again by the sweep.
    """
    with transaction.atomic(durable=True):
        SavedCard.objects.filter(pk=card.pk, removed_at=None).update(
            removed_at=now, is_default=False
        )
    with suppress(GatewayUnavailable, GatewayRefused):
        _forget(card, now)


def forget_removed_cards(*, now: datetime, limit: int) -> int:
    """Have the provider forget what it has not yet; says how many it did.

    Each card that is tried goes behind those that were not: what is refused, or
    meets a bug, comes again after a while and keeps nothing else waiting.
    """
    owed = SavedCard.objects.filter(removed_at__lte=now, forgotten_at=None)
    due = owed.filter(Q(forget_after=None) | Q(forget_after__lte=now))
    in_turn = due.order_by(Coalesce("forget_after", "removed_at"), "pk")
    forgotten, run = 0, Run()
    for card in list(in_turn[:limit]):
        SavedCard.objects.filter(pk=card.pk).update(forget_after=now + NEXT_TRY)
        with run.apart(card):
            try:
                _forget(card, now)
            except GatewayRefused:
                continue
            except GatewayUnavailable:
                break
            forgotten += 1
    return forgotten


def _forget(card: SavedCard, now: datetime) -> None:
    """Detach it, and what the provider kept of it each time it was typed."""
    with telling.staff_are_told():
        get_gateway().detach_card(payment_method=card.provider_id)
        for customer in CUSTOMER.all(user=card.user_id) if card.fingerprint else []:
            # With a customer that it has deleted, it has forgotten the card too.
            with suppress(CustomerForgotten):
                _forget_each(card, customer.provider_id or "", now)
    SavedCard.objects.filter(pk=card.pk).update(forgotten_at=now)


def _forget_each(card: SavedCard, customer: str, now: datetime) -> None:
    if not customer:
        return
    gateway = get_gateway()
    kept = SavedCard.objects.filter(user=card.user_id, removed_at=None)
    still_wanted = set(kept.values_list("provider_id", flat=True))
    with forgetting.learning(customer, now):
        found = gateway.list_cards(customer=customer)
    for other in found:
        if other.fingerprint == card.fingerprint and other.id not in still_wanted:
            gateway.detach_card(payment_method=other.id)
