"""Thousands of paid orders, which buying one by one would take minutes to make."""

import json
from collections.abc import Iterable, Iterator
from itertools import count
from uuid import uuid4

from django.db.models import Model

from accounts.models import User
from inventory.models import Hold, Ticket, TicketStatus
from payments.models import (
    LedgerEntry,
    Order,
    OrderLine,
    Payment,
    PaymentAttempt,
    SandboxObject,
    new_key,
    new_reference,
)

BATCH = 1000
_serial = count(1)


def like(placed: Order, number: int) -> None:
    """Make `number` more orders like this one, each of a buyer of their own.

    Its ticket type must have the tickets. Here and at the provider they are as
    the ordinary way would have left them, with other ids.
    """
    placed = Order.objects.select_related("hold").get(pk=placed.pk)
    free = Ticket.objects.filter(
        ticket_type=placed.hold.ticket_type_id, status=TicketStatus.AVAILABLE
    ).iterator()
    theirs = SandboxObject.objects.exclude(type__in=["payment_method", "customer"])
    known = list(theirs.order_by("created_at", "pk"))
    made = [row for _ in range(number) for row in _order_like(placed, free, known)]
    for model in (
        *(User, Hold, Order, Payment, PaymentAttempt),
        *(LedgerEntry, OrderLine, SandboxObject),
    ):
        rows = [row for row in made if isinstance(row, model)]
        model.objects.bulk_create(rows, batch_size=BATCH)
    tickets = [row for row in made if isinstance(row, Ticket)]
    Ticket.objects.bulk_update(tickets, ["status", "hold"], batch_size=BATCH)


def _order_like(
    placed: Order, free: Iterator[Ticket], known: Iterable[SandboxObject]
) -> Iterator[Model]:
    payment, tail = placed.payments.get(), f"_{next(_serial)}"
    yield (buyer := User(email=f"one{tail}@example.com"))
    yield (hold := _twin(placed.hold, user=buyer))
    yield (order := _twin(placed, user=buyer, hold=hold, reference=new_reference()))
    paid = {"order": order, "intent_id": f"{payment.intent_id}{tail}"}
    yield (second := _twin(payment, key=new_key(), **paid))
    for attempt in payment.attempts.all():
        yield _twin(attempt, payment=second, key=new_key())
    for entry in payment.ledger_entries.all():
        source = f"{entry.source}{tail}"
        yield _twin(entry, order=order, payment=second, source=source)
    for line in placed.lines.all():
        ticket = next(free)
        ticket.hold, ticket.status = hold, TicketStatus.SOLD
        yield ticket
        yield _twin(line, order=order, ticket=ticket)
    renamed = {row.pk: f"{row.pk}{tail}" for row in known}
    renamed |= {str(placed.pk): str(order.pk), str(payment.pk): str(second.pk)}
    for row in known:
        yield _renamed(row, renamed)


def _twin(row: Model, **changes: object) -> Model:
    fields = {field.name: getattr(row, field.name) for field in row._meta.fields}
    fields.pop("id")
    if row._meta.pk.get_internal_type() == "UUIDField":
        fields["id"] = uuid4()
    return type(row)(**fields | changes)


def _renamed(row: SandboxObject, renamed: dict[str, str]) -> SandboxObject:
    text = json.dumps(row.data)
    for old, new in renamed.items():
        text = text.replace(old, new)
    return SandboxObject(
        id=renamed[row.pk],
        type=row.type,
        data=json.loads(text),
        behaviour=row.behaviour,
        payment_intent=renamed.get(row.payment_intent, ""),
        customer=row.customer,
        created_at=row.created_at,
    )
