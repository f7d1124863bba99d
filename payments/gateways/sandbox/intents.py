"""PaymentIntents: their states, and what each test card does to them."""

from datetime import timedelta
from typing import Any

from django.conf import settings

from inventory.chargeable import largest_charge, smallest_charge
from payments.gateways.reading import amount_in
from payments.gateways.sandbox import shapes
from payments.gateways.sandbox.calls import Call, new_id, random_text
from payments.gateways.sandbox.cards import BY_BEHAVIOUR, Card
from payments.gateways.sandbox.errors import (
    CardRefused,
    InvalidRequest,
    Refused,
    UnexpectedState,
)
from payments.gateways.sandbox.forms import as_bool
from payments.gateways.sandbox.methods import attach, method_named
from payments.gateways.sandbox.rows import Record
from payments.gateways.sandbox.switches import switches

CONFIRMABLE = {"requires_payment_method", "requires_confirmation"}
CANCELABLE = {*CONFIRMABLE, "requires_action"}
LATER = timedelta(seconds=5)
THREE_DIGITS = {"bhd", "jod", "kwd", "omr", "tnd"}
DECLINED = {
    "insufficient_funds": "Your card has insufficient funds.",
    "expired_card": "Your card has expired.",
    "incorrect_cvc": "Your card's security code is incorrect.",
    "processing_error": "An error occurred while processing your card.",
    "authentication_required": "This payment needs the cardholder to authenticate.",
}


def create(call: Call) -> dict[str, Any]:
    id_ = new_id("payment_intent")
    data = shapes.payment_intent(id_, random_text(25), call.now)
    data |= {
        "amount": _amount(call),
        "currency": call.text("currency").lower(),
        "customer": _customer(call),
        "metadata": call.metadata(),
    }
    if as_bool(call.params.get("confirm")):
        raise InvalidRequest("The sandbox confirms in a second call.", param="confirm")
    made = call.new("payment_intent", data, customer=data["customer"] or "")
    call.emit("payment_intent.created", made)
    return call.expanded(data)


def retrieve(call: Call, id_: str) -> dict[str, Any]:
    return call.expanded(call.find("payment_intent", id_, "intent", status=404).data)


def list_(call: Call) -> dict[str, Any]:
    customer = call.text("customer")
    return call.page("payment_intent", **({"customer": customer} if customer else {}))


def update(call: Call, id_: str) -> dict[str, Any]:
    intent = call.lock("payment_intent", id_, "intent")
    if intent.data["status"] not in CANCELABLE:
        raise UnexpectedState("updated", intent.data)
    if customer := _customer(call):
        intent.data["customer"] = intent.customer = customer
    if "amount" in call.params:
        intent.data["amount"] = _amount(call, intent.data["currency"])
    intent.data["metadata"] |= call.metadata()
    call.change(intent)
    return call.expanded(intent.data)


def cancel(call: Call, id_: str) -> dict[str, Any]:
    intent = call.lock("payment_intent", id_, "intent")
    if intent.data["status"] not in CANCELABLE:
        raise UnexpectedState("canceled", intent.data)
    intent.data |= {
        "status": "canceled",
        "canceled_at": shapes.stamp(call.now),
        "cancellation_reason": call.text("cancellation_reason") or None,
        "next_action": None,
    }
    call.change(intent)
    call.emit("payment_intent.canceled", intent)
    return call.expanded(intent.data)


