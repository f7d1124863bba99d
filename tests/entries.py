"""How tests wait for tickets over the API, at the time that it is."""

from django.utils import timezone

from payments.consent import CURRENT
from tests import standing_orders

ENTRIES = "/api/v1/waitlist-entries"


def ask(api, ticket_type, quantity=2, *, headers=None, **wish):
    body = {"ticket_type": str(ticket_type.pk), "quantity": quantity, **wish}
    return api.post(ENTRIES, body, headers=headers or {})


def ask_with_card(api, ticket_type, card, amount=5000, **wish):
    return ask(
        api,
        ticket_type,
        max_total={"amount": amount, "currency": "GBP"},
        payment_method=str(card.pk),
        consent_version=CURRENT,
        **wish,
    )


def let_go(ticket_type) -> None:
    standing_orders.let_go(ticket_type, now=timezone.now())


def told(api) -> dict:
    [entry] = api.get(ENTRIES).json()["results"]
    assert api.get(f"{ENTRIES}/{entry['id']}").json() | {"server_time": ""} == entry | {
        "server_time": ""
    }
    return entry


def utc(instant) -> str:
    return instant.isoformat().replace("+00:00", "Z")
