"""Stripe through its own library; without keys the same code asks the sandbox.

Only this module and the sandbox import `stripe`. Nothing of the
library leaves it: its objects become our dataclasses, its errors our errors.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import stripe
from django.conf import settings

from payments.gateways import (
    AmountNotPayable,
    BalanceTooLow,
    CardDetails,
    CustomerGone,
    DisputeInfo,
    GatewayMisconfigured,
    GatewayRefused,
    GatewayUnavailable,
    Intent,
    InvalidSignature,
    Listed,
    PaymentMethodRefused,
    ProviderEvent,
    RefundRefused,
    RefundResult,
    reading,
    refuse_inside_transaction,
)
from payments.gateways.sandbox.client import SandboxClient

# Each call would tell Stripe how long the last one took, and what runs here.
stripe.enable_telemetry = False
API_VERSION = "2026-10-28.endive"
TIMEOUT_SECONDS = 8
NETWORK_RETRIES = 2
SIGNATURE_TOLERANCE_SECONDS = 300
SANDBOX_KEY = "sk_test_sandbox"
EXPAND = ["payment_method"]
PAGE = 100

# Answers that are about the account, whatever was asked.
NOT_SET_UP = {"account_invalid", "secret_key_required", "testmode_charges_only"}
NOT_PAYABLE = {"amount_too_small", "amount_too_large"}
MISSING = "resource_missing"
PAST_THAT = "payment_intent_unexpected_state"
SHORT_BALANCE = {"balance_insufficient", "insufficient_funds"}


@contextmanager
def _asking() -> Iterator[None]:
    """Around every call: outside transactions, and each failure as what it is.

    A silence is a connection lost, a 5xx, 409 or 429 that outlived the retries, or
    a key that another request was made with: nobody knows what became of it.
    """
    refuse_inside_transaction()
    try:
        yield
    except (stripe.AuthenticationError, stripe.PermissionError) as closed:
        raise GatewayMisconfigured(closed.code or "keys_refused") from closed
    except (stripe.InvalidRequestError, stripe.CardError) as refusal:
        raise _refusal(refusal) from refusal
    except stripe.StripeError as silence:
        raise GatewayUnavailable from silence


def _refusal(error: stripe.StripeError) -> GatewayRefused:
    reason = error.code or "refused"
    if reason in NOT_PAYABLE:
        return AmountNotPayable(reason)
    if reason == MISSING and _names_customer(error):
        return CustomerGone(reason)
    return (GatewayMisconfigured if reason in NOT_SET_UP else GatewayRefused)(reason)


class StripeGateway:
    """One merchant account. The test for it runs against the sandbox."""

    def __init__(self, *, secret_key: str) -> None:
        self.livemode = secret_key.startswith(("sk_live_", "rk_live_"))
        http_client: stripe.HTTPClient = SandboxClient()
        if secret_key:
            http_client = stripe.RequestsClient(timeout=TIMEOUT_SECONDS)
        self._client = stripe.StripeClient(
            secret_key or SANDBOX_KEY,
            stripe_version=API_VERSION,
            max_network_retries=NETWORK_RETRIES,
            http_client=http_client,
        )
        self._v1 = self._client.v1

    # Payments

    def create_intent(
        self,
        *,
        amount: int,
        currency: str,
        key: str,
        customer: str | None,
        metadata: Mapping[str, str],
    ) -> Intent:
        """Open an intent, unconfirmed: it cannot take money yet.

        That holds for one that the key made before with other parameters too, so
        there it is a refusal and not a silence: begin anew with another key.
        """
        params: Any = {
            "amount": reading.amount_out(amount, currency),
            "currency": currency.lower(),
            "payment_method_types": ["card"],
            "metadata": dict(metadata),
        }
        if customer:
            params["customer"] = customer
        with _asking():
            try:
                made = self._post("/v1/payment_intents", params, key)
            except stripe.IdempotencyError as other:
                raise GatewayRefused("idempotency_error") from other
        return reading.payment_intent(made)

    def confirm_intent(
        self,
        *,
        intent_id: str,
        payment_method: str,
        key: str,
        return_url: str,
        off_session: bool = False,
        save_card: bool = False,
    ) -> Intent:
        """Try a card. Gives the intent's state after it, declined included.

        An intent that cannot be confirmed any more (it was cancelled, it has
        succeeded) is given as it is.
        """
        params: Any = {
            "payment_method": payment_method,
            "expand": EXPAND,
        }
        if off_session:
            params["off_session"] = True
        else:
            params |= {"return_url": return_url, "use_stripe_sdk": True}
            # Said each time: the intent still has it of the card that was tried before.
            params["setup_future_usage"] = "off_session" if save_card else ""
        with _asking():
            try:
                path = f"/v1/payment_intents/{quote(intent_id, safe='')}/confirm"
                confirmed = self._post(path, params, key)
            except stripe.CardError as decline:
                return self._declined(intent_id, _body_of(decline))
            except stripe.InvalidRequestError as refusal:
                if refusal.code != PAST_THAT and _is_about_the_card(refusal):
                    raise PaymentMethodRefused from refusal
                if refusal.code != PAST_THAT:
                    raise
                confirmed = self._retrieve(intent_id).to_dict()
        return reading.payment_intent(confirmed)

    def retrieve_intent(self, *, intent_id: str) -> Intent:
        with _asking():
            found = self._retrieve(intent_id)
        return reading.payment_intent(found.to_dict())

    def cancel_intent(self, *, intent_id: str) -> Intent:
        """Cancel, or give the state of an intent that cannot be cancelled."""
        with _asking():
            try:
                cancelled = self._v1.payment_intents.cancel(intent_id)
            except stripe.InvalidRequestError as refusal:
                if refusal.code != PAST_THAT:
                    raise
                cancelled = self._retrieve(intent_id)
        return reading.payment_intent(cancelled.to_dict())

    def set_intent_customer(self, *, intent_id: str, customer: str) -> None:
        """Name the customer of an open intent, so that a kept card may pay it.

        One that is not open any more is left alone: confirming it says what it is.
        """
        with _asking():
            try:
                self._v1.payment_intents.update(intent_id, {"customer": customer})
            except stripe.InvalidRequestError as refusal:
                if refusal.code != PAST_THAT:
                    raise

    def list_intents(
        self, *, since: datetime, until: datetime | None
    ) -> Iterator[Listed]:
        """Every intent created since, before `until`, newest first, page by page."""
        before = {"lt": int(until.timestamp())} if until else {}
        created = {"gte": int(since.timestamp())} | before
        whole = ["data.latest_charge"]
        params: Any = {"created": created, "limit": PAGE, "expand": whole}
        has_more = True
        while has_more:
            with _asking():
                page = self._v1.payment_intents.list(params)
            for found in page.data:
                yield reading.listed_intent(found.to_dict())
                params["starting_after"] = found.id
            has_more = page.has_more

    def _declined(self, intent_id: str, error: dict[str, Any]) -> Intent:
        """The intent after a decline; looked up where the error does not show it."""
        if told := error.get("payment_intent"):
            return reading.payment_intent(told)
        found = reading.payment_intent(self._retrieve(intent_id).to_dict())
        return replace(found, decline=reading.decline(error))

    def _retrieve(self, intent_id: str) -> stripe.PaymentIntent:
        return self._v1.payment_intents.retrieve(intent_id, {"expand": EXPAND})

    def _post(self, path: str, params: dict[str, Any], key: str) -> dict[str, Any]:
        """What the library would ask and check, without its objects in between.

        Making a few dozen objects of one intent, to take them apart again at once,
        takes longer than all else that the library does for a call.
        """
        return self._client.raw_request(
            "post", path, idempotency_key=key, **params
        ).data

    # Refunds and disputes

    def refund(
        self, *, intent_id: str, amount: int, currency: str, key: str, reference: str
    ) -> RefundResult:
        """Give `amount` back. Raises BalanceTooLow or RefundRefused."""
        params: Any = {
            "payment_intent": intent_id,
            "amount": reading.amount_out(amount, currency),
            "metadata": {"refund": reference, "key": key},
        }
        with _asking():
            try:
                made = self._v1.refunds.create(params, {"idempotency_key": key})
            except (stripe.InvalidRequestError, stripe.CardError) as refusal:
                reason = refusal.code or "refused"
                if reason in NOT_SET_UP:
                    raise
                error = BalanceTooLow if reason in SHORT_BALANCE else RefundRefused
                raise error(reason) from refusal
        return reading.refund(made.to_dict())

    def list_refunds(self, *, intent_id: str) -> list[RefundResult]:
        with _asking():
            page = self._v1.refunds.list({"payment_intent": intent_id, "limit": PAGE})
            return [
                reading.refund(found.to_dict()) for found in page.auto_paging_iter()
            ]

    def retrieve_dispute(self, *, dispute_id: str) -> DisputeInfo:
        with _asking():
            found = self._v1.disputes.retrieve(dispute_id)
        return reading.dispute(found.to_dict())

    def list_disputes(self, *, intent_id: str) -> list[DisputeInfo]:
        with _asking():
            page = self._v1.disputes.list({"payment_intent": intent_id, "limit": PAGE})
            return [reading.dispute(found.to_dict()) for found in page.data]

    # Cards

    def create_customer(self, *, email: str, key: str, reference: str) -> str:
        with _asking():
            params: Any = {"email": email, "metadata": {"user": reference}}
            return self._v1.customers.create(params, {"idempotency_key": key}).id

    def is_customer_deleted(self, *, customer: str) -> bool:
        """Whether the provider had this customer, and has deleted them.

        Raises GatewayRefused for one that it never had.
        """
        with _asking():
            found = self._v1.customers.retrieve(customer)
        return bool(found.to_dict().get("deleted"))

    def set_up_card(
        self,
        *,
        customer: str,
        payment_method: str,
        key: str,
        return_url: str,
        reference: str,
    ) -> Intent:
        """Keep a card for later; the outcome is data, as for a payment."""
        params: Any = {
            "customer": customer,
            "payment_method": payment_method,
            "payment_method_types": ["card"],
            "usage": "off_session",
            "confirm": True,
            "metadata": {"setup": reference},
            "return_url": return_url,
            "use_stripe_sdk": True,
            "expand": EXPAND,
        }
        with _asking():
            try:
                made = self._v1.setup_intents.create(params, {"idempotency_key": key})
            except stripe.CardError as decline:
                return reading.setup_intent(_body_of(decline)["setup_intent"])
            except stripe.InvalidRequestError as refusal:
                if _is_about_the_card(refusal):
                    raise PaymentMethodRefused from refusal
                raise
        return reading.setup_intent(made.to_dict())

    def retrieve_setup(self, *, setup_id: str) -> Intent:
        with _asking():
            found = self._v1.setup_intents.retrieve(setup_id, {"expand": EXPAND})
        return reading.setup_intent(found.to_dict())

    def find_setup(self, *, customer: str, reference: str) -> Intent | None:
        """The customer's set-up that was made under this reference, if there is one."""
        params: Any = {"customer": customer, "limit": PAGE}
        params["expand"] = [f"data.{name}" for name in EXPAND]
        with _asking():
            page = self._v1.setup_intents.list(params)
            made = [found.to_dict() for found in page.auto_paging_iter()]
        ours = [one for one in made if one["metadata"].get("setup") == reference]
        return reading.setup_intent(ours[0]) if ours else None

    def cancel_setup(self, *, setup_id: str) -> Intent:
        """Cancel, or give the state of a set-up that cannot be cancelled."""
        with _asking(), suppress(stripe.InvalidRequestError):
            self._v1.setup_intents.cancel(setup_id)
        return self.retrieve_setup(setup_id=setup_id)

    def list_cards(self, *, customer: str) -> list[CardDetails]:
        with _asking():
            page = self._v1.payment_methods.list(
                {"customer": customer, "type": "card", "limit": PAGE}
            )
            return [reading.card(found.to_dict()) for found in page.auto_paging_iter()]

    def retrieve_card(self, *, payment_method: str) -> CardDetails:
        """A card as it is now; one that was detached is no customer's, for good.

        Raises GatewayRefused for one that the provider never had.
        """
        with _asking():
            found = self._v1.payment_methods.retrieve(payment_method)
        return reading.card(found.to_dict())

    def detach_card(self, *, payment_method: str) -> None:
        """Forget a card at the provider; one that is gone is no error."""
        with _asking():
            try:
                self._v1.payment_methods.detach(payment_method)
            except stripe.InvalidRequestError as gone:
                if gone.code != MISSING and "attached" not in str(gone):
                    raise

    # Webhooks

    def verify_webhook(self, *, body: bytes, signature: str) -> ProviderEvent:
        """Prove that the provider sent this, and recently. No network."""
        if not signature.isascii():
            raise InvalidSignature  # Which the library could not compare.
        try:
            stripe.WebhookSignature.verify_header(
                body.decode(),
                signature,
                settings.STRIPE_WEBHOOK_SECRET,
                tolerance=SIGNATURE_TOLERANCE_SECONDS,
            )
        except (ValueError, stripe.SignatureVerificationError) as forgery:
            raise InvalidSignature from forgery
        return reading.event(body)


def _is_about_the_card(refusal: stripe.InvalidRequestError) -> bool:
    """Whether another card could do: the address was right, and so are we."""
    others = NOT_PAYABLE | NOT_SET_UP
    if refusal.code in others or _names_customer(refusal):
        return False
    return refusal.http_status != HTTPStatus.NOT_FOUND


def _names_customer(refusal: stripe.StripeError) -> bool:
    return getattr(refusal, "param", None) == "customer"


def _body_of(error: stripe.CardError) -> dict[str, Any]:
    body: Any = error.json_body
    return body["error"]
