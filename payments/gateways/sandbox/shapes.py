"""The objects as Stripe shows them, field by field, with nothing filled in.

A test compares their keys with recorded objects of Stripe's.
"""

from datetime import datetime
from typing import Any

from payments.gateways.sandbox.cards import Card

Document = dict[str, Any]
NO_ADDRESS = dict.fromkeys(
    ["city", "country", "line1", "line2", "postal_code", "state"]
)
# Of money that a platform takes for others.
NO_PLATFORM = dict.fromkeys(
    [
        "application",
        "application_fee_amount",
        "on_behalf_of",
        "transfer_data",
        "transfer_group",
    ]
)


def stamp(now: datetime) -> int:
    return int(now.timestamp())


def payment_intent(id_: str, secret: str, now: datetime) -> Document:
    return {
        "id": id_,
        "object": "payment_intent",
        **NO_PLATFORM,
        "amount": 0,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "automatic_payment_methods": None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic_async",
        "client_secret": f"{id_}_secret_{secret}",
        "confirmation_method": "automatic",
        "created": stamp(now),
        "currency": "",
        "customer": None,
        "customer_account": None,
        "description": None,
        "excluded_payment_method_types": None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "managed_payments": {"enabled": False},
        "metadata": {},
        "next_action": None,
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "processing": None,
        "receipt_email": None,
        "review": None,
        "setup_future_usage": None,
        "shipping": None,
        "source": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "requires_payment_method",
    }


def setup_intent(id_: str, secret: str, now: datetime) -> Document:
    return {
        "id": id_,
        "object": "setup_intent",
        "application": None,
        "automatic_payment_methods": None,
        "cancellation_reason": None,
        "client_secret": f"{id_}_secret_{secret}",
        "created": stamp(now),
        "customer": None,
        "description": None,
        "excluded_payment_method_types": None,
        "flow_directions": None,
        "last_setup_error": None,
        "latest_attempt": None,
        "livemode": False,
        "mandate": None,
        "metadata": {},
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "single_use_mandate": None,
        "status": "requires_payment_method",
        "usage": "off_session",
    }


def charge(id_: str, now: datetime) -> Document:
    return {
        "id": id_,
        "object": "charge",
        **NO_PLATFORM,
        "amount": 0,
        "amount_captured": 0,
        "amount_refunded": 0,
        "application_fee": None,
        "balance_transaction": None,
        "billing_details": billing_details(),
        "calculated_statement_descriptor": "TICKETAPP SANDBOX",
        "captured": True,
        "created": stamp(now),
        "currency": "",
        "customer": None,
        "description": None,
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "fraud_details": {},
        "livemode": False,
        "metadata": {},
        "outcome": None,
        "paid": True,
        "payment_intent": None,
        "payment_method": None,
        "payment_method_details": None,
        "receipt_email": None,
        "receipt_number": None,
        "receipt_url": None,
        "refunded": False,
        "refunds": None,
        "review": None,
        "shipping": None,
        "source": None,
        "source_transfer": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "succeeded",
    }


def charged_card(card: Document, *, authenticated: bool) -> Document:
    """`payment_method_details.card` of a charge."""
    shared = ["brand", "checks", "country", "exp_month", "exp_year", "fingerprint"]
    three_d_secure = {
        "authentication_flow": "challenge",
        "electronic_commerce_indicator": "05",
        "exemption_indicator": None,
        "result": "authenticated",
        "result_reason": None,
        "transaction_id": None,
        "version": "2.2.0",
    }
    return {name: card[name] for name in [*shared, "funding", "last4", "wallet"]} | {
        "amount_authorized": None,
        "authorization_code": None,
        "extended_authorization": {"status": "disabled"},
        "incremental_authorization": {"status": "unavailable"},
        "installments": None,
        "mandate": None,
        "multicapture": {"status": "unavailable"},
        "network": card["brand"],
        "network_token": {"used": False},
        "network_transaction_id": None,
        "overcapture": {"maximum_amount_capturable": 0, "status": "unavailable"},
        "regulated_status": "unregulated",
        "three_d_secure": three_d_secure if authenticated else None,
        "transaction_link_id": None,
    }


def payment_method(id_: str, now: datetime) -> Document:
    return {
        "id": id_,
        "object": "payment_method",
        "allow_redisplay": "unspecified",
        "billing_details": billing_details(),
        "card": None,
        "created": stamp(now),
        "customer": None,
        "customer_account": None,
        "livemode": False,
        "metadata": {},
        "type": "card",
    }


