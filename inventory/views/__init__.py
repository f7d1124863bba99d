"""JSON in, one service call, JSON out."""

from inventory.views.door import (
    CheckInListView,
    RevokedTicketListView,
    RevokedTicketsOfEventView,
)
from inventory.views.events import EventListView, EventView, TicketTypeListView
from inventory.views.holds import HoldListView, HoldView
from inventory.views.tickets import TicketListView, TicketView

__all__ = [
    "CheckInListView",
    "EventListView",
    "EventView",
    "HoldListView",
    "HoldView",
    "RevokedTicketListView",
    "RevokedTicketsOfEventView",
    "TicketListView",
    "TicketTypeListView",
    "TicketView",
]
