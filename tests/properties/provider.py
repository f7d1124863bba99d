"""The provider's side of the world: its bank statement, its post and its weather."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from payments import services as payments
from payments.gateways.sandbox import intents, post
from payments.gateways.sandbox.calls import Call
from payments.gateways.sandbox.models import SandboxEvent, SandboxObject
from payments.gateways.sandbox.switches import outage, refusing, switched
from tests import paying

CARDS = {
    "visa": paying.VISA,
    "declined": paying.DECLINED,
    "declined once kept": "4000000000000341",
    "no funds": paying.NO_FUNDS,
    "asks": paying.ALWAYS_ASKS,
    "asks unless saved": paying.ASKS_UNLESS_SAVED,
    "disputed later": paying.DISPUTED,
    "refund fails": paying.REFUND_FAILS,
    "refund takes time": paying.REFUND_PENDS,
}
# Cards that the bank lets anybody keep; it asks about none of them.
CARDS_TO_KEEP = ("visa", "declined once kept", "disputed later")
REFUSED = ("declined once kept", "declined", "no funds")
ASKING = ("asks", "asks unless saved")

WEATHER: dict[str, Callable[[], AbstractContextManager]] = {
    "fine": nullcontext,
    "cut before": lambda: outage("before"),
    "cut after": lambda: outage("after"),
    "cut after create": lambda: outage("after", "POST /v1/payment_intents", times=1),
    "cut before confirm": lambda: outage("before", "/confirm"),
    "cut after confirm": lambda: outage("after", "/confirm"),
    "cut after cancel": lambda: outage("after", "/cancel"),
    "cut after refund": lambda: outage("after", "POST /v1/refunds"),
    "balance is short": lambda: switched(balance_is_short=True),
    "bank thinks": lambda: switched(processing=True),
    # A definite no: to whoever asks, to all that would change anything, or to one
    # kind of question. Nothing has happened then.
    "keys refused": lambda: refusing("", 401),
    "only reading allowed": lambda: refusing("POST", 403),
    "one call refused": lambda: refusing("", 400, code="resource_missing", times=1),
    "confirm refused": lambda: refusing("/confirm", 404, code="resource_missing"),
    "cancel refused": lambda: refusing("/cancel", 404, code="resource_missing"),
    "nothing shown": lambda: refusing("GET", 404, code="resource_missing"),
    "refund refused": lambda: refusing("POST /v1/refunds", 400, code="refused"),
}
REFUSING = {name for name in WEATHER if "refused" in name} | {
    "only reading allowed",
    "nothing shown",
}
WHEN_PAYING = [
    *["fine"] * 8,
    "bank thinks",
    "cut before",
    "cut after",
    "cut after create",
    "cut before confirm",
    "cut after confirm",
    "keys refused",
    "only reading allowed",
    "one call refused",
    "confirm refused",
]
WHEN_SWEEPING = [
    *["fine"] * 4,
    *["cut before", "cut after", "cut after cancel"],
    *["keys refused", "one call refused", "cancel refused", "nothing shown"],
]
WHEN_REFUNDING = [
    *["fine"] * 4,
    *["cut before", "balance is short"],
    *["cut after refund"] * 2,
    *["keys refused", "refund refused", "nothing shown"],
]
WHEN_HEARING = [*["fine"] * 4, "cut before", "keys refused", "nothing shown"]
LOSABLE = ("payment_intent.", "charge.succeeded", "charge.failed")


@dataclass
class Account:
    """What the provider's books say about one order."""

    charges: int = 0
    charged: int = 0
    movements: list[int] = field(default_factory=list)


@dataclass
class Books:
    """All objects of the provider, read once a step and joined by hand."""

    objects: dict[str, dict]

    @classmethod
    def read(cls) -> "Books":
        rows = SandboxObject.objects.order_by("created_at", "pk")
        return cls({row.pk: row.data for row in rows})

    def of(self, kind: str, *statuses: str) -> list[dict]:
        found = [data for data in self.objects.values() if data["object"] == kind]
        return [data for data in found if not statuses or data["status"] in statuses]

    def order_of(self, data: dict) -> str:
        if data["object"] == "payment_intent":
            return data["metadata"]["order"]
        return self.order_of(self.objects[data["payment_intent"]])

    def accounts(self) -> dict[str, Account]:
        """What came and went, by the order that each intent names."""
        found: dict[str, Account] = defaultdict(Account)
        for charge in self.of("charge", "succeeded"):
            account = found[self.order_of(charge)]
            account.charges += 1
            account.charged += charge["amount_captured"]
        for line in self.of("balance_transaction"):
            source = self.objects[line["source"]]
            found[self.order_of(source)].movements.append(line["amount"])
        return found


def undelivered() -> list[SandboxEvent]:
    """The post on its way to us; those of one request in one order, always."""
    waiting = SandboxEvent.objects.exclude(next_attempt_at=None)
    return list(waiting.order_by("created_at", "type", "pk"))


def bring(event: SandboxEvent, times: int, now) -> None:
    """The post comes, perhaps twice."""
    for body, signature in _letters(event, times):
        payments.receive_event(body=body, signature=signature, now=now)
    lose(event)


def lose(event: SandboxEvent) -> None:
    SandboxEvent.objects.filter(pk=event.pk).update(next_attempt_at=None)


def _letters(event: SandboxEvent, times: int) -> Iterator[tuple[bytes, str]]:
    body = json.dumps(event.payload)
    for _ in range(times):
        # Signatures are dated by the clock on the wall: an old one is refused.
        yield body.encode(), post.sign(body, now=timezone.now())


@transaction.atomic
def decide(intent_id: str) -> None:
    """The bank has thought, and says what the card says."""
    call = Call(method="", path="", params={}, now=timezone.now())
    intents.decide(call, intent_id)
    call.write()


def let_banks_act() -> None:
    """Disputes open and refunds come to their end."""
    post.let_mature(now=timezone.now() + timedelta(minutes=1), limit=100)
