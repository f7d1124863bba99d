"""From a hold to a paid order.

Lock order: order, payment, card and entry of a mandate, hold, tickets; a hold's first
order begins with the hold (`opening`). The provider is only ever asked with no
transaction open; between two of its answers everything known is committed, so that a
crash at any point leaves something that can be asked about and cancelled.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime

from django.conf import settings
from django.db import IntegrityError, transaction

from accounts.models import User
from events.models import Event
from inventory import services as inventory
from inventory.models import Hold, HoldStatus
from inventory.pricing import Quote
from inventory.services import quoting
from payments.gateways import (
    GatewayRefused,
    GatewayUnavailable,
    Intent,
    PaymentMethodRefused,
    get_gateway,
)
from payments.models import (
    OPEN_PAYMENT,
    PAID_ORDER,
    Mandate,
    Order,
    OrderStatus,
    Payment,
    PaymentAttempt,
    PaymentStatus,
)
from payments.services import (
    asking,
    books,
    cards,
    forgetting,
    opening,
    outcomes,
    refusals,
    settling,
    turns,
)
from payments.services.errors import (
    EventOff,
    OrderClosed,
    PaymentInProgress,
    PaymentMethodMissing,
    SavedCardGone,
)
from payments.services.knowing import Known
from payments.services.opening import FIRST_QUESTION, OFF, Opened
from payments.services.turns import Turn
from ticketapp import writing
from ticketapp.compiled import Compiled, all_but

WAITING = (PaymentStatus.REQUIRES_ACTION, PaymentStatus.PROCESSING)
ORDER_OF_HOLD = Compiled(
    lambda hold: Order.objects.filter(hold=hold).select_related("hold")
)
LOCKED_ORDER_OF_HOLD = Compiled(
    lambda hold: (
        Order.objects.select_for_update(of=("self",), no_key=True)
        .select_related("hold", "event")
        .defer(*all_but("event", Event, *books.ASKED_OF_EVENT))
        .filter(hold=hold)
    )
)
OPEN = Payment.objects.filter(status__in=OPEN_PAYMENT).order_by("pk")
OPEN_PAYMENT_OF = Compiled(lambda order: OPEN.filter(order=order))


def place_order(
    *,
    user: User,
    hold: Hold,
    payment_method: str | None,
    save_card: bool = False,
    mandate: Mandate | None = None,
    now: datetime,
) -> Order:
    """Order the tickets of `hold` and pay for them with a card.

    With a `mandate` nobody is there to be asked: MandateOverError if it does not
    cover this at the last moment, and after a decline the hold stays `paying`.

    Gives the order paid, or waiting for the buyer's bank, or, when the provider
    stopped answering half-way, pending: then the sweeps find out. A repeat goes
    on where the last one stopped. Raises CardDeclined (the tickets stay held),
    PaymentInProgress, HoldExpired, EventOff, OrderClosed, PaymentMethodMissing,
    and before anything was charged GatewayUnavailable or GatewayRefused.
    """
    known = _order_of(hold)
    if known and (told := _what_is_known(known, now, another_card=False)):
        return told
    if not (payment_method and hold.total_amount):
        return _order_for_free(hold, now)
    card = cards.card_to_pay_with(user=user, payment_method=payment_method, now=now)
    customer = cards.customer_for(user=user, card=card, save_card=save_card)
    turn = None if known else _first_turn(hold, customer, now)
    turn = turn or _reopen_order(hold, customer, now)
    if turn is None:
        return Order.objects.get(hold=hold)
    return _pay(replace(turn, mandate=mandate), card, customer, save_card, now)


def pay_order(
    *,
    order: Order,
    payment_method: str,
    save_card: bool = False,
    mandate: Mandate | None = None,
    now: datetime,
) -> Order:
    """Pay a pending order with another card, within its hold.

    An unfinished challenge of the bank is given up for it. With a `mandate` its bank
    may ask the buyer; it has the last word here too. Gives and raises what
    `place_order` does; an order that is paid is simply given.
    """
    if told := _what_is_known(order, now, another_card=True):
        return told
    user = order.user
    card = cards.card_to_pay_with(user=user, payment_method=payment_method, now=now)
    customer = cards.customer_for(user=user, card=card, save_card=save_card)
    try:
        turn = _reopen_order(order.hold, customer, now)
    except inventory.HoldExpired:
        order.refresh_from_db()
        if order.status in PAID_ORDER:  # Late money was honoured on another hold.
            return order
        raise
    if turn is None:
        return Order.objects.get(pk=order.pk)
    turn = replace(turn, mandate=mandate, asks_buyer=mandate is not None)
    return _pay(turn, card, customer, save_card, now)


def _order_of(hold: Hold) -> Order | None:
    """The order that a hold has; not read again where it was read with the hold."""
    if Hold.order.is_cached(hold):
        return getattr(hold, "order", None)
    return ORDER_OF_HOLD.first(hold=hold.pk)


def _what_is_known(order: Order, now: datetime, *, another_card: bool) -> Order | None:
    """The order, if there is nothing left to pay now; None to go on paying.

    An attempt whose lease is over is asked about first, and a challenge that is
    given up is cancelled first, so that no two attempts can both take money.
    """
    payment = OPEN_PAYMENT_OF.first(order=order.pk)
    if payment and order.status == OrderStatus.PENDING:
        payment.order = order
        _clear_the_way(order, payment, now, another_card=another_card)
        order.refresh_from_db()
    if order.status == OrderStatus.CANCELLED:
        raise outcomes.closed(order, now=now)
    waits = order.payments.filter(status__in=WAITING).exists()
    return order if order.status in PAID_ORDER or waits else None


def _clear_the_way(
    order: Order, payment: Payment, now: datetime, *, another_card: bool
) -> None:
    challenged = payment.status == PaymentStatus.REQUIRES_ACTION
    paying = order.hold.status == HoldStatus.PAYING
    dearer = not paying and _has_fallen(order, now)
    if (challenged and another_card) or dearer:
        asking.cancel_payment(payment=payment, now=now)
    elif paying and asking.lease_is_over(order.hold, now):
        asking.ask_about(payment=payment, now=now)
    elif paying and payment.status == PaymentStatus.CREATED:
        raise PaymentInProgress(order=str(order.pk))


def _has_fallen(order: Order, now: datetime) -> bool:
    """Whether the price fell since the last card was tried."""
    today = quoting.todays_quote(hold=order.hold, now=now)
    return today.total_amount * order.hold.quantity < order.amount


def _first_turn(hold: Hold, customer: str, now: datetime) -> Turn | None:
    """Commit the order and its payment; of two devices the second gets None.

    None too when there is nothing to pay any more: then the order is settled.
    """
    opening.refuse_in_transaction()
    price = quoting.price_due(hold=hold, now=now)
    with _unless_a_rival_was_first(hold):
        if price.total_amount:
            return opening.open_order(
                hold=hold, price=price, customer=customer, now=now
            )
        with transaction.atomic():
            _settle_first_order(hold, price, now)
    return None


def _order_for_free(hold: Hold, now: datetime) -> Order:
    """The order without a card: nothing is committed if it costs something."""
    price = quoting.price_due(hold=hold, now=now)
    with _unless_a_rival_was_first(hold), transaction.atomic(durable=True):
        if _settle_first_order(hold, price, now):
            return Order.objects.get(hold=hold)
    with transaction.atomic(durable=True):
        if _take_turn(hold, "", now):
            raise PaymentMethodMissing
    return Order.objects.get(hold=hold)


def _settle_first_order(hold: Hold, price: Quote, now: datetime) -> bool:
    """Make a first order and settle it, if it is free; whether it could be made."""
    turn = opening.open_order(hold=hold, price=price, customer="", now=now)
    if turn and price.total_amount:
        raise PaymentMethodMissing
    if turn:
        settling.settle_free(turn.order, now=now)
    return turn is not None


@contextmanager
def _unless_a_rival_was_first(hold: Hold) -> Iterator[None]:
    """A hold has one order: where a rival's came first, go on with that."""
    try:
        yield
    except IntegrityError:
        if not ORDER_OF_HOLD.first(hold=hold.pk):
            raise


