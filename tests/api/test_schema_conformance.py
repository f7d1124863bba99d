"""Every operation, asked in ways that its description allows and forbids.

Whatever comes back must be documented, of the documented shape, and never a 5xx.
The default run is bounded; `-m slow` looks wide.
"""

import re
from uuid import UUID

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from inventory.models import Ticket
from notifications import services as notifications
from notifications.models import Notification
from payments import services as payments
from payments.models import SavedCard
from tests import factories as make
from tests import notices, paying
from tests.lining_up import held, priced

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
]
FEW = 25
MANY = 300
schema = schemathesis.openapi.from_wsgi("/api/v1/schema", get_wsgi_application())


@pytest.fixture(autouse=True)
def _one_transaction():
    """As Django's own test client: a request does not close the test's connection."""
    for signal in [request_started, request_finished]:
        signal.disconnect(close_old_connections)
    yield
    for signal in [request_started, request_finished]:
        signal.connect(close_old_connections)


def tonight(**fields):
    """A ticket type that is on sale now, whenever that is."""
    return priced(make.ticket_type(event=make.tonight(), **fields))


def hold(user):
    return held(tonight(stock=5), user=user, now=timezone.now())


def paid(user):
    return payments.place_order(
        user=user,
        hold=hold(user),
        payment_method=paying.token(),
        save_card=True,
        now=timezone.now(),
    )


def message(user):
    now = timezone.now()
    return Notification.objects.create(
        user=user,
        kind=notices.RECEIPT,
        dedupe_key="1",
        title="Your tickets",
        body="Two.",
        sent_at=now,
        expires_at=now,
    )


def device(user):
    return notifications.register_device(
        user=user, registration_id="phone:1", type="android"
    )


@pytest.fixture
def someone(db, settings):
    """Somebody with every right and a little of everything, who may be quick."""
    settings.WRITES_PER_MINUTE = 0
    return make.buyer(is_staff=True, is_superuser=True)


@pytest.fixture
def token(someone):
    client = Client()
    client.force_login(someone)
    return client.session.session_key


@pytest.fixture
def known(someone):
    """What exists, by the names that paths and bodies have for it."""
    order = paid(someone)
    kind = tonight(stock=3)
    return {
        "event_id": kind.event_id,
        "venue_id": kind.event.venue_id,
        "hold_id": hold(someone).pk,
        "order_id": order.pk,
        "ticket_id": Ticket.objects.get(order_line__order=order).pk,
        "card_id": SavedCard.objects.get(user=someone).pk,
        "id": message(someone).pk,
        "registration_id": device(someone).registration_id,
        "ticket_type": kind.pk,
        "hold": hold(someone).pk,
        "payment_method": SavedCard.objects.get(user=someone).pk,
    }


def could_be(name, value):
    """Whether a made-up value has the form that a real one of this name has."""
    if name in {"payment_method", "registration_id"}:
        return bool(re.fullmatch("[a-zA-Z0-9:_-]+", str(value)))
    try:
        return bool(UUID(value))
    except (AttributeError, TypeError, ValueError):
        return False


def ask(case, token, known):
    """Send the case; where it has an id that could be, give it one that is."""
    for place in [case.path_parameters, case.body]:
        for name in set(known) & set(place if isinstance(place, dict) else {}):
            if could_be(name, place[name]):
                place[name] = str(known[name])
    case.call_and_validate(headers={"X-Session-Token": token}, checks=CHECKS)


BOUNDED = settings(
    max_examples=FEW,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@schema.parametrize()
@BOUNDED
def test_an_operation_answers_as_described(case, token, known):
    ask(case, token, known)


@pytest.mark.slow
@pytest.mark.timeout(900)
@schema.parametrize()
@settings(BOUNDED, max_examples=MANY)
def test_an_operation_answers_as_described_looked_at_widely(case, token, known):
    ask(case, token, known)
