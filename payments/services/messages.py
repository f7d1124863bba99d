"""What we tell people about their money. Sent once each: the keys say so."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from notifications import services as notifications
from notifications.models import Notification
from notifications.services.enqueueing import Message
from payments.models import Order, OrderStatus, Payment, Refund, RefundReason
from payments.money import in_words
from payments.services.declines import reason

# News about money stays news for longer than a concert.
TTL = timedelta(days=3)
EVENT_REFUND = "event_refund"
# What the key of this news begins with; the order's id follows.
CALLED_OFF = "called-off:"
# And with this the question of a bank to who waited; the order's id follows too.
CALL = "waitlist-authenticate:"


def tell_receipt(order: Order, *, now: datetime) -> None:
    notifications.enqueue(user=order.user, **receipt(order, now=now))


def receipt(order: Order, *, now: datetime) -> Message:
    """What the buyer of a paid order is told."""
    tickets = (
        "1 ticket" if order.hold.quantity == 1 else f"{order.hold.quantity} tickets"
    )
    came = "Your turn on the waitlist came. " if order.hold.from_waitlist else ""
    return {
        "kind": "receipt",
        "dedupe_key": f"receipt:{order.pk}",
        "title": f"You're going: {order.event.name}",
        "body": (
            f"{came}{tickets} for {order.event.name}, {_total(order)}. "
            f"Order {order.reference}. Your tickets are in the app."
        ),
        "link": f"/orders/{order.pk}",
        "now": now,
        "ttl": TTL,
    }


def tell_too_late(
    order: Order, amount: int, reason: RefundReason, *, now: datetime
) -> None:
    """Money came that may not buy the tickets: say where it is."""
    name = order.event.name
    whys = {
        RefundReason.EVENT_CANCELLED: f"{name} was cancelled while you were paying",
        RefundReason.MISMATCH: f"What was paid for {name} is not what it costs",
    }
    too_late = f"Your payment for {name} came after the tickets were gone"
    why = whys.get(reason, too_late)
    notifications.enqueue(
        user=order.user,
        kind="paid_too_late",
        dedupe_key=f"too-late:{order.pk}",
        title="Your payment goes back",
        body=(
            f"{why}, so you have no tickets. {in_words(amount, order.currency)} goes "
            f"back to your card. Order {order.reference}. You need not do anything."
        ),
        link=f"/orders/{order.pk}",
        now=now,
        ttl=TTL,
    )


def tell_surplus(order: Order, payment: Payment, amount: int, *, now: datetime) -> None:
    """Money came that the order does not need: say that it is not for the tickets."""
    stands = {
        OrderStatus.PENDING: "It does not pay for your order, which is still open.",
        OrderStatus.CANCELLED: "Your order stays cancelled.",
    }.get(OrderStatus(order.status), "Your order stays as it is.")
    notifications.enqueue(
        user=order.user,
        kind="paid_too_late",
        dedupe_key=f"surplus:{payment.pk}",
        title="A charge goes back to your card",
        body=(
            f"Your card was charged {in_words(amount, payment.currency)} for "
            f"{order.event.name} on a payment that had been cancelled. All of it goes "
            f"back to your card. {stands} Order {order.reference}. You need not do "
            "anything."
        ),
        link=f"/orders/{order.pk}",
        now=now,
        ttl=TTL,
    )


def tell_called_off(order: Order, *, now: datetime) -> None:
    paid = (
        f"What you paid for order {order.reference} goes back to your card. You need "
        "not do anything."
        if order.amount
        else f"Order {order.reference} has ended."
    )
    _tell_cancelled(order, paid, now)


def tell_ended(order: Order, *, now: datetime) -> None:
    """Cancelled, and nothing is owed: so say no more of money than is true."""
    money = (
        f"Order {order.reference} has ended. Its money went back before, or is with "
        "your bank."
    )
    _tell_cancelled(order, money, now)


def _tell_cancelled(order: Order, money: str, now: datetime) -> None:
    notifications.enqueue(
        user=order.user,
        kind="event_called_off",
        dedupe_key=f"{CALLED_OFF}{order.pk}",
        title=f"Cancelled: {order.event.name}",
        body=f"{order.event.name} does not take place. {money}",
        link=f"/orders/{order.pk}",
        now=now,
        ttl=TTL,
    )


@transaction.atomic
def tell_postponed(order: Order, *, now: datetime) -> None:
    """Once for each date that does not hold."""
    event = order.event
    # Staff may have entered the next date already.
    date = event.moved_from or event.local_date
    again = f":{event.retimed_at}" if event.retimed_at else ""
    notifications.enqueue(
        user=order.user,
        kind="event_called_off",
        dedupe_key=f"postponed:{order.pk}:{date}{again}",
        title=f"Postponed: {event.name}",
        body=(
            f"{event.name} does not take place on {date:%-d %B}. Your tickets "
            "are good for the new date, which we will tell you. If you do not want to "
            "wait for it, or cannot come then, hand them back in the app and get your "
            "money back."
        ),
        link=f"/orders/{order.pk}",
        now=now,
        ttl=TTL,
    )
    Order.objects.filter(pk=order.pk).update(
        told_postponed_for=date, told_retimed_at=None
    )


@transaction.atomic
def tell_start(order: Order, *, moved: bool, refundable: bool, now: datetime) -> None:
    """When it takes place; once for each time that this has changed.

    `moved` if its buyer has not yet been told that the date is another one.
    """
    event = order.event
    when = f"{event.local_date:%-d %B %Y}"
    if event.starts_at:
        when = f"{event.starts_at.astimezone(event.venue.zone):%-d %B %Y at %H:%M}"
    title = f"New date: {event.name}" if moved else f"Now on {when}: {event.name}"
    offer = (
        "If you cannot come, hand them back in the app before it begins and get your "
        "money back."
    )
    notifications.enqueue(
        user=order.user,
        kind="event_called_off",
        dedupe_key=f"start:{order.pk}:{event.local_date}:{event.retimed_at}",
        title=title,
        body=(
            f"{event.name} takes place on {when}. Your tickets are good for it. "
            f"{offer if refundable else ''}"
        ).strip(),
        link=f"/orders/{order.pk}",
        now=now,
        ttl=TTL,
    )
    Order.objects.filter(pk=order.pk).update(told_retimed_at=event.retimed_at)


def tell_refunded(order: Order, refund: Refund, *, now: datetime) -> None:
    notifications.enqueue(user=order.user, **refunded(order, refund, now=now))


def refunded(order: Order, refund: Refund, *, now: datetime) -> Message:
    """What the buyer is told once the provider has paid a refund."""
    kind = _kind_of(refund)
    why = f"{order.event.name} was cancelled. " if kind == EVENT_REFUND else ""
    return {
        "kind": kind,
        "dedupe_key": f"refund:{refund.pk}:{refund.attempts}",
        "title": f"{in_words(refund.amount, refund.currency)} goes back to your card",
        "body": (
            f"{why}We have refunded {in_words(refund.amount, refund.currency)} for "
            f"order {order.reference}. Your bank shows it within 5 to 10 days."
        ),
        "link": f"/orders/{order.pk}",
        "now": now,
        "ttl": TTL,
    }


def _kind_of(refund: Refund) -> str:
    cancelled = refund.reason == RefundReason.EVENT_CANCELLED
    return EVENT_REFUND if cancelled else "refund"


def tell_refund_came_back(order: Order, refund: Refund, *, now: datetime) -> None:
    """We said that it was on its way, and the buyer's bank did not take it."""
    amount = in_words(refund.amount, refund.currency)
    notifications.enqueue(
        user=order.user,
        kind=_kind_of(refund),
        dedupe_key=f"refund-came-back:{refund.pk}:{refund.attempts}",
        title=f"{amount} did not reach you",
        body=(
            f"Your bank has sent the {amount} that we refunded for order "
            f"{order.reference} back to us. Staff have been told, and will send it "
            "again or find another way. If your card is closed, tell us."
        ),
        link=f"/orders/{order.pk}",
        now=now,
        ttl=TTL,
    )


