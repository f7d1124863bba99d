"""How tests pay: cards as the card form sends them, and the provider's side."""

import json
from datetime import datetime, timedelta
from urllib.parse import urlencode, urlsplit

from django.db import transaction
from django.test import Client
from django.utils import timezone

from inventory import services as inventory
from inventory.models import Hold, TicketType
from payments import services as payments
from payments.gateways.sandbox import api, post
from payments.models import Order, PaymentAttempt, SandboxObject
from tests import auditing
from tests import factories as make
from tests.factories import NOON

VISA = "4242424242424242"
DECLINED = "4000000000000002"
NO_FUNDS = "4000000000009995"
ALWAYS_ASKS = "4000002760003184"
ASKS_UNLESS_SAVED = "4000002500003155"
DISPUTED = "4000000000000259"
REFUND_FAILS = "4000000000005126"
REFUND_PENDS = "4000000000007726"
SECRET = {"Authorization": "Bearer sk_test_sandbox"}
PUBLISHABLE = {"Authorization": "Bearer pk_test_sandbox"}
LEASE_OVER = NOON + timedelta(seconds=121)


def ask(
    method: str, path: str, params: dict | None = None, *, key: str = "", **headers
):
    """One raw request to the sandbox: (status, body, headers)."""
    headers = {**SECRET, **headers} | ({"Idempotency-Key": key} if key else {})
    text, status, answered = api.answer(
        method, path, urlencode(params or {}), headers, now=timezone.now()
    )
    return status, json.loads(text), answered


def typed(number: str, **card) -> dict[str, str]:
    """A card as it is typed into the form."""
    card = {"number": number, "exp_month": "12", "exp_year": "34"} | card
    return {"type": "card"} | {f"card[{name}]": value for name, value in card.items()}


def token(number: str = VISA) -> str:
    """The payment method that the card form gets for a card."""
    status, body, _ = ask("POST", "/v1/payment_methods", typed(number), **PUBLISHABLE)
    assert status == 200, body
    return body["id"]


def answer_challenge(url: str, *, passed: bool = True) -> None:
    """What the buyer does on their bank's page."""
    address = urlsplit(url)
    answer = "complete" if passed else "fail"
    page = Client().post(f"{address.path}?{address.query}", {"answer": answer})
    assert page.status_code == 200


def at_provider(type_: str) -> list[dict]:
    """The provider's objects of one type, oldest first."""
    found = SandboxObject.objects.filter(type=type_).order_by("created_at", "pk")
    return list(found.values_list("data", flat=True))


def intents() -> list[str]:
    return [intent["status"] for intent in at_provider("payment_intent")]


def charges() -> list[str]:
    return [charge["status"] for charge in at_provider("charge")]


def charged() -> list[int]:
    """What the provider took from cards, in order."""
    taken = [c for c in at_provider("charge") if c["status"] == "succeeded"]
    return [charge["amount"] for charge in taken]


def date_back(intent_id: str | None, at: datetime) -> None:
    """Let the provider have had an intent since then."""
    intent = SandboxObject.objects.get(pk=intent_id)
    intent.created_at = at
    intent.data["created"] = int(at.timestamp())
    intent.save()


def strangers_intent(at: datetime) -> str:
    """Of none of our payments, and at the provider since then."""
    _, made, _ = ask("POST", "/v1/payment_intents", {"amount": 900, "currency": "gbp"})
    date_back(made["id"], at)
    return made["id"]


def deliver(*, now: datetime | None = None, limit: int = 1000) -> int:
    """Bring the provider's webhooks to our own address."""
    client = Client()

    def send(body: bytes, signature: str) -> int:
        answer = client.post(
            "/api/v1/webhooks/stripe",
            body,
            content_type="application/json",
            headers={"Stripe-Signature": signature},
        )
        return answer.status_code

    return post.deliver_webhooks(now=now or timezone.now(), limit=limit, send=send)


def held(*, quantity: int = 2, stock: int = 4, now: datetime = NOON, **fields) -> Hold:
    """Tickets held by a new buyer; `fields` are the ticket type's."""
    rush = make.ticket_type(stock=stock, **fields)
    rush = TicketType.objects.with_terms().get(pk=rush.pk)
    return inventory.hold_tickets(
        user=make.buyer(), ticket_type=rush, quantity=quantity, now=now
    )


def order(hold: Hold, number: str = VISA, *, now: datetime = NOON, **options) -> Order:
    """Order what is held and pay with the card of this number."""
    options = {"payment_method": token(number)} | options
    return payments.place_order(user=hold.user, hold=hold, now=now, **options)


def paid(number: str = VISA, *, now: datetime = NOON, **fields) -> Order:
    """A paid order of a new buyer."""
    return order(held(now=now, **fields), number, now=now)


def tickets(hold: Hold) -> list[str]:
    """What became of each ticket of the type that is held."""
    return sorted(hold.ticket_type.tickets.values_list("status", flat=True))


def challenged(hold: Hold, *, now: datetime = NOON) -> Order:
    """An order whose bank asks the buyer first."""
    return order(hold, ALWAYS_ASKS, now=now)


def challenge_url(placed: Order) -> str:
    attempt = PaymentAttempt.objects.filter(payment__order=placed).latest("pk")
    return attempt.next_action["url"]


def assert_books_are_right(now: datetime = NOON) -> None:
    """Every invariant holds; and a grace of five minutes later too, when the clock
    has put back on sale what nobody has paid.
    """
    found = [str(finding) for finding in auditing.findings(now=now)]
    later = now + timedelta(minutes=6)
    with transaction.atomic():
        inventory.release_expired_holds(now=later, limit=1000)
        found += [str(finding) for finding in auditing.findings(now=later)]
        transaction.set_rollback(True)
    assert not found, found
