"""What can be done to stock: `from inventory import services as inventory`.

Lock order, everywhere (ADR 15): (buyer, event) key, caps of the event, ticket type,
waitlist of the type, override of the type, hold, tickets, rows of shared caps.
"""

from inventory.services.admission import (
    AlreadyCheckedIn,
    NotAdmitted,
    ScanIdReused,
    ScanTimeOutOfRange,
    TicketNotValid,
    UnknownTicket,
    by_our_clock,
    check_in,
    not_admitted,
    register_admission_check,
)
from inventory.services.capacity import CapacityBelowTaken, Overrider, set_capacity
from inventory.services.caps import CapOfAnotherEvent, save_cap, taken_of
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
from inventory.services.limits import LimitBelowTaken, most_taken_by_one, save_event
from inventory.services.matching import lock_waitlists, match_waitlists, serve_lines
from inventory.services.offers import (
    CLOSED_EVENT,
    begin_charge,
    note_fault,
    pass_offer,
    register_offer_job,
    return_to_line,
    stop_charging,
    tell_instead,
)
from inventory.services.quoting import pass_on_fall, todays_quote
from inventory.services.releasing import (
    HoldAlreadySold,
    HoldBeingPaid,
    release_expired_holds,
    release_hold,
)
from inventory.services.returns import (
    Returned,
    TicketNotReturnable,
    return_tickets,
)
from inventory.services.selling import (
    HoldExpired,
    free_paying_hold,
    keep_paying,
    pause_paying,
    sell_held_tickets,
    start_paying,
)
from inventory.services.types import save_ticket_type
from inventory.services.waitlist import (
    AlreadyOnWaitlist,
    GroupTooLarge,
    MaximumTooLow,
    TicketsAvailable,
    UntilOutOfRange,
    WaitlistClosed,
    give_up_offer,
    join_waitlist,
    latest_end,
    withdraw_from_waitlist,
)

__all__ = [
    "CLOSED_EVENT",
    "AllHeld",
    "AlreadyCheckedIn",
    "AlreadyOnWaitlist",
    "CapOfAnotherEvent",
    "CapacityBelowTaken",
    "GroupTooLarge",
    "HoldAlreadySold",
    "HoldBeingPaid",
    "HoldExists",
    "HoldExpired",
    "LimitBelowTaken",
    "MaximumTooLow",
    "NotAdmitted",
    "NotOnSale",
    "NotYetOnSale",
    "OverLimit",
    "Overrider",
    "Returned",
    "ScanIdReused",
    "ScanTimeOutOfRange",
    "SoldOut",
    "TicketNotReturnable",
    "TicketNotValid",
    "TicketsAvailable",
    "TooFewLeft",
    "UnknownTicket",
    "UntilOutOfRange",
    "WaitlistClosed",
    "begin_charge",
    "by_our_clock",
    "check_in",
    "free_paying_hold",
    "give_up_offer",
    "hold_tickets",
    "join_waitlist",
    "keep_paying",
    "latest_end",
    "lock_waitlists",
    "match_waitlists",
    "most_taken_by_one",
    "not_admitted",
    "note_fault",
    "pass_offer",
    "pass_on_fall",
    "pause_paying",
    "register_admission_check",
    "register_offer_job",
    "release_expired_holds",
    "release_hold",
    "retake_tickets",
    "return_tickets",
    "return_to_line",
    "save_cap",
    "save_event",
    "save_ticket_type",
    "sell_held_tickets",
    "serve_lines",
    "set_capacity",
    "start_paying",
    "stop_charging",
    "taken_of",
    "tell_instead",
    "todays_quote",
    "withdraw_from_waitlist",
]