def card(
    test_card: Card, *, exp_month: int, exp_year: int, fingerprint: str, cvc: bool
) -> Document:
    """`card` of a payment method."""
    return {
        "brand": test_card.brand,
        "checks": {
            "address_line1_check": None,
            "address_postal_code_check": None,
            "cvc_check": "unchecked" if cvc else None,
        },
        "country": test_card.country,
        "display_brand": test_card.brand,
        "exp_month": exp_month,
        "exp_year": exp_year,
        "fingerprint": fingerprint,
        "funding": test_card.funding,
        "generated_from": None,
        "last4": test_card.last4,
        "networks": {"available": [test_card.brand], "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": test_card.brand != "amex"},
        "wallet": None,
    }


def customer(id_: str, now: datetime) -> Document:
    return {
        "id": id_,
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": stamp(now),
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": None,
        "email": None,
        "invoice_prefix": id_[-8:].upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": {},
        "name": None,
        "next_invoice_sequence": 1,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }


def refund(id_: str, now: datetime) -> Document:
    return {
        "id": id_,
        "object": "refund",
        "amount": 0,
        "balance_transaction": None,
        "charge": None,
        "created": stamp(now),
        "currency": "",
        "customer": None,
        "customer_account": None,
        "destination_details": {
            "card": {
                "reference": None,
                "reference_status": "pending",
                "reference_type": "acquirer_reference_number",
                "type": "refund",
            },
            "type": "card",
        },
        "metadata": {},
        "payment_intent": None,
        "payment_method": None,
        "reason": None,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
    }


EVIDENCE = [
    "access_activity_log", "billing_address", "cancellation_policy",
    "cancellation_policy_disclosure", "cancellation_rebuttal",
    "customer_communication", "customer_email_address", "customer_name",
    "customer_purchase_ip", "customer_signature", "duplicate_charge_documentation",
    "duplicate_charge_explanation", "duplicate_charge_id", "product_description",
    "receipt", "refund_policy", "refund_policy_disclosure",
    "refund_refusal_explanation", "service_date", "service_documentation",
    "shipping_address", "shipping_carrier", "shipping_date",
    "shipping_documentation", "shipping_tracking_number", "uncategorized_file",
    "uncategorized_text",
]  # fmt: skip


def dispute(id_: str, now: datetime) -> Document:
    return {
        "id": id_,
        "object": "dispute",
        "amount": 0,
        "balance_transactions": [],
        "charge": None,
        "created": stamp(now),
        "currency": "",
        "enhanced_eligibility_types": [],
        "evidence": dict.fromkeys(EVIDENCE) | {"enhanced_evidence": {}},
        "evidence_details": {
            "due_by": stamp(now) + 7 * 86_400,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "payment_intent": None,
        "payment_method_details": {
            "card": {
                "brand": "visa",
                "case_type": "chargeback",
                "network": "visa",
                "network_reason_code": "10.4",
            },
            "type": "card",
        },
        "reason": "fraudulent",
        "status": "needs_response",
    }


def balance_transaction(id_: str, now: datetime) -> Document:
    return {
        "id": id_,
        "object": "balance_transaction",
        "amount": 0,
        "available_on": stamp(now),
        "balance_type": "payments",
        "created": stamp(now),
        "currency": "",
        "description": None,
        "exchange_rate": None,
        "fee": 0,
        "fee_details": [],
        "net": 0,
        "reporting_category": "charge",
        "source": None,
        "status": "available",
        "type": "charge",
    }


def balance(amounts: list[Document]) -> Document:
    none = [{"amount": 0, "currency": part["currency"]} for part in amounts]
    return {
        "object": "balance",
        "available": amounts,
        "connect_reserved": none,
        "livemode": False,
        "pending": [part | {"source_types": {"card": 0}} for part in none],
    }


def event(id_: str, type_: str, subject: Document, now: datetime) -> Document:
    return {
        "id": id_,
        "object": "event",
        "api_version": None,
        "created": stamp(now),
        "data": {"object": subject},
        "livemode": False,
        "pending_webhooks": 0,
        "request": {"id": None, "idempotency_key": None},
        "type": type_,
    }


def page(url: str, found: list[Document], *, has_more: bool) -> Document:
    return {"object": "list", "data": found, "has_more": has_more, "url": url}


def billing_details() -> Document:
    return {
        "address": dict(NO_ADDRESS),
        "email": None,
        "name": None,
        "phone": None,
        "tax_id": None,
    }
