"""Staff read money and refund it; only the API and the provider write it."""

from payments.admin.called_off import CalledOffEventAdmin
from payments.admin.incidents import (
    DisputeAdmin,
    IncidentAdmin,
    ReconcileRunAdmin,
    StripeEventAdmin,
)
from payments.admin.mandates import MandateAdmin
from payments.admin.orders import OrderAdmin, PaymentAdmin
from payments.admin.refunds import RefundAdmin

__all__ = [
    "CalledOffEventAdmin",
    "DisputeAdmin",
    "IncidentAdmin",
    "MandateAdmin",
    "OrderAdmin",
    "PaymentAdmin",
    "ReconcileRunAdmin",
    "RefundAdmin",
    "StripeEventAdmin",
]
