"""JSON in, one service call, JSON out."""

from payments.views.cards import (
    CardSetupListView,
    CardSetupView,
    PaymentMethodDefaultView,
    PaymentMethodListView,
    PaymentMethodView,
)
from payments.views.config import PaymentsConfigView
from payments.views.orders import (
    OrderCancelView,
    OrderListView,
    OrderPayView,
    OrderRefundView,
    OrderView,
)
from payments.views.waitlist import (
    WaitlistConsentView,
    WaitlistEntryListView,
    WaitlistEntryView,
)
from payments.views.webhooks import StripeWebhookView

__all__ = [
    "CardSetupListView",
    "CardSetupView",
    "OrderCancelView",
    "OrderListView",
    "OrderPayView",
    "OrderRefundView",
    "OrderView",
    "PaymentMethodDefaultView",
    "PaymentMethodListView",
    "PaymentMethodView",
    "PaymentsConfigView",
    "StripeWebhookView",
    "WaitlistConsentView",
    "WaitlistEntryListView",
    "WaitlistEntryView",
]
