"""Stock, by subject: what is sold in `stock`, who waits for it in `waitlist`."""

from inventory.models.stock import (
    FREE_TICKET,
    LIVE_HOLD,
    NOT_FOR_SALE,
    OWNED_TICKET,
    TAKEN_TICKET,
    CheckIn,
    Hold,
    HoldQuerySet,
    HoldStatus,
    PriceStep,
    Ticket,
    TicketQuerySet,
    TicketStatus,
    TicketType,
    TicketTypeQuerySet,
)

__all__ = [
    "FREE_TICKET",
    "LIVE_HOLD",
    "NOT_FOR_SALE",
    "OWNED_TICKET",
    "TAKEN_TICKET",
    "CheckIn",
    "Hold",
    "HoldQuerySet",
    "HoldStatus",
    "PriceStep",
    "Ticket",
    "TicketQuerySet",
    "TicketStatus",
    "TicketType",
    "TicketTypeQuerySet",
]
