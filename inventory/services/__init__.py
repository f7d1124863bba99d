"""What can be done to stock: `from inventory import services as inventory`.

Lock order, everywhere: (buyer, event) key, event, ticket type, hold, tickets.
"""

from inventory.services.admission import (
    AlreadyCheckedIn,
    ScanIdReused,
    TicketNotValid,
    UnknownTicket,
    check_in,
    register_admission_check,
)
from inventory.services.capacity import CapacityBelowTaken, set_capacity
from inventory.services.holds import (
    AllHeld,
    HoldExists,
    NotOnSale,
    NotYetOnSale,
    OverLimit,
    SoldOut,
    TooFewLeft,
    hold_tickets,
    retake_tickets,
)
from inventory.services.releasing import (
    HoldAlreadySold,
    HoldBeingPaid,
    release_expired_holds,
    release_hold,
)
from inventory.services.returns import TicketNotReturnable, return_tickets
from inventory.services.selling import (
    HoldExpired,
    free_paying_hold,
    pause_paying,
    sell_held_tickets,
    start_paying,
)

__all__ = [
    "AllHeld",
    "AlreadyCheckedIn",
    "CapacityBelowTaken",
    "HoldAlreadySold",
    "HoldBeingPaid",
    "HoldExists",
    "HoldExpired",
    "NotOnSale",
    "NotYetOnSale",
    "OverLimit",
    "ScanIdReused",
    "SoldOut",
    "TicketNotReturnable",
    "TicketNotValid",
    "TooFewLeft",
    "UnknownTicket",
    "check_in",
    "free_paying_hold",
    "hold_tickets",
    "pause_paying",
    "register_admission_check",
    "release_expired_holds",
    "release_hold",
    "retake_tickets",
    "return_tickets",
    "sell_held_tickets",
    "set_capacity",
    "start_paying",
]