@transaction.atomic(durable=True)
def _reopen_order(hold: Hold, customer: str, now: datetime) -> Turn | None:
    return _take_turn(hold, customer, now)


def _take_turn(hold: Hold, customer: str, now: datetime) -> Turn | None:
    """Take the hold for the next payment of its order; of two devices one gets it.

    None if the order is settled already, or free by now.
    """
    order = LOCKED_ORDER_OF_HOLD.first(hold=hold.pk)
    event = order.event if order else Event.objects.get(pk=hold.event_id)
    if event.status in OFF:
        raise EventOff  # A hold may outlive the event it is for.
    if order is None:
        raise opening.hold_expired(hold, now)
    if order.status in PAID_ORDER:
        return None
    if order.status != OrderStatus.PENDING:
        raise outcomes.closed(order, now=now)
    order.hold = _start_paying(order, now)
    payment = OPEN_PAYMENT_OF.first(order=order.pk)
    if payment is None:
        _pass_on_fall(order, now)
    if not order.amount:
        settling.settle_free(order, now=now)
        return None
    payment = _payment_of(order, payment, customer, now)
    return Turn(order, payment, now + settings.PAYMENT_LEASE)


def _start_paying(order: Order, now: datetime) -> Hold:
    try:
        return inventory.start_paying(
            hold=order.hold, now=now, lease=settings.PAYMENT_LEASE
        )
    except inventory.HoldBeingPaid as other:
        payment = OPEN_PAYMENT_OF.first(order=order.pk)
        asks = bool(payment and payment.status == PaymentStatus.REQUIRES_ACTION)
        raise PaymentInProgress(order=str(order.pk), asks_buyer=asks) from other
    except inventory.HoldExpired as over:
        raise opening.hold_expired(order.hold, now) from over


