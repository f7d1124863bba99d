"""Charging under a mandate: when it may be done, and what became of it.

Lock order: order, payment, card, waitlist of the type, hold; an entry under one of
these (ADR 15).
"""

from datetime import datetime, timedelta

from events.models import Event, EventStatus
from inventory import services as inventory
from inventory.models import Hold, WaitlistEntry, WaitlistReason, WaitlistStatus
from payments.models import (
    AttemptStatus,
    Mandate,
    Order,
    Payment,
    PaymentAttempt,
    SavedCard,
)
from payments.services import messages
from payments.services.cards import is_usable

ASKS_BUYER = "authentication_required"
# Between this word and the card's network lies a call or two: no charge begins
# so late that it could be made after the mandate's end.
MARGIN = timedelta(seconds=30)
ANOTHER_DATE = (
    "The date or time of the event has changed since you agreed to a charge, so your "
    "card was not charged."
)


class MandateOverError(Exception):
    """The mandate does not cover charging this offer now, and never will again.

    `told` is what the buyer should know of it, beside the offer itself.
    """

    def __init__(self, why: str, *, told: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.told = told


def refuse_unless_covered(mandate: Mandate, hold: Hold, *, now: datetime) -> None:
    """The last word before the provider is asked; in the attempt's transaction.

    Begins the charge, or raises MandateOverError: above the mandate in amount,
    quantity or time, for another date of the event, with its card removed, after the
    entry left the line, or once the buyer has tickets another way.
    """
    card = SavedCard.objects.select_for_update(no_key=True).get(pk=mandate.card_id)
    if not is_usable(card, now):
        raise MandateOverError("the card was removed, is lost or has expired")
    covered = (
        hold.total_amount <= mandate.max_total_amount
        and hold.currency == mandate.currency
        and hold.quantity <= mandate.quantity
        and now < mandate.ends_at - MARGIN
    )
    if not covered:
        raise MandateOverError("it is above the mandate")
    if not mandate.is_for(Event.objects.get(pk=hold.event_id)):
        raise MandateOverError("the event has another date", told=ANOTHER_DATE)
    entry = WaitlistEntry.objects.filter(pk=mandate.entry_id)
    if entry.bought_another_way().exists():
        raise MandateOverError(WaitlistReason.BOUGHT_ANOTHER_WAY)
    if not entry.filter(hold=hold).exists():
        raise MandateOverError("the offer is over")
    if not inventory.begin_charge(hold=hold, now=now):
        raise MandateOverError("the offer is over")


def charges_under_one(payment: Payment) -> bool:
    """Whether the card tried last was tried while the buyer was away."""
    last = payment.attempts.order_by("-pk").first()
    return last is not None and last.is_off_session


def call_the_buyer(order: Order, payment: Payment, *, now: datetime) -> None:
    """Tell whoever is away that their bank asks them, once, with that news itself."""
    hold = order.hold
    asked = payment.attempts.filter(
        asks_buyer=True, status=AttemptStatus.REQUIRES_ACTION
    )
    open_to_it = WaitlistEntry.objects.filter(
        hold=hold, status=WaitlistStatus.OFFERED, charges_card=True
    )
    if hold.expires_at > now and asked.exists() and open_to_it.exists():
        messages.tell_to_authenticate(order, now=now)


def is_with_the_buyer(last: PaymentAttempt) -> bool:
    """Whether what comes after this attempt is for the buyer to do, not for us.

    Not where they have not heard that their bank asks: it never got our question.
    """
    if last.mandate_id is None:
        return True
    unheard = last.status == AttemptStatus.ABANDONED and not messages.was_called(
        last.payment.order_id
    )
    return last.asks_buyer and not unheard


def was_refused_unheard(last: PaymentAttempt) -> bool:
    """Whether the bank said no where it might have asked, so that nobody was called."""
    is_no = last.asks_buyer and last.status == AttemptStatus.DECLINED
    return is_no and not messages.was_called(last.payment.order_id)


def say_what_became(order: Order, *, now: datetime) -> None:
    """Before the hold of a lapsed offer is freed: whose fault was it?

    Where the bank or the buyer gave no good answer, the entry has had its turn.
    Where we never got an answer, it keeps its place.
    """
    hold = order.hold
    if not hold.from_waitlist or hold.expires_at > now:
        return
    if order.event.status in inventory.CLOSED_EVENT:
        return  # That is what became of it, and said with the hold's end.
    if not Mandate.objects.filter(entry__hold=hold).exists():
        return
    inventory.lock_waitlists([hold.ticket_type_id])
    Hold.objects.select_for_update().get(pk=hold.pk)
    attempts = PaymentAttempt.objects.filter(payment__order=order)
    last = attempts.select_related("payment").order_by("-pk").first()
    reason = last and reason_to_pass(last)
    if reason == WaitlistReason.NOT_AUTHENTICATED and _through_us(order):
        reason = None
    if not (last and reason):
        inventory.return_to_line(hold=hold)
        return
    passed = inventory.pass_offer(hold=hold, reason=reason, now=now)
    if passed and last.mandate_id and reason == WaitlistReason.CARD_DECLINED:
        messages.tell_waitlist_declined(order, last.decline_code, now=now)


def _through_us(order: Order) -> bool:
    """Whether the buyer could not pay, or had no reason to, for an event off sale."""
    entry = WaitlistEntry.objects.filter(hold=order.hold)
    off_sale = order.event.status != EventStatus.PUBLISHED
    return off_sale or entry.filter(reason=WaitlistReason.OUR_FAULT).exists()


def reason_to_pass(last: PaymentAttempt) -> WaitlistReason | None:
    """Why a charge failed, as far as the bank or the buyer made it; else None."""
    if last.status == AttemptStatus.DECLINED and last.decline_code != ASKS_BUYER:
        return WaitlistReason.CARD_DECLINED
    if last.status == AttemptStatus.DECLINED or is_with_the_buyer(last):
        return WaitlistReason.NOT_AUTHENTICATED
    return None
