"""The payment provider as this project sees it.

`settings.PAYMENT_GATEWAY` names the class, as EMAIL_BACKEND does for mail. What
a card does (declined, needs authentication) is data, because it is an answer;
errors are for questions that got none. Amounts are in the minor units of an
upper-case currency, here as everywhere in the house.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cache
from http import HTTPStatus
from typing import Any, Protocol

from django.conf import settings
from django.db import connection, transaction
from django.utils.module_loading import import_string

from ticketapp.errors import Action, DomainError

# What the provider must tell us; live, the webhook endpoint subscribes to these.
WEBHOOK_EVENTS = frozenset(
    {
        "payment_intent.succeeded",
        "payment_intent.payment_failed",
        "payment_intent.requires_action",
        "payment_intent.processing",
        "payment_intent.canceled",
        "charge.refunded",
        "refund.updated",
        "refund.failed",
        "charge.dispute.created",
        "charge.dispute.updated",
        "charge.dispute.closed",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.funds_reinstated",
        "setup_intent.succeeded",
        "setup_intent.setup_failed",
        "customer.deleted",
        "payment_method.detached",
        "payment_method.updated",
        "payment_method.automatically_updated",
    }
)


class GatewayUnavailable(DomainError):
    """No answer: what was asked may or may not have happened."""

    code = "payment_unavailable"
    title = "The payment provider does not answer."
    status = HTTPStatus.SERVICE_UNAVAILABLE
    message = (
        "We could not reach the payment provider. You have not been charged. Your "
        "tickets are still held: try again in a moment."
    )
    action = Action.RETRY
    retry_after = 5


class PaymentMethodRefused(DomainError):
    """The provider does not know this card, or will not take it again."""

    code = "payment_method_refused"
    title = "This card cannot be used."
    status = HTTPStatus.BAD_REQUEST
    message = (
        "The payment provider does not accept this card's details here. You have "
        "not been charged. Enter the card again, or use another one."
    )
    action = Action.USE_ANOTHER_CARD


class InvalidSignature(DomainError):
    code = "invalid_signature"
    title = "The signature does not match."
    status = HTTPStatus.BAD_REQUEST
    message = "This webhook is not signed by the payment provider, or is too old."
    action = Action.CHANGE_REQUEST


class MalformedEvent(DomainError):
    """Signed as it should be, and nothing that we could look up or keep."""

    code = "webhook_malformed"
    title = "This is not an event."
    status = HTTPStatus.BAD_REQUEST
    message = "This webhook is signed, but it is no event as the provider sends them."
    action = Action.CHANGE_REQUEST


class GatewayRefused(DomainError):
    """A definite no: the provider understood, and nothing of it has happened.

    `reason` is the provider's own code, for staff and for whoever reads `meta`.
    """

    code = "payment_refused"
    title = "The payment provider does not take this payment."
    message = (
        "The payment provider refused this, and another card would not change it. You "
        "have not been charged, and what you hold stays held. Tell support; staff have "
        "been told too."
    )
    action = Action.CONTACT_SUPPORT

    def __init__(self, reason: str = "refused") -> None:
        super().__init__(reason=reason)
        self.reason = reason


class AmountNotPayable(GatewayRefused):
    """Less or more than the provider charges at once."""

    code = "amount_not_payable"
    title = "No card can be charged this amount."
    message = (
        "The payment provider does not charge so small or so large an amount. You have "
        "not been charged, and the tickets are still held. Take another number of "
        "tickets, or tell support: staff have been told that the price is wrong."
    )


class GatewayMisconfigured(GatewayRefused):
    """The provider does not let us in: our keys or our account are wrong."""

    code = "cards_not_taken"
    title = "We cannot take cards just now."
    status = HTTPStatus.SERVICE_UNAVAILABLE
    message = (
        "Something between us and the payment provider is not set up right, so no card "
        "can be charged. You have not been charged, and what you hold stays held. "
        "Staff have been told: try again in some minutes, or ask support."
    )
    retry_after = 300


class CustomerGone(GatewayRefused):
    """The provider has no such customer: it was deleted, or our key is another's."""


class RefundRefused(GatewayRefused):
    """This refund cannot be made."""


class BalanceTooLow(RefundRefused):
    """The merchant's balance does not cover this refund today."""