def _pass_on_fall(order: Order, now: datetime) -> None:
    """A lower price of today is the buyer's, while no intent is open."""
    order.hold = quoting.pass_on_fall(hold=order.hold, now=now)
    if order.amount != order.hold.total_amount:
        order.amount = order.hold.total_amount
        order.save(update_fields=["amount"])


def _payment_of(
    order: Order, payment: Payment | None, customer: str, now: datetime
) -> Payment:
    """The order's open payment, or a new one: the order's lock makes it the only."""
    if payment is None:
        payment = Payment(
            order=order,
            amount=order.amount,
            currency=order.currency,
            customer_id=customer,
            created_at=now,
            check_after=now + FIRST_QUESTION,
        )
        writing.insert(payment)
        return payment
    payment.order, payment.check_after = order, now + FIRST_QUESTION
    writing.update(payment, "check_after")
    return payment


def _pay(
    turn: Turn, card: cards.Card, customer: str, save_card: bool, now: datetime
) -> Order:
    """Create the intent, commit, confirm it with the card, settle."""
    with refusals.staff_are_told(hold=turn.order.hold):
        with forgetting.learning(customer, now):
            opened = _open_intent(turn, customer, now)
        try:
            attempt = _begin(turn, opened, card, customer, save_card, now)
        except OrderClosed:
            return outcomes.overtaken(turn.order, now=now)
        try:
            with forgetting.learning(customer, now, kept=card.kept):
                answer = _confirm(turn, opened, attempt)
        except GatewayUnavailable:
            # It may have been charged: the hold stays, and the sweeps find out.
            return turn.order
        except (PaymentMethodRefused, GatewayRefused, SavedCardGone) as refusal:
            turns.refuse_attempt(turn, attempt, refusal, now=now)
            raise
    settled = _settle(turn, attempt, answer, now)
    if settled and settled.status in PAID_ORDER:
        return settled
    return outcomes.outcome(turn.order, attempt, now=now)


def _begin(
    turn: Turn,
    opened: Opened,
    card: cards.Card,
    customer: str,
    save_card: bool,
    now: datetime,
) -> PaymentAttempt:
    return opening.begin_attempt(
        turn,
        opened,
        payment_method=card.provider_id,
        customer=customer,
        save_card=save_card and not card.is_saved,
        now=now,
    )


def _confirm(turn: Turn, opened: Opened, attempt: PaymentAttempt) -> Intent:
    return get_gateway().confirm_intent(
        intent_id=opened.intent_id,
        payment_method=attempt.payment_method,
        key=attempt.key,
        return_url=f"{settings.SITE_URL}/orders/{turn.order.pk}",
        off_session=turn.is_off_session,
        save_card=attempt.save_card,
    )


def _settle(
    turn: Turn, attempt: PaymentAttempt, told: Intent, now: datetime
) -> Order | None:
    """Act on what our own card was told, unless somebody did already."""
    known = Known.of_attempt(attempt, PaymentStatus.CREATED, turn.lease_until)
    try:
        return settling.apply_intent(
            payment=turn.payment, intent=told, known=known, now=now
        )
    except settling.OutOfDateError:
        with suppress(GatewayUnavailable):
            asking.ask_about(payment=turn.payment, now=now)
    return None


def _open_intent(turn: Turn, customer: str, now: datetime) -> Opened:
    """The intent to confirm, made if need be and open to the card's customer."""
    payment, opened = turn.payment, None
    try:
        if payment.intent_id:
            opened = Opened(payment.intent_id, payment.client_secret)
        else:
            intent = asking.open_intent(payment)
            opened = Opened(intent.id, intent.client_secret)
        if customer and customer != payment.customer_id:
            get_gateway().set_intent_customer(
                intent_id=opened.intent_id, customer=customer
            )
    except (GatewayUnavailable, GatewayRefused) as trouble:
        if isinstance(trouble, GatewayRefused) and opened is None:
            refusals.end_unopened(payment, now=now)
        turns.hand_back(turn, now=now)
        raise
    return opened
