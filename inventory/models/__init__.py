"""Stock, by subject: what is sold in `stock`, limits above it in `caps`, who waits
for it in `waitlist`.
"""

from inventory.models.caps import Override, StockCap
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
    ScanFlag,
    Ticket,
    TicketQuerySet,
    TicketStatus,
    TicketType,
    TicketTypeQuerySet,
)
from inventory.models.waitlist import (
    LIVE_ENTRY,
    Waitlist,
    WaitlistEntry,
    WaitlistEntryQuerySet,
    WaitlistReason,
    WaitlistStatus,
)

__all__ = [
    "FREE_TICKET",
    "LIVE_ENTRY",
    "LIVE_HOLD",
    "NOT_FOR_SALE",
    "OWNED_TICKET",
    "TAKEN_TICKET",
    "CheckIn",
    "Hold",
    "HoldQuerySet",
    "HoldStatus",
    "Override",
    "PriceStep",
    "ScanFlag",
    "StockCap",
    "Ticket",
    "TicketQuerySet",
    "TicketStatus",
    "TicketType",
    "TicketTypeQuerySet",
    "Waitlist",
    "WaitlistEntry",
    "WaitlistEntryQuerySet",
    "WaitlistReason",
    "WaitlistStatus",
]