def _total(order: Order) -> str:
    return in_words(order.amount, order.currency) if order.amount else "free of charge"


def was_called(order_id: UUID) -> bool:
    """Whether its buyer was told that their bank asks them."""
    return Notification.objects.filter(dedupe_key=f"{CALL}{order_id}").exists()


def tell_to_authenticate(order: Order, *, now: datetime) -> None:
    """The bank wants the buyer; the tickets wait for them, but not for long."""
    hold = order.hold
    until = hold.expires_at.astimezone(order.event.venue.zone)
    notifications.enqueue(
        user=order.user,
        kind="waitlist_authenticate",
        dedupe_key=f"{CALL}{order.pk}",
        title=f"Confirm your tickets for {order.event.name}",
        body=(
            f"Your turn on the waitlist came. Your bank wants you to confirm "
            f"{_total(order)}. Do it by {until:%H:%M}, or the tickets go to the next "
            "in line. You have not been charged yet."
        ),
        link=f"/orders/{order.pk}",
        payload={"order": str(order.pk)},
        now=now,
        ttl=hold.expires_at - now,
    )


def tell_waitlist_declined(order: Order, decline_code: str, *, now: datetime) -> None:
    notifications.enqueue(
        user=order.user,
        kind="waitlist_declined",
        dedupe_key=f"waitlist-declined:{order.pk}",
        title=f"No tickets for {order.event.name}",
        body=(
            f"Your turn on the waitlist came, but your card was declined. "
            f"{reason(decline_code)} You have not been charged. The tickets went to "
            "the next in line."
        ),
        link=f"/events/{order.event_id}",
        now=now,
        ttl=TTL,
    )
