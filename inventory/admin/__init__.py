"""What staff see and do: events with their tickets, holds, scans."""

from inventory.admin.caps import StockCapAdmin
from inventory.admin.events import EventAdmin
from inventory.admin.stock import CheckInAdmin, HoldAdmin, TicketTypeAdmin
from inventory.admin.waitlist import WaitlistEntryAdmin

__all__ = [
    "CheckInAdmin",
    "EventAdmin",
    "HoldAdmin",
    "StockCapAdmin",
    "TicketTypeAdmin",
    "WaitlistEntryAdmin",
]
