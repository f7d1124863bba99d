"""What the provider's documents say, in our own words. Pure: to dataclasses."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from payments.gateways import (
    CardDetails,
    Decline,
    DisputeInfo,
    Intent,
    IntentStatus,
    Listed,
    MalformedEvent,
    Movement,
    ProviderEvent,
    RefundResult,
    Unreadable,
)

# ISO 4217 gives these no minor unit, the provider counts them in hundredths.
COUNTED_IN_HUNDREDTHS = frozenset({"ISK", "UGX"})
# JSON may say it, and PostgreSQL cannot keep it.
NUL = rb"\u0000"
SAYS_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
LONGEST_ID = 255

Document = Mapping[str, Any]


def amount_out(amount: int, currency: str) -> int:
    """Our minor units as the provider counts them."""
    return amount * 100 if currency in COUNTED_IN_HUNDREDTHS else amount


def amount_in(amount: int, currency: str) -> int:
    """The provider's amount in our minor units."""
    return amount // 100 if currency.upper() in COUNTED_IN_HUNDREDTHS else amount


def payment_intent(found: Document) -> Intent:
    currency = found["currency"].upper()
    return Intent(
        id=found["id"],
        status=IntentStatus(found["status"]),
        amount=amount_in(found["amount"], currency),
        amount_received=amount_in(found["amount_received"], currency),
        currency=currency,
        client_secret=found["client_secret"],
        next_action=_next_action(found["next_action"]),
        decline=decline(found["last_payment_error"]),
        card=_expanded_card(found["payment_method"]),
        metadata=found["metadata"],
        **_of_its_charge(found["latest_charge"], currency),
    )


def listed_intent(found: Document) -> Listed:
    """One of a list, which is of the whole account: not all in it need be ours."""
    intent: Intent | Unreadable
    try:
        intent = payment_intent(found)
    except (ValueError, LookupError, TypeError, AttributeError) as odd:
        intent = Unreadable(id=found["id"], why=f"{type(odd).__name__}: {odd}")
    created_at = datetime.fromtimestamp(found["created"], tz=UTC)
    return Listed(intent=intent, created_at=created_at)


def setup_intent(found: Document) -> Intent:
    """A SetupIntent moves no money: an intent over nothing."""
    return Intent(
        id=found["id"],
        status=IntentStatus(found["status"]),
        amount=0,
        amount_received=0,
        currency="",
        client_secret=found["client_secret"],
        next_action=_next_action(found["next_action"]),
        decline=decline(found["last_setup_error"]),
        card=_expanded_card(found["payment_method"]),
        metadata=found["metadata"],
    )


def card(method: Document) -> CardDetails:
    printed = method["card"]
    return CardDetails(
        id=method["id"],
        brand=printed["brand"],
        last4=printed["last4"],
        exp_month=printed["exp_month"],
        exp_year=printed["exp_year"],
        customer=method["customer"],
        fingerprint=printed.get("fingerprint") or "",
    )


def refund(found: Document) -> RefundResult:
    currency = found["currency"].upper()
    return RefundResult(
        id=found["id"],
        intent_id=found["payment_intent"],
        status=found["status"],
        amount=amount_in(found["amount"], currency),
        currency=currency,
        failure=found.get("failure_reason") or "",
        metadata=found["metadata"] or {},
    )


def dispute(found: Document) -> DisputeInfo:
    currency = found["currency"].upper()
    return DisputeInfo(
        id=found["id"],
        intent_id=found["payment_intent"],
        status=found["status"],
        amount=amount_in(found["amount"], currency),
        currency=currency,
        reason=found["reason"],
        opened_at=datetime.fromtimestamp(found["created"], tz=UTC),
        movements=tuple(
            Movement(
                id=moved["id"],
                amount=amount_in(moved["amount"], moved["currency"]),
                currency=moved["currency"].upper(),
            )
            for moved in found["balance_transactions"]
        ),
    )


def event(body: bytes) -> ProviderEvent:
    """A webhook whose signature was right. Raises MalformedEvent if it is none."""
    try:
        found = orjson.loads(body)
        subject = found["data"]["object"]
        told = ProviderEvent(
            id=found["id"],
            type=found["type"],
            object_id=subject.get("id", ""),
            intent_id=intent_id_of(subject),
            livemode=found["livemode"],
            payload=found,
        )
    except (ValueError, TypeError, KeyError, AttributeError) as odd:
        raise MalformedEvent from odd
    if not _can_be_kept(told, body):
        raise MalformedEvent
    return told


def _can_be_kept(told: ProviderEvent, body: bytes) -> bool:
    """Whether its words are words, short enough and without what has no place."""
    ids = (told.id, told.object_id, told.intent_id or "")
    if not all(isinstance(id_, str) and len(id_) <= LONGEST_ID for id_ in ids):
        return False
    if not (told.id and isinstance(told.type, str) and isinstance(told.livemode, bool)):
        return False
    return NUL not in body or not SAYS_NUL.search(body)


def intent_id_of(subject: Document) -> str | None:
    """The PaymentIntent that an event's object is, or belongs to."""
    if subject.get("object") == "payment_intent":
        return subject["id"]
    return subject.get("payment_intent")


def _next_action(action: Document | None) -> dict[str, Any] | None:
    """What the client does next, without the provider's own particulars."""
    if not action:
        return None
    if action["type"] == "redirect_to_url":
        return {"type": "redirect_to_url", "url": action["redirect_to_url"]["url"]}
    return {"type": action["type"]}


def decline(error: Document | None) -> Decline | None:
    """Why a card was refused, from an error of its own or one kept on an intent."""
    if not error:
        return None
    code = error.get("decline_code") or error.get("code") or "generic_decline"
    method = error.get("payment_method") or {}
    return Decline(code=code, payment_method=method.get("id"))


def _of_its_charge(charge: Any, currency: str) -> dict[str, Any]:
    """What became of the money, when the charge was expanded."""
    if not isinstance(charge, dict):
        return {}
    return {
        "amount_refunded": amount_in(charge["amount_refunded"], currency),
        "disputed": charge["disputed"],
    }


def _expanded_card(method: Any) -> CardDetails | None:
    """The card, when it was expanded; else there is only its id."""
    return card(method) if isinstance(method, dict) and method.get("card") else None
