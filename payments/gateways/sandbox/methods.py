"""Payment methods, customers, and setting a card up for later."""

import hashlib
from typing import Any

from django.conf import settings

from payments.gateways.sandbox import rows, shapes
from payments.gateways.sandbox.calls import Call, new_id, random_text
from payments.gateways.sandbox.cards import (
    BY_BEHAVIOUR,
    BY_NUMBER,
    TOKENS,
    Card,
    read_card,
    read_expiry,
)
from payments.gateways.sandbox.errors import (
    CardRefused,
    InvalidRequest,
    Missing,
    Refused,
    UnexpectedState,
)
from payments.gateways.sandbox.models import SandboxObject
from payments.gateways.sandbox.rows import Record

TOKEN_EXPIRES_IN_YEARS = 1


def create(call: Call) -> dict[str, Any]:
    """Turn a typed card into a payment method; the number ends here."""
    if call.text("type") != "card":
        raise InvalidRequest("The sandbox only takes cards.", param="type")
    typed = call.params.get("card")
    if not isinstance(typed, dict):
        raise InvalidRequest(
            "Missing required param: card.", code="parameter_missing", param="card"
        )
    card, month, year = read_card(typed, now=call.now)
    made = _new_method(call, card, month, year, cvc=bool(typed.get("cvc")))
    return made.data


def retrieve(call: Call, id_: str) -> dict[str, Any]:
    return call.expanded(call.find("payment_method", id_, "payment_method").data)


def list_(call: Call) -> dict[str, Any]:
    customer = call.find("customer", call.text("customer"), "customer")
    return call.page("payment_method", customer=customer.pk)


def update(call: Call, id_: str) -> dict[str, Any]:
    """A new expiry date; the sandbox changes nothing else of a card."""
    method = call.lock("payment_method", id_, "payment_method")
    if not method.customer:
        raise Refused(
            "You must save this PaymentMethod to a customer before you can update it."
        )
    typed = call.params.get("card")
    if not isinstance(typed, dict) or call.params.keys() - {"card", "expand"}:
        raise InvalidRequest("The sandbox updates only expiry dates.", param="card")
    month, year = read_expiry(method.data["card"] | typed, call.now)
    _reprint(call, method, "payment_method.updated", exp_month=month, exp_year=year)
    return call.expanded(method.data)


def renew(call: Call, id_: str, **printed: str | int) -> dict[str, Any]:
    """The bank gave the card out anew, and its network told Stripe, which follows."""
    method = call.lock("payment_method", id_, "payment_method")
    _reprint(call, method, "payment_method.automatically_updated", **printed)
    return method.data


def _reprint(call: Call, method: Record, news: str, **printed: str | int) -> None:
    old = method.data["card"]
    method.data["card"] = old | printed
    call.change(method)
    changed = {name: old[name] for name in printed if old[name] != printed[name]}
    call.emit(news, method, card=changed)


def attach_to_customer(call: Call, id_: str) -> dict[str, Any]:
    customer = call.find("customer", call.text("customer"), "customer")
    method = method_named(call, id_)
    _refuse_unless_free(method, customer)
    if refusal := refusal_to_attach(method):
        raise refusal
    attach(call, method, customer.pk)
    return method.data


def detach(call: Call, id_: str) -> dict[str, Any]:
    method = call.lock("payment_method", id_, "payment_method")
    if not method.customer:
        raise InvalidRequest(
            "This payment method is not attached to a customer, so it cannot be "
            "detached.",
            param="payment_method",
        )
    customer = method.customer
    method.customer, method.data["customer"], method.used_up = "", None, True
    call.change(method)
    call.emit("payment_method.detached", method, customer=customer)
    return method.data


def method_named(call: Call, id_: str) -> Record:
    """A payment method by its id, locked, or a new one of Stripe's test tokens."""
    if number := TOKENS.get(id_):
        year = call.now.year + TOKEN_EXPIRES_IN_YEARS
        return _new_method(call, BY_NUMBER[number], 12, year, cvc=True)
    return call.lock("payment_method", id_, "payment_method", status=400)


def attach(call: Call, method: Record, customer: str) -> None:
    method.customer = method.data["customer"] = customer
    call.change(method)
    call.emit("payment_method.attached", method)


def refusal_to_attach(method: Record) -> CardRefused | None:
    """What the card's bank says to being kept, without any charge."""
    card = BY_BEHAVIOUR[method.behaviour]
    if not card.decline or card.attaches_though_declined or _asks_first(card):
        return None
    code, decline_code = card.decline
    return CardRefused("Your card was declined.", code=code, decline_code=decline_code)


def _asks_first(card: Card) -> bool:
    return card.authentication != "never"


def _refuse_unless_free(method: Record, customer: Record) -> None:
    if method.used_up:
        raise InvalidRequest(
            "This PaymentMethod was used or detached before, and cannot be attached."
        )
    if method.customer not in ("", customer.pk):
        raise Refused(
            "This PaymentMethod belongs to another customer, and cannot be attached.",
            param="payment_method",
        )


