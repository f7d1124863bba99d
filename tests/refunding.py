"""How tests give money back, and hear what banks make of it."""

from datetime import timedelta

from django.utils import timezone

from payments import services
from payments.gateways.sandbox import post
from payments.models import LedgerEntry, Order, RefundReason
from tests.factories import NOON
from tests.paying import ask, at_provider, deliver


def refund_some(placed: Order, number: int, **options):
    lines = list(placed.lines.order_by("pk")[:number])
    options = {"reason": RefundReason.STAFF, "by": None, "now": NOON} | options
    return services.refund_lines(order=placed, lines=lines, **options)


def in_the_dashboard(placed: Order, amount: int) -> None:
    """Somebody gives it back there, without a word to us."""
    intent_id = placed.payments.get().intent_id
    params = {"payment_intent": intent_id, "amount": amount}
    status, body, _ = ask("POST", "/v1/refunds", params)
    assert status == 200, body


def hear_the_bank() -> None:
    """What the provider says some time later, brought to us."""
    later = timezone.now() + timedelta(minutes=1)
    post.let_mature(now=later, limit=10)
    deliver(now=later)
    services.process_events(now=later, limit=100)


def decide(word: str) -> None:
    """The bank finds our evidence `winning` or `losing`, and we hear of it."""
    [dispute] = at_provider("dispute")
    evidence = {"evidence[uncategorized_text]": f"{word}_evidence"}
    assert ask("POST", f"/v1/disputes/{dispute['id']}", evidence)[0] == 200
    hear_the_bank()


def balance() -> int:
    """What is left of all money, by the ledger."""
    return sum(LedgerEntry.objects.values_list("amount", flat=True))
