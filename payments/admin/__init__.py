"""Staff read money and refund it; only the API and the provider write it."""

from payments.admin.incidents import (
    CalledOffEventAdmin,
    DisputeAdmin,
    IncidentAdmin,
    ReconcileRunAdmin,
    StripeEventAdmin,
)
from payments.admin.orders import OrderAdmin, PaymentAdmin, RefundAdmin

__all__ = [
    "CalledOffEventAdmin",
    "DisputeAdmin",
    "IncidentAdmin",
    "OrderAdmin",
    "PaymentAdmin",
    "ReconcileRunAdmin",
    "RefundAdmin",
    "StripeEventAdmin",
]
