"""What the API says about orders and cards. No queries but the prefetched ones."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import orjson
from django.conf import settings
from django.db import connection
from django.db.models import Field, Model, QuerySet

from accounts.models import User
from events.models import Event, Venue
from inventory.documents import event_brief, named
from inventory.instants import utc
from inventory.listing.cards import money
from inventory.models import TicketType
from payments import services
from payments.models import (
    AttemptStatus,
    CardSetup,
    CardSetupStatus,
    Order,
    OrderLine,
    OrderStatus,
    Payment,
    PaymentAttempt,
    PaymentStatus,
    Refund,
    SavedCard,
)
from ticketapp.compiled import Compiled, all_but
from ticketapp.prepared import execute

JSON = dict[str, Any]
Absolute = Callable[[str], str]


def with_all_told(orders: QuerySet[Order]) -> QuerySet[Order]:
    """Load what an order's document is made of, in a fixed number of queries."""
    return orders.select_related("event__venue", "hold__ticket_type").prefetch_related(
        "lines", "payments__attempts", "payments__refunds"
    )


ASKED_OF_EVENT = (
    *("venue", "name", "status", "image_url", "starts_at", "doors_at", "ends_at"),
    "local_date",
)
ASKED_OF_VENUE = (
    *("name", "address", "city", "country", "location", "location_precision"),
    *("time_zone", "refund_policy", "tax_name"),
)
ORDER = Compiled(
    lambda order, user: (
        Order.objects.select_related("event__venue", "hold__ticket_type")
        .defer(*all_but("event", Event, *ASKED_OF_EVENT))
        .defer(*all_but("event__venue", Venue, *ASKED_OF_VENUE))
        .defer(*all_but("hold__ticket_type", TicketType, "name", "fee_name"))
        .filter(pk=order, user=user)
    )
)
# All that hangs on an order, each kind of row as one JSON text.
PARTS: dict[str, tuple[type[Model], str]] = {
    "lines": (OrderLine, "part.order_id = %(order)s"),
    "payments": (Payment, "part.order_id = %(order)s"),
    "attempts": (PaymentAttempt, "part.payment_id IN ({payments})"),
    "refunds": (Refund, "part.payment_id IN ({payments})"),
}
OF_ORDER = "SELECT id FROM payments_payment WHERE order_id = %(order)s"
TOLD = "/* told_order */ SELECT " + ", ".join(
    f"(SELECT coalesce(json_agg(part), '[]')::text FROM {model._meta.db_table} AS part"
    f" WHERE {wanted.format(payments=OF_ORDER)})"
    for model, wanted in PARTS.values()
)


def told_order(order_id: UUID, user: User) -> Order:
    """One order of `user` as `with_all_told` loads it, in two statements."""
    order = ORDER.get(order=order_id, user=user.pk)
    parts = _parts_of(order_id)
    for payment in parts["payments"]:
        payment._prefetched_objects_cache = {
            name: [part for part in parts[name] if part.payment_id == payment.pk]
            for name in ("attempts", "refunds")
        }
    order._prefetched_objects_cache = {
        name: parts[name] for name in ("lines", "payments")
    }
    return order


def _parts_of(order_id: UUID) -> dict[str, list[Any]]:
    params = {"order": order_id}
    with connection.cursor() as cursor:
        execute(cursor, TOLD, params=params)
        texts = cursor.fetchone()
    return {
        name: [_row(model, found) for found in orjson.loads(text)]
        for (name, (model, _)), text in zip(PARTS.items(), texts, strict=True)
    }


def _row(model: type[Model], found: JSON) -> Any:
    fields = model._meta.concrete_fields
    values = [_value(field, found[field.column]) for field in fields]
    return model.from_db(connection.alias, [f.attname for f in fields], values)


def _value(field: Field, value: Any) -> Any:
    """JSON has no ids and no times; what it has is right as it is."""
    return field.to_python(value) if isinstance(value, str) else value


def order_document(order: Order, *, now: datetime, absolute: Absolute) -> JSON:
    """An order as its buyer sees it. Load it `with_all_told`."""
    hold, lines = order.hold, sorted(order.lines.all(), key=lambda line: line.pk)
    return {
        "id": order.pk,
        "reference": order.reference,
        "status": order.status,
        "event": event_brief(order.event),
        "ticket_type": named(hold.ticket_type),
        "quantity": hold.quantity,
        "total": money(order.amount, order.currency),
        "lines": [_line(line, order) for line in lines],
        "payment": _payment(order, absolute),
        "hold": {
            "id": hold.pk,
            "status": hold.status,
            "expires_at": utc(hold.expires_at),
        },
        "can_hand_back": services.may_hand_back(order, now=now),
        "refunds": [_refund(refund) for refund in _refunds(order)],
        "tickets": [line.ticket_id for line in lines if not line.returned_at],
        "created_at": utc(order.created_at),
        "paid_at": utc(order.paid_at),
        "server_time": utc(now),
    }


def _line(line: OrderLine, order: Order) -> JSON:
    hold, venue = order.hold, order.event.venue
    included = line.total_amount == line.unit_amount + line.fee_amount
    fee, tax = (
        money(amount, order.currency) for amount in (line.fee_amount, line.tax_amount)
    )
    return {
        "ticket": line.ticket_id,
        "unit": money(line.unit_amount, order.currency),
        "fee": fee | {"name": hold.ticket_type.fee_name},
        "tax": tax | {"name": venue.tax_name, "included": included},
        "total": money(line.total_amount, order.currency),
        "returned": line.returned_at is not None,
    }


def _refunds(order: Order) -> list[Refund]:
    made = [
        refund for payment in order.payments.all() for refund in payment.refunds.all()
    ]
    return sorted(made, key=lambda refund: refund.created_at)


def _refund(refund: Refund) -> JSON:
    return {
        "id": refund.pk,
        "amount": money(refund.amount, refund.currency),
        "status": refund.status,
        "reason": refund.reason,
        "created_at": utc(refund.created_at),
    }


def _payment(order: Order, absolute: Absolute) -> JSON | None:
    """The latest payment, as the card that was tried last left it.

    While the order is open a surplus is not told of here, where it would look as if
    the order were paid; its refund is.
    """
    is_open = order.status == OrderStatus.PENDING
    own = [p for p in order.payments.all() if not (p.surplus and is_open)]
    if not own:
        return None
    payment = max(own, key=lambda p: (p.is_live, p.surplus, p.created_at))
    attempts = sorted(payment.attempts.all(), key=lambda attempt: attempt.pk)
    last = attempts[-1] if attempts else None
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


def _status(payment: Payment, last: PaymentAttempt | None) -> str:
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


def _decline(last: PaymentAttempt | None) -> JSON | None:
    if last is None or last.status != AttemptStatus.DECLINED:
        return None
    code = services.public_code(last.decline_code)
    return {"code": code, "message": services.reason(code)}


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


def setup_document(setup: CardSetup, *, absolute: Absolute) -> JSON:
    asks = setup.status == CardSetupStatus.REQUIRES_ACTION
    return {
        "id": setup.pk,
        "status": setup.status,
        "provider": provider(),
        "client_secret": setup.client_secret if asks else None,
        "next_action": _next_action(setup.next_action, absolute) if asks else None,
    }


def provider() -> str:
    return "sandbox" if settings.PAYMENT_SANDBOX else "stripe"
