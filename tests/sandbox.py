"""How tests speak to the sandbox without our own code in between."""

from datetime import timedelta

from payments.models import SandboxEvent
from tests.paying import VISA, ask, token

LATER = timedelta(minutes=1)


def intent(**params) -> dict:
    params = {"amount": 5000, "currency": "gbp"} | params
    status, body, _ = ask("POST", "/v1/payment_intents", params)
    assert status == 200, body
    return body


def confirm(id_: str, number: str = VISA, *, key: str = "", **params):
    params = {"payment_method": token(number)} | params
    return ask("POST", f"/v1/payment_intents/{id_}/confirm", params, key=key)


def paid(number: str = VISA, **params) -> dict:
    status, body, _ = confirm(intent(**params)["id"], number)
    assert (status, body["status"]) == (200, "succeeded")
    return body


def customer() -> str:
    return ask("POST", "/v1/customers", {"email": "a@example.com"})[1]["id"]


def event_types() -> list[str]:
    found = SandboxEvent.objects.order_by("created_at")
    return list(found.values_list("type", flat=True))
