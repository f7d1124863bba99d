"""Money: orders and their lines, payments and attempts, refunds, disputes.

Amounts are integers in minor units of the `currency` beside them. The sandbox
provider keeps its state in tables of this app, so they are imported here too.
"""

from payments.gateways.sandbox.models import SandboxEvent, SandboxKey, SandboxObject
from payments.models.cards import (
    WAITING_SETUP,
    CardSetup,
    CardSetupStatus,
    Customer,
    SavedCard,
)
from payments.models.keys import new_key, new_reference
from payments.models.mandates import Mandate
from payments.models.news import (
    CalledOffEvent,
    Incident,
    IncidentKind,
    IncidentQuerySet,
    ReconcileRun,
    StripeEvent,
)
from payments.models.orders import PAID_ORDER, Order, OrderLine, OrderStatus
from payments.models.payments import (
    ENDED_PAYMENT,
    IN_FLIGHT,
    LIVE_PAYMENT,
    OPEN_PAYMENT,
    AttemptStatus,
    LedgerEntry,
    LedgerKind,
    Payment,
    PaymentAttempt,
    PaymentStatus,
)
from payments.models.refunds import (
    COUNTED_REFUND,
    TAKEN_BY_THE_BANK,
    UNPAID_REFUND,
    Dispute,
    DisputeStatus,
    Refund,
    RefundReason,
    RefundStatus,
)

__all__ = [
    "COUNTED_REFUND",
    "ENDED_PAYMENT",
    "IN_FLIGHT",
    "LIVE_PAYMENT",
    "OPEN_PAYMENT",
    "PAID_ORDER",
    "TAKEN_BY_THE_BANK",
    "UNPAID_REFUND",
    "WAITING_SETUP",
    "AttemptStatus",
    "CalledOffEvent",
    "CardSetup",
    "CardSetupStatus",
    "Customer",
    "Dispute",
    "DisputeStatus",
    "Incident",
    "IncidentKind",
    "IncidentQuerySet",
    "LedgerEntry",
    "LedgerKind",
    "Mandate",
    "Order",
    "OrderLine",
    "OrderStatus",
    "Payment",
    "PaymentAttempt",
    "PaymentStatus",
    "ReconcileRun",
    "Refund",
    "RefundReason",
    "RefundStatus",
    "SandboxEvent",
    "SandboxKey",
    "SandboxObject",
    "SavedCard",
    "StripeEvent",
    "new_key",
    "new_reference",
]
