"""The project with Stripe's keys set, asked in a process of its own."""

import json
import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.db import connection

KEYS = {
    "STRIPE_SECRET_KEY": "sk_test_x",
    "STRIPE_PUBLISHABLE_KEY": "pk_test_x",
    "STRIPE_WEBHOOK_SECRET": "whsec_x",
}
# No name is looked up: what would be asked for is noted, and not found.
ASK = """
import json, socket, time

asked = []

def unknown(host, *rest, **more):
    asked.append(host)
    raise socket.gaierror(socket.EAI_NONAME, "no network in tests")

socket.getaddrinfo = unknown

import django
django.setup()

import stripe
from django.test import Client
from payments.gateways import GatewayUnavailable, get_gateway

def signed(body):
    now = int(time.time())
    mark = stripe.WebhookSignature._compute_signature(f"{now}.{body}", "whsec_x")
    return f"t={now},v1={mark}"

client, gateway = Client(), get_gateway()
found = {
    path: client.get(path).status_code
    for path in ("/sandbox/v1/payment_methods", "/sandbox/3ds/pi_1", "/")
}
try:
    gateway.retrieve_intent(intent_id="pi_1")
    answer = "an answer"
except GatewayUnavailable:
    answer = "none"
event = json.dumps({
    "id": "evt_1", "object": "event", "type": "charge.refunded", "livemode": False,
    "data": {"object": {"id": "ch_1", "object": "charge", "payment_intent": "pi_1"}},
})
print(json.dumps({
    "config": client.get("/api/v1/payments/config").json(),
    "app": client.get("/")["Content-Security-Policy"],
    "admin": client.get("/admin/login/")["Content-Security-Policy"],
    "found": found,
    "gateway": f"{type(gateway).__module__}.{type(gateway).__name__}",
    "asked": sorted(set(asked)),
    "answer": answer,
    "webhook": gateway.verify_webhook(
        body=event.encode(), signature=signed(event)
    ).intent_id,
}))
"""


@pytest.fixture(scope="module")
def live(django_db_setup) -> dict:
    database = connection.settings_dict
    host = database["HOST"] or database["OPTIONS"].get("host", "")
    ours = {
        "DJANGO_SETTINGS_MODULE": "ticketapp.settings",
        "DEBUG": "1",
        "SECRET_KEY": settings.SECRET_KEY,
        "TICKET_SIGNING_KEY": settings.TICKET_SIGNING_KEY,
        "ALLOWED_HOSTS": "testserver",
        "PYTHONPATH": str(settings.BASE_DIR),
        "NO_PROXY": "*",
        "REDIS_URL": settings.REDIS_URL,
        "DATABASE_URL": f"postgis://{database['USER']}@/{database['NAME']}?host={host}",
    }
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        cwd=settings.BASE_DIR,
        env=os.environ | ours | KEYS,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def sources(policy: str, name: str) -> list[str]:
    rules = (rule.split() for rule in policy.split(";"))
    return next(rest for first, *rest in rules if first == name)


def test_the_page_is_told_stripes_key_and_no_test_cards(live):
    assert live["config"] == {
        "provider": "stripe",
        "publishable_key": "pk_test_x",
        "tokenize_url": None,
        "test_cards": [],
    }


def test_the_sandbox_has_no_addresses(live):
    assert live["found"] == {
        "/sandbox/v1/payment_methods": 404,
        "/sandbox/3ds/pi_1": 404,
        "/": 200,
    }


def test_the_same_gateway_asks_stripe_over_the_network(live):
    assert live["gateway"] == "payments.gateways.stripe.StripeGateway"
    assert live["asked"] == ["api.stripe.com"]
    assert live["answer"] == "none"


def test_webhooks_are_verified_with_the_secret_that_is_set(live):
    assert live["webhook"] == "pi_1"


@pytest.mark.parametrize(
    ("rule", "host"),
    [
        ("script-src", "https://js.stripe.com"),
        ("frame-src", "https://js.stripe.com"),
        ("frame-src", "https://hooks.stripe.com"),
        ("connect-src", "https://api.stripe.com"),
    ],
)
def test_the_app_may_load_from_stripe_and_only_then(live, client, rule, host):
    in_the_sandbox = client.get("/")["Content-Security-Policy"]

    assert host in sources(live["app"], rule)
    assert host not in sources(in_the_sandbox, rule)


def test_the_admin_never_loads_from_stripe(live):
    assert "stripe" not in live["admin"]
