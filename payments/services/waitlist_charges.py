"""Buying for people who wait: an offer with a mandate is a charge that is owed.

The offered entry is the work item. Whatever stops half-way is taken up by the
next look: the state of the order says where. The hold stays with the payment
flow until the provider has confirmed that the intent is cancelled, so nothing is
passed on under a payment that may still succeed.
"""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q

from inventory import services as inventory
from inventory.models import Hold, HoldStatus, WaitlistReason, WaitlistStatus
from payments.gateways import (
    GatewayMisconfigured,
    GatewayRefused,
    GatewayUnavailable,
    PaymentMethodRefused,
)
from payments.models import (
    OPEN_PAYMENT,
    AttemptStatus,
    Mandate,
    Order,
    PaymentAttempt,
)
from payments.services import asking, checkout, mandates, messages
from payments.services.cancelling import cancel_order
from payments.services.errors import (
    CardDeclined,
    EventOff,
    OrderClosed,
    PaymentInProgress,
    SavedCardGone,
)
from payments.services.mandates import ASKS_BUYER, MandateOverError

logger = logging.getLogger(__name__)
# How long a look keeps others away; longer than two calls to the provider.
LEASE = timedelta(seconds=30)
# A refusal that is not the card's lasts until staff did something.
REFUSED_WAIT = timedelta(minutes=5)
# After so many it is this charge that is refused: others wait, and its buyer may try.
MOST_REFUSALS = 2
# Somebody else has the order, or it is over: the sweeps or the buyer go on.
NOT_OURS = (inventory.HoldExpired, PaymentInProgress, OrderClosed, EventOff)


def charge_next_offer(*, now: datetime) -> bool:
    """Carry one offer with a mandate a step on; False when there is none.

    Call it with the present time, offer by offer: a mandate ends on the second.
    """
    mandate = _claim(now)
    if mandate is None:
        return False
    try:
        _carry_on(mandate, now)
    except GatewayUnavailable:
        pass  # Nothing is lost: the next look asks again.
    except GatewayRefused as refusal:
        _put_off(mandate, refusal, now)
    except Exception:
        logger.exception("The offer of %s could not be carried on", mandate.entry_id)
    return True


def _put_off(mandate: Mandate, refusal: GatewayRefused, now: datetime) -> None:
    """Our fault, and staff know: an offer that lapses so keeps its place in line.

    Where the provider does not let us in, the refusal is of everybody's charge.
    """
    of_this_one = not isinstance(refusal, GatewayMisconfigured)
    Mandate.objects.filter(pk=mandate.pk).update(
        lease_until=now + REFUSED_WAIT, refusals=F("refusals") + int(of_this_one)
    )


@transaction.atomic(durable=True)
def _claim(now: datetime) -> Mandate | None:
    """The offer that waits longest, kept from other workers for a while."""
    free = Q(lease_until=None) | Q(lease_until__lte=now)
    hold_is_free = Q(entry__hold__status=HoldStatus.ACTIVE) | Q(
        entry__hold__status=HoldStatus.PAYING, entry__hold__lease_until__lte=now
    )
    owed = Mandate.objects.filter(
        free,
        hold_is_free,
        entry__status=WaitlistStatus.OFFERED,
        entry__charges_card=True,
        entry__hold__expires_at__gt=now,
    )
    locked = owed.select_for_update(of=("self",), skip_locked=True, no_key=True)
    ordered = locked.order_by(F("lease_until").asc(nulls_first=True), "entry__number")
    mandate = ordered.select_related("card").first()
    if mandate:
        Mandate.objects.filter(pk=mandate.pk).update(lease_until=now + LEASE)
    return mandate


