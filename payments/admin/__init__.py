"""Staff read money and refund it; only the API and the provider write it."""

from payments.admin.incidents import (
    CalledOffEventAdmin,
    DisputeAdmin,
    IncidentAdmin,
    StripeEventAdmin,
)
from payments.admin.orders import OrderAdmin, PaymentAdmin, RefundAdmin

__all__ = [
    "CalledOffEventAdmin",
    "DisputeAdmin",
    "IncidentAdmin",
    "OrderAdmin",
    "PaymentAdmin",
    "RefundAdmin",
    "StripeEventAdmin",
]