def confirm(call: Call, id_: str) -> dict[str, Any]:
    """Try the card: succeed, decline (402), or ask for authentication."""
    call.lock_to_confirm(id_, call.text("payment_method"))
    intent = call.lock("payment_intent", id_, "intent")
    data = intent.data
    if data["status"] not in CONFIRMABLE:
        raise UnexpectedState("confirmed", data)
    method = _method(call, intent)
    card = BY_BEHAVIOUR[method.behaviour]
    off_session = as_bool(call.params.get("off_session"))
    if "setup_future_usage" in call.params:  # Else it stays as it was, as at Stripe.
        data["setup_future_usage"] = call.text("setup_future_usage") or None
    if data["setup_future_usage"] and not data["customer"]:
        raise InvalidRequest(
            "Saving a card needs a customer on the intent.", param="setup_future_usage"
        )
    data |= {"payment_method": method.pk, "last_payment_error": None}
    call.change(intent)
    if needs_authentication(card, method, off_session=off_session):
        if off_session:
            raise decline(call, intent, method, "authentication_required")
        ask_to_authenticate(call, intent)
        call.emit("payment_intent.requires_action", intent)
    elif switches.processing:
        data |= {"status": "processing", "processing": {"type": "card"}}
        call.emit("payment_intent.processing", intent)
    elif refusal := charge(call, intent, method):
        raise refusal
    return call.expanded(data)


def authenticated(call: Call, id_: str, *, passed: bool) -> dict[str, Any]:
    """The cardholder came back from the challenge, right or wrong."""
    intent = call.lock("payment_intent", id_, "intent")
    if intent.data["status"] != "requires_action":
        raise UnexpectedState("authenticated", intent.data)
    method = call.lock("payment_method", intent.data["payment_method"], "intent")
    intent.data["next_action"] = None
    call.change(intent)
    if not passed:
        decline(call, intent, method, "payment_intent_authentication_failure")
    else:
        charge(call, intent, method, challenged=True)
    return intent.data


def decide(call: Call, id_: str) -> dict[str, Any]:
    """End the wait of an intent that is processing."""
    intent = call.lock("payment_intent", id_, "intent")
    method = call.lock("payment_method", intent.data["payment_method"], "intent")
    intent.data["processing"] = None
    call.change(intent)
    charge(call, intent, method)
    return intent.data


def take_by_hand(call: Call, id_: str) -> dict[str, Any]:
    """The money of an intent that was cancelled, for all anybody knew, with a new card.

    Stripe lets nobody do that; but a cancellation may be believed that never was.
    """
    intent = call.lock("payment_intent", id_, "intent")
    method = call.lock("payment_method", call.text("payment_method"), "intent")
    intent.data |= {"payment_method": method.pk, "canceled_at": None}
    intent.data |= {"cancellation_reason": None, "setup_future_usage": None}
    call.change(intent)
    charge(call, intent, method)
    return intent.data


def needs_authentication(card: Card, method: Record, *, off_session: bool) -> bool:
    if card.authentication == "unless_set_up":
        return not (off_session and (method.set_up or card.set_up_before))
    return card.authentication == "always"


def ask_to_authenticate(call: Call, intent: Record) -> None:
    """Where Stripe hands over to Stripe.js, the sandbox has a page to go to."""
    secret = intent.data["client_secret"]
    url = f"{settings.SITE_URL}/sandbox/3ds/{intent.pk}?client_secret={secret}"
    intent.data |= {
        "status": "requires_action",
        "next_action": {
            "type": "redirect_to_url",
            "redirect_to_url": {
                "url": url,
                "return_url": call.text("return_url") or None,
            },
        },
    }


def charge(
    call: Call,
    intent: Record,
    method: Record,
    *,
    challenged: bool = False,
) -> CardRefused | None:
    """Take the money, or say how the card refused; the failed charge stays."""
    card = BY_BEHAVIOUR[method.behaviour]
    if card.decline:
        code, decline_code = card.decline
        return decline(call, intent, method, code, decline_code)
    data = intent.data
    made = _new_charge(call, intent, method, challenged=challenged)
    made.behaviour = card.later
    moved = move_money(call, made.data, made.data["amount"], kind="charge")
    made.data["balance_transaction"] = moved["id"]
    data |= {
        "status": "succeeded",
        "amount_received": data["amount"],
        "latest_charge": made.pk,
    }
    _keep_or_use_up(call, data, method, challenged=challenged)
    call.emit("charge.succeeded", made)
    call.emit("payment_intent.succeeded", intent)
    if card.later in {"dispute", "inquiry"}:
        call.mature(made, LATER)
    return None


