"""What can be done with money. `from payments import services` at call sites.

Lock order, everywhere (ADR 15): order, payment, customer and cards, then what
`inventory` locks. The provider is asked with no transaction open.
"""

from payments.services.allocating import allocate_refund, take_back_given
from payments.services.asking import ask_about, cancel_payment
from payments.services.books import resolve_incident
from payments.services.calling_off import (
    sweep_called_off_events,
)
from payments.services.cancelling import cancel_order
from payments.services.cards import (
    card_kept_by,
    choose_default,
    forget_removed_cards,
    has_expired,
    is_usable,
    remove_card,
    set_up_card,
)
from payments.services.checkout import pay_order, place_order
from payments.services.deadlines import NEVER, Deadline
from payments.services.declines import action, public_code, reason
from payments.services.differences import Difference
from payments.services.disputes import apply_dispute, disputed_tickets
from payments.services.errors import (
    CardDeclined,
    CardNotKept,
    CustomerForgotten,
    EventOff,
    NotAllocatable,
    NotPostponed,
    NotRefundable,
    OrderClosed,
    OrderPaid,
    PaymentDisputed,
    PaymentInProgress,
    PaymentMethodMissing,
    PaymentStuck,
    PaymentUnknown,
    RefundChanged,
    RefundTooLarge,
    SavedCardExpired,
    SavedCardGone,
)
from payments.services.postponing import can_hand_back, refund_postponed
from payments.services.progress import (
    Progress,
    ToGiveBack,
    progress_of,
    what_goes_back,
)
from payments.services.reconciling import reconcile, reconcile_what_is_due
from payments.services.refunds import (
    preview_refund,
    refund_lines,
    refund_order,
    take_back_disputed,
)
from payments.services.rehearsing import (
    Shown,
    refund_as_shown,
    refund_order_as_shown,
    show_full_refund,
    show_refund,
    ticket_names,
)
from payments.services.repaying import pay_refunds, retry_refund
from payments.services.settling import apply_intent
from payments.services.setups import sweep_card_setups
from payments.services.sweeping import sweep_payments
from payments.services.waiting import (
    ConsentOutdated,
    stop_waiting,
    wait_for_tickets,
)
from payments.services.waitlist_charges import charge_next_offer
from payments.services.webhooks import WrongMode, process_events, receive_event

__all__ = [
    "NEVER",
    "CardDeclined",
    "CardNotKept",
    "ConsentOutdated",
    "CustomerForgotten",
    "Deadline",
    "Difference",
    "EventOff",
    "NotAllocatable",
    "NotPostponed",
    "NotRefundable",
    "OrderClosed",
    "OrderPaid",
    "PaymentDisputed",
    "PaymentInProgress",
    "PaymentMethodMissing",
    "PaymentStuck",
    "PaymentUnknown",
    "Progress",
    "RefundChanged",
    "RefundTooLarge",
    "SavedCardExpired",
    "SavedCardGone",
    "Shown",
    "ToGiveBack",
    "WrongMode",
    "action",
    "allocate_refund",
    "apply_dispute",
    "apply_intent",
    "ask_about",
    "can_hand_back",
    "cancel_order",
    "cancel_payment",
    "card_kept_by",
    "charge_next_offer",
    "choose_default",
    "disputed_tickets",
    "forget_removed_cards",
    "has_expired",
    "is_usable",
    "pay_order",
    "pay_refunds",
    "place_order",
    "preview_refund",
    "process_events",
    "progress_of",
    "public_code",
    "reason",
    "receive_event",
    "reconcile",
    "reconcile_what_is_due",
    "refund_as_shown",
    "refund_lines",
    "refund_order",
    "refund_order_as_shown",
    "refund_postponed",
    "remove_card",
    "resolve_incident",
    "retry_refund",
    "set_up_card",
    "show_full_refund",
    "show_refund",
    "stop_waiting",
    "sweep_called_off_events",
    "sweep_card_setups",
    "sweep_payments",
    "take_back_disputed",
    "take_back_given",
    "ticket_names",
    "wait_for_tickets",
    "what_goes_back",
]
