"""Whose order a hold belongs to: asked of the app above, which knows orders."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class OrderRef:
    id: UUID
    reference: str


FindOrders = Callable[[Collection[UUID]], Mapping[UUID, OrderRef]]
_finders: list[FindOrders] = []


def register_order_finder(find: FindOrders) -> None:
    """Let the app of orders say which holds have one: hold id to order, one query."""
    _finders[:] = [find]


def orders_of(hold_ids: Collection[UUID]) -> Mapping[UUID, OrderRef]:
    return _finders[0](hold_ids) if _finders and hold_ids else {}
