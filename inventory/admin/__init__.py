"""What staff see and do: events with their tickets, holds, scans."""

from inventory.admin.events import EventAdmin
from inventory.admin.stock import CheckInAdmin, HoldAdmin, TicketTypeAdmin

__all__ = ["CheckInAdmin", "EventAdmin", "HoldAdmin", "TicketTypeAdmin"]
