"""What the cardholder's bank asks, and what follows from the answer."""

from datetime import datetime

from django.db import transaction
from django.utils.crypto import constant_time_compare

from payments.gateways.sandbox import intents, methods
from payments.gateways.sandbox.calls import Call
from payments.gateways.sandbox.models import SandboxObject


def waiting_for_cardholder(id_: str, client_secret: str) -> SandboxObject | None:
    """The intent with this secret; whoever knows the secret is the cardholder."""
    found = SandboxObject.objects.filter(
        pk=id_, type__in=["payment_intent", "setup_intent"]
    ).first()
    if found is None:
        return None
    secret = found.data["client_secret"]
    return found if constant_time_compare(secret, client_secret) else None


def asks_now(found: SandboxObject) -> bool:
    return found.data["status"] == "requires_action"


@transaction.atomic
def answer(found: SandboxObject, *, passed: bool, now: datetime) -> None:
    """Finish the challenge; raises UnexpectedState when it was answered before."""
    call = Call(method="", path="", params={}, now=now)
    finish = {
        "payment_intent": intents.authenticated,
        "setup_intent": methods.authenticated,
    }[found.type]
    finish(call, found.pk, passed=passed)
    call.write()