def _keep_or_use_up(
    call: Call, intent: dict[str, Any], method: Record, *, challenged: bool
) -> None:
    """A method that no customer keeps pays once."""
    if intent["setup_future_usage"]:
        method.set_up = challenged or method.set_up
        attach(call, method, intent["customer"])
    elif not method.customer:
        method.used_up = True
        call.change(method)


def decline(
    call: Call,
    intent: Record,
    method: Record,
    code: str,
    decline_code: str = "",
) -> CardRefused:
    """Put the intent back to wait for another card, and say why."""
    failed = _new_charge(call, intent, method, challenged=False)
    refusal = CardRefused(
        DECLINED.get(decline_code or code, "Your card was declined."),
        code=code,
        decline_code=decline_code
        or (code if code == "authentication_required" else ""),
        charge=failed.pk,
        payment_method=method.data,
    )
    failed.data |= {
        "status": "failed",
        "paid": False,
        "captured": False,
        "amount_captured": 0,
        "failure_code": code,
        "failure_message": refusal.body["message"],
    }
    intent.data |= {
        "status": "requires_payment_method",
        "payment_method": None,
        "latest_charge": failed.pk,
        "last_payment_error": dict(refusal.body),
        "next_action": None,
    }
    refusal.body["payment_intent"] = intent.data
    call.change(intent)
    call.emit("charge.failed", failed)
    call.emit("payment_intent.payment_failed", intent)
    return refusal


def move_money(
    call: Call, source: dict[str, Any], amount: int, *, kind: str
) -> dict[str, Any]:
    """A line in the merchant's balance: positive in, negative out."""
    data = shapes.balance_transaction(new_id("balance_transaction"), call.now)
    data |= {
        "amount": amount,
        "net": amount,
        "currency": source["currency"],
        "source": source["id"],
        "type": "adjustment" if kind.startswith("dispute") else kind,
        "reporting_category": kind,
    }
    call.new("balance_transaction", data)
    return data


def _new_charge(
    call: Call, intent: Record, method: Record, *, challenged: bool
) -> Record:
    data = shapes.charge(new_id("charge"), call.now)
    card = shapes.charged_card(method.data["card"], authenticated=challenged)
    data |= {
        "amount": intent.data["amount"],
        "amount_captured": intent.data["amount"],
        "currency": intent.data["currency"],
        "customer": intent.data["customer"],
        "metadata": intent.data["metadata"],
        "payment_intent": intent.pk,
        "payment_method": method.pk,
        "payment_method_details": {"card": card, "type": "card"},
    }
    return call.new("charge", data, payment_intent=intent.pk)


def _method(call: Call, intent: Record) -> Record:
    id_ = call.text("payment_method") or intent.data["payment_method"]
    if not id_:
        raise InvalidRequest(
            "This PaymentIntent has no payment method to be confirmed with.",
            code="payment_intent_unexpected_state",
            payment_intent=intent.data,
        )
    method = method_named(call, id_)
    if method.used_up:
        # As Stripe says it: without a code, and without naming the parameter.
        raise Refused(
            "This PaymentMethod was used without a customer or detached from one, and "
            "may not be used again."
        )
    if method.customer and method.customer != intent.customer:
        raise Refused(
            "This PaymentMethod belongs to a customer: name the same customer on the "
            "PaymentIntent.",
            param="payment_method",
        )
    return method


def _customer(call: Call) -> str | None:
    if id_ := call.text("customer"):
        return call.named("customer", id_, "customer")
    return None


def _amount(call: Call, currency: str = "") -> int:
    amount = call.whole("amount")
    currency = currency or call.text("currency").lower()
    if len(currency) != 3 or not currency.isalpha():
        raise InvalidRequest("Invalid currency.", param="currency")
    ours = amount_in(amount, currency)
    if ours < smallest_charge(currency):
        raise Refused(
            "The amount is below the smallest charge.",
            code="amount_too_small",
            param="amount",
        )
    if ours > largest_charge(currency):
        raise Refused(
            "The amount is too large.", code="amount_too_large", param="amount"
        )
    if currency in THREE_DIGITS and amount % 10:
        raise InvalidRequest("Amounts in this currency must end in 0.", param="amount")
    return amount