class IntentStatus(StrEnum):
    REQUIRES_PAYMENT_METHOD = "requires_payment_method"
    REQUIRES_CONFIRMATION = "requires_confirmation"
    REQUIRES_ACTION = "requires_action"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    CANCELED = "canceled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decline:
    """Why a card was refused: the decline code, else the error code."""

    code: str
    payment_method: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CardDetails:
    id: str
    brand: str
    last4: str
    exp_month: int
    exp_year: int
    customer: str | None = None
    fingerprint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """A PaymentIntent (or a SetupIntent: then the amount is 0) as it is now."""

    id: str
    status: IntentStatus
    amount: int
    amount_received: int
    currency: str
    client_secret: str
    next_action: dict[str, Any] | None = None
    decline: Decline | None = None
    card: CardDetails | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    # Of its charge; only known in lists.
    amount_refunded: int = 0
    disputed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """An intent of which we can make no sense, perhaps another system's, and why."""

    id: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One of the provider's list, and when it was made: in whole seconds."""

    intent: Intent | Unreadable
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundResult:
    """A refund at the provider; its status may still change."""

    id: str
    intent_id: str | None
    status: str
    amount: int
    currency: str
    failure: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """Money that a dispute took from the merchant (negative) or gave back."""

    id: str
    amount: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeInfo:
    id: str
    intent_id: str | None
    status: str
    amount: int
    currency: str
    reason: str
    opened_at: datetime
    movements: tuple[Movement, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderEvent:
    """A verified webhook. `payload` is the whole event, as it came."""

    id: str
    type: str
    object_id: str
    intent_id: str | None
    livemode: bool
    payload: dict[str, Any]


class Gateway(Protocol):
    """What the services ask of a provider; never with a transaction open.

    Every method may raise GatewayUnavailable (nobody knows what happened) or
    GatewayRefused (nothing did).
    """

    livemode: bool

    def create_intent(
        self,
        *,
        amount: int,
        currency: str,
        key: str,
        customer: str | None,
        metadata: Mapping[str, str],
    ) -> Intent: ...

    def confirm_intent(
        self,
        *,
        intent_id: str,
        payment_method: str,
        key: str,
        return_url: str,
        off_session: bool = False,
        save_card: bool = False,
    ) -> Intent: ...

    def retrieve_intent(self, *, intent_id: str) -> Intent: ...

    def cancel_intent(self, *, intent_id: str) -> Intent: ...

    def set_intent_customer(self, *, intent_id: str, customer: str) -> None: ...

    def refund(
        self, *, intent_id: str, amount: int, currency: str, key: str, reference: str
    ) -> RefundResult: ...

    def list_refunds(self, *, intent_id: str) -> list[RefundResult]: ...

    def retrieve_dispute(self, *, dispute_id: str) -> DisputeInfo: ...

    def list_disputes(self, *, intent_id: str) -> list[DisputeInfo]: ...

    def list_intents(
        self, *, since: datetime, until: datetime | None
    ) -> Iterator[Listed]: ...

    def create_customer(self, *, email: str, key: str, reference: str) -> str: ...

    def is_customer_deleted(self, *, customer: str) -> bool: ...

    def set_up_card(
        self,
        *,
        customer: str,
        payment_method: str,
        key: str,
        return_url: str,
        reference: str,
    ) -> Intent: ...

    def retrieve_setup(self, *, setup_id: str) -> Intent: ...

    def find_setup(self, *, customer: str, reference: str) -> Intent | None: ...

    def cancel_setup(self, *, setup_id: str) -> Intent: ...

    def list_cards(self, *, customer: str) -> list[CardDetails]: ...

    def retrieve_card(self, *, payment_method: str) -> CardDetails: ...

    def detach_card(self, *, payment_method: str) -> None: ...

    def verify_webhook(self, *, body: bytes, signature: str) -> ProviderEvent: ...


def refuse_inside_transaction() -> None:
    """Raise if a transaction is open: nobody's lock waits for the network.

    `durable` is what knows the outermost transaction, also inside a test's own.
    """
    if connection.in_atomic_block:
        with transaction.atomic(durable=True):
            pass


def get_gateway() -> Gateway:
    return _gateway(settings.PAYMENT_GATEWAY, settings.STRIPE_SECRET_KEY)


@cache
def _gateway(path: str, secret_key: str) -> Gateway:
    """One per process and key: it keeps connections to the provider open."""
    return import_string(path)(secret_key=secret_key)
