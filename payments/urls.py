"""Addresses of this app under /api/v1/."""

from django.urls import path

from payments import views

urlpatterns = [
    path("orders", views.OrderListView.as_view(), name="order-list"),
    path("orders/<uuid:order_id>", views.OrderView.as_view(), name="order"),
    path("orders/<uuid:order_id>/pay", views.OrderPayView.as_view(), name="order-pay"),
    path(
        "orders/<uuid:order_id>/cancel",
        views.OrderCancelView.as_view(),
        name="order-cancel",
    ),
    path(
        "orders/<uuid:order_id>/refund",
        views.OrderRefundView.as_view(),
        name="order-refund",
    ),
    path("payments/config", views.PaymentsConfigView.as_view(), name="payments-config"),
    path(
        "payment-methods",
        views.PaymentMethodListView.as_view(),
        name="payment-method-list",
    ),
    path(
        "payment-methods/setup",
        views.CardSetupListView.as_view(),
        name="card-setup-list",
    ),
    path(
        "payment-methods/setup/<uuid:setup_id>",
        views.CardSetupView.as_view(),
        name="card-setup",
    ),
    path(
        "payment-methods/<uuid:card_id>",
        views.PaymentMethodView.as_view(),
        name="payment-method",
    ),
    path(
        "payment-methods/<uuid:card_id>/default",
        views.PaymentMethodDefaultView.as_view(),
        name="payment-method-default",
    ),
    path(
        "waitlist-entries",
        views.WaitlistEntryListView.as_view(),
        name="waitlist-entry-list",
    ),
    path(
        "waitlist-entries/consent",
        views.WaitlistConsentView.as_view(),
        name="waitlist-consent",
    ),
    path(
        "waitlist-entries/<uuid:entry_id>",
        views.WaitlistEntryView.as_view(),
        name="waitlist-entry",
    ),
    path("webhooks/stripe", views.StripeWebhookView.as_view(), name="stripe-webhook"),
]
