"""What the API says about orders and cards. No queries here."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings

from inventory.documents import event_brief, named
from inventory.instants import utc
from inventory.listing.cards import money
from payments import services
from payments.models import (
    COUNTED_REFUND,
    AttemptStatus,
    CardSetup,
    CardSetupStatus,
    OrderStatus,
    PaymentStatus,
    RefundStatus,
    SavedCard,
)
from payments.told import Told

JSON = dict[str, Any]
Absolute = Callable[[str], str]


def order_document(
    order: Told, *, can_hand_back: bool, now: datetime, absolute: Absolute
) -> JSON:
    """An order as its buyer sees it, of what `told_orders` found."""
    hold, lines = order.hold, order.lines
    return {
        "id": order.id,
        "reference": order.reference,
        "status": order.status,
        "event": event_brief(order.event),
        "ticket_type": named(order.ticket_type),
        "quantity": hold.quantity,
        "total": money(order.amount, order.currency),
        "lines": [_line(line, order) for line in lines],
        "payment": _payment(order, absolute),
        "hold": {
            "id": hold.id,
            "status": hold.status,
            "expires_at": utc(hold.expires_at),
        },
        "can_hand_back": can_hand_back,
        "refunds": [_refund(refund, order) for refund in order.refunds],
        "dispute": order.dispute,
        "tickets": [line.ticket_id for line in lines if not line.is_returned],
        "created_at": utc(order.created_at),
        "paid_at": utc(order.paid_at),
        "server_time": utc(now),
    }


def _line(line: Told, order: Told) -> JSON:
    included = line.total_amount == line.unit_amount + line.fee_amount
    fee, tax = (
        money(amount, order.currency) for amount in (line.fee_amount, line.tax_amount)
    )
    return {
        "ticket": line.ticket_id,
        "unit": money(line.unit_amount, order.currency),
        "fee": fee | {"name": order.ticket_type.fee_name},
        "tax": tax | {"name": order.event.venue.tax_name, "included": included},
        "total": money(line.total_amount, order.currency),
        "returned": line.is_returned,
    }


def _refund(refund: Told, order: Told) -> JSON:
    return {
        "id": refund.id,
        "amount": money(refund.amount, refund.currency),
        "status": refund.status,
        "replaced": _is_replaced(refund, order),
        "reason": refund.reason,
        "created_at": utc(refund.created_at),
    }


def _is_replaced(refund: Told, order: Told) -> bool:
    """It failed, and others give back all that its payment was."""
    if refund.status != RefundStatus.FAILED:
        return False
    [payment] = [each for each in order.payments if each.id == refund.payment_id]
    others = [each for each in order.refunds if each.payment_id == payment.id]
    counted = [each.amount for each in others if each.status in COUNTED_REFUND]
    return sum(counted) >= payment.amount


def _payment(order: Told, absolute: Absolute) -> JSON | None:
    """The latest payment, as the card that was tried last left it.

    While the order is open a surplus is not told of here, where it would look as if
    the order were paid; its refund is.
    """
    is_open = order.status == OrderStatus.PENDING
    own = [p for p in order.payments if not (p.surplus and is_open)]
    if not own:
        return None
    payment = max(own, key=lambda p: (p.is_live, p.surplus, p.created_at))
    last = payment.last_attempt
    asks = payment.status == PaymentStatus.REQUIRES_ACTION
    return {
        "status": _status(payment, last),
        "provider": provider(),
        # Whoever knows it can pay the intent, so it is told when it is needed.
        "client_secret": payment.client_secret if asks else None,
        "next_action": _next_action(last.next_action, absolute)
        if asks and last
        else None,
        "decline": _decline(last),
    }


def _status(payment: Told, last: Told | None) -> str:
    """A card that was sent and not answered for is being processed, for all we know."""
    unanswered = last and last.status == AttemptStatus.STARTED
    if payment.status == PaymentStatus.CREATED and unanswered:
        return PaymentStatus.PROCESSING
    return payment.status


def _next_action(action: JSON | None, absolute: Absolute) -> JSON | None:
    """What the client does next; a page of ours is named as this caller reaches us."""
    if action is None:
        return None
    url = action.get("url")
    if url and url.startswith(settings.SITE_URL):
        parts = urlsplit(url)
        url = absolute(f"{parts.path}?{parts.query}")
    return {"type": action["type"], "url": url}


def _decline(last: Told | None) -> JSON | None:
    if last is None or last.status != AttemptStatus.DECLINED:
        return None
    return decline_document(last.decline_code)


def decline_document(decline_code: str) -> JSON:
    """Why a card was refused and what to do now, as a refusal would say it."""
    code = services.public_code(decline_code)
    return {
        "code": code,
        "message": services.reason(code),
        "action": services.action(code),
        "charged": False,
    }


def card_document(card: SavedCard, *, now: datetime) -> JSON:
    return {
        "id": card.pk,
        "brand": card.brand,
        "last4": card.last4,
        "exp_month": card.exp_month,
        "exp_year": card.exp_year,
        "expired": services.has_expired(card, now),
        "usable": services.is_usable(card, now),
        "is_default": card.is_default,
    }


def setup_document(setup: CardSetup, *, card: UUID | None, absolute: Absolute) -> JSON:
    asks = setup.status == CardSetupStatus.REQUIRES_ACTION
    refused = setup.status == CardSetupStatus.FAILED and setup.decline_code
    return {
        "id": setup.pk,
        "status": setup.status,
        "provider": provider(),
        "client_secret": setup.client_secret if asks else None,
        "next_action": _next_action(setup.next_action, absolute) if asks else None,
        "decline": decline_document(setup.decline_code) if refused else None,
        "card": card,
    }


def provider() -> str:
    return "sandbox" if settings.PAYMENT_SANDBOX else "stripe"
