"""Which order a hold has: what inventory tells about holds and tickets needs it."""

from collections.abc import Collection, Mapping
from uuid import UUID

from inventory.owners import OrderRef
from payments.models import Order


def orders_by_hold(hold_ids: Collection[UUID]) -> Mapping[UUID, OrderRef]:
    rows = Order.objects.filter(hold__in=hold_ids)
    return {
        hold_id: OrderRef(id=order_id, reference=reference)
        for hold_id, order_id, reference in rows.values_list(
            "hold_id", "pk", "reference"
        )
    }