def _carry_on(mandate: Mandate, now: datetime) -> None:
    holds = Hold.objects.select_related("event", "ticket_type", "user")
    hold = holds.get(waitlist_entry__mandate=mandate)
    attempts = PaymentAttempt.objects.filter(payment__order__hold=hold)
    orders = attempts.select_related("payment__order__hold", "payment__order__user")
    last = orders.order_by("-pk").first()
    if last is None:
        _charge(mandate, hold, now)
    elif mandates.was_refused_unheard(last):
        _cancel_intents(last.payment.order, now)
        _pass_on(last.payment.order, last, now)
    elif mandates.is_with_the_buyer(last):
        return
    elif last.asks_buyer or last.status == AttemptStatus.DECLINED:
        _after_decline(mandate, hold, now)
    elif last.status == AttemptStatus.ABANDONED:
        # It never reached the bank. Its intent is given up, and all begins anew.
        _cancel_intents(last.payment.order, now)
        _charge(mandate, hold, now)
    # Else the bank has not answered, which is the sweep's to ask.


def _charge(mandate: Mandate, hold: Hold, now: datetime) -> None:
    if mandate.refusals >= MOST_REFUSALS:
        _tell_instead(hold, now)
        return
    try:
        checkout.place_order(
            user=hold.user,
            hold=hold,
            payment_method=str(mandate.card_id),
            mandate=mandate,
            now=now,
        )
    except (CardDeclined, PaymentMethodRefused):
        _after_decline(mandate, hold, now)
    except SavedCardGone:
        _tell_instead(hold, now)
    except MandateOverError as over:
        _leave_to_buyer(hold, over, now)
    except NOT_OURS:
        return


def _after_decline(mandate: Mandate, hold: Hold, now: datetime) -> None:
    """Cancel the intent; then ask the buyer if their bank wants that, or pass on."""
    order = Order.objects.select_related("hold", "user").get(hold=hold)
    _cancel_intents(order, now)
    attempts = PaymentAttempt.objects.filter(payment__order=order, mandate=mandate)
    declined = attempts.filter(asks_buyer=False).latest("pk")
    if declined.decline_code == ASKS_BUYER:
        try:
            if _ask_buyer(mandate, order, now):
                return
        except MandateOverError as over:
            _leave_to_buyer(hold, over, now)
            return
        _cancel_intents(order, now)
    _pass_on(order, attempts.latest("pk"), now)


def _cancel_intents(order: Order, now: datetime) -> None:
    for payment in order.payments.filter(status__in=OPEN_PAYMENT):
        payment.order = order
        asking.cancel_payment(payment=payment, now=now)


def _ask_buyer(mandate: Mandate, order: Order, now: datetime) -> bool:
    """Have the bank ask the buyer, who is told then; False if it says no at once."""
    try:
        checkout.pay_order(
            order=order,
            payment_method=str(mandate.card_id),
            mandate=mandate,
            now=now,
        )
    except SavedCardGone:
        _tell_instead(order.hold, now)
    except (CardDeclined, PaymentMethodRefused):
        return False
    except NOT_OURS:
        pass
    return True


def _pass_on(order: Order, declined: PaymentAttempt, now: datetime) -> None:
    try:
        with transaction.atomic(durable=True):
            if inventory.give_up_offer(
                hold=order.hold, reason=WaitlistReason.CARD_DECLINED, now=now
            ):
                messages.tell_waitlist_declined(order, declined.decline_code, now=now)
    except (inventory.HoldBeingPaid, inventory.HoldAlreadySold):
        return  # The buyer came, and pays by hand.
    cancel_order(order=order, now=now)


def _leave_to_buyer(hold: Hold, over: MandateOverError, now: datetime) -> None:
    """The mandate does not cover it: no charge, and the intent is cancelled."""
    if over.why == WaitlistReason.BOUGHT_ANOTHER_WAY:
        _cancel_intents_of(hold, now)
        inventory.give_up_offer(hold=hold, reason=over.why, now=now)
    else:
        _tell_instead(hold, now, told=over.told)


def _tell_instead(hold: Hold, now: datetime, told: str = "") -> None:
    _cancel_intents_of(hold, now)
    inventory.tell_instead(hold=hold, why=told, now=now)


def _cancel_intents_of(hold: Hold, now: datetime) -> None:
    for order in Order.objects.filter(hold=hold).select_related("hold", "user"):
        _cancel_intents(order, now)