def _new_method(call: Call, card: Card, month: int, year: int, *, cvc: bool) -> Record:
    data = shapes.payment_method(new_id("payment_method"), call.now)
    # One per card and account, as Stripe's; not computed from the number.
    fingerprint = hashlib.sha256(card.behaviour.encode()).hexdigest()[:16]
    data["card"] = shapes.card(
        card, exp_month=month, exp_year=year, fingerprint=fingerprint, cvc=cvc
    )
    return call.new("payment_method", data, behaviour=card.behaviour)


# Customers


def create_customer(call: Call) -> dict[str, Any]:
    data = shapes.customer(new_id("customer"), call.now)
    data |= {
        "email": call.text("email") or None,
        "name": call.text("name") or None,
        "metadata": call.metadata(),
    }
    call.emit("customer.created", call.new("customer", data))
    return data


def retrieve_customer(call: Call, id_: str) -> dict[str, Any]:
    """Also of one that was deleted: then little more than that is said."""
    for found in rows.read(id_, id_, locked=False):
        if found.type == "customer":
            return found.data
    raise Missing("customer", id_, param="id", status=404)


def delete_customer(call: Call, id_: str) -> dict[str, Any]:
    """Forget the person; their cards go with them."""
    customer = call.lock("customer", id_, "id")
    theirs = SandboxObject.objects.filter(customer=id_, type="payment_method")
    for pk in theirs.values_list("pk", flat=True):
        method = call.lock("payment_method", pk, "id")
        method.customer, method.data["customer"], method.used_up = "", None, True
        call.change(method)
    call.emit("customer.deleted", customer)  # As they were.
    customer.data = {"id": id_, "object": "customer", "deleted": True}
    customer.used_up = True
    call.change(customer)
    return customer.data


# SetupIntents


def create_setup(call: Call) -> dict[str, Any]:
    """Set a card up for later, confirmed at once as the house does it."""
    customer = call.find("customer", call.text("customer"), "customer")
    method = method_named(call, call.text("payment_method"))
    _refuse_unless_free(method, customer)
    data = shapes.setup_intent(new_id("setup_intent"), random_text(25), call.now)
    data |= {
        "customer": customer.pk,
        "payment_method": method.pk,
        "usage": call.text("usage") or "off_session",
        "metadata": call.metadata(),
    }
    setup = call.new("setup_intent", data, customer=customer.pk)
    call.emit("setup_intent.created", setup)
    if _asks_first(BY_BEHAVIOUR[method.behaviour]):
        _ask_to_authenticate(call, data)
        call.emit("setup_intent.requires_action", setup)
    elif refusal := refusal_to_attach(method):
        raise _fail_setup(call, setup, method, refusal)
    else:
        _finish_setup(call, setup, method)
    return call.expanded(data)


def retrieve_setup(call: Call, id_: str) -> dict[str, Any]:
    return call.expanded(call.find("setup_intent", id_, "intent", status=404).data)


def list_setups(call: Call) -> dict[str, Any]:
    customer = call.find("customer", call.text("customer"), "customer")
    return call.page("setup_intent", customer=customer.pk)


def cancel_setup(call: Call, id_: str) -> dict[str, Any]:
    setup = call.lock("setup_intent", id_, "intent")
    if setup.data["status"] not in ("requires_payment_method", "requires_action"):
        raise UnexpectedState("canceled", setup.data)
    reason = call.text("cancellation_reason") or None
    setup.data |= {"status": "canceled", "cancellation_reason": reason}
    setup.data["next_action"] = None
    call.change(setup)
    call.emit("setup_intent.canceled", setup)
    return call.expanded(setup.data)


def authenticated(call: Call, id_: str, *, passed: bool) -> dict[str, Any]:
    """The cardholder came back from the challenge, right or wrong."""
    setup = call.lock("setup_intent", id_, "intent")
    if setup.data["status"] != "requires_action":
        raise UnexpectedState("authenticated", setup.data)
    method = call.lock("payment_method", setup.data["payment_method"], "intent")
    setup.data["next_action"] = None
    call.change(setup)
    if passed:
        _finish_setup(call, setup, method)
    else:
        failure = CardRefused(
            "The cardholder was not authenticated.",
            code="setup_intent_authentication_failure",
        )
        _fail_setup(call, setup, method, failure)
    return setup.data


def _ask_to_authenticate(call: Call, data: dict[str, Any]) -> None:
    secret = data["client_secret"]
    url = f"{settings.SITE_URL}/sandbox/3ds/{data['id']}?client_secret={secret}"
    return_url = call.text("return_url") or None
    data |= {
        "status": "requires_action",
        "next_action": {
            "type": "redirect_to_url",
            "redirect_to_url": {"url": url, "return_url": return_url},
        },
    }


def _finish_setup(call: Call, setup: Record, method: Record) -> None:
    setup.data["status"] = "succeeded"
    method.set_up = True
    attach(call, method, setup.customer)
    call.emit("setup_intent.succeeded", setup)


def _fail_setup(
    call: Call, setup: Record, method: Record, refusal: CardRefused
) -> CardRefused:
    refusal.body["payment_method"] = method.data
    setup.data |= {
        "status": "requires_payment_method",
        "payment_method": None,
        "last_setup_error": dict(refusal.body),
    }
    refusal.body["setup_intent"] = setup.data
    call.emit("setup_intent.setup_failed", setup)
    return refusal
