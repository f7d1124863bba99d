"""Every operation, asked in ways that its description allows and forbids.

Whatever comes back must be documented, of the documented shape, and never a 5xx.
The default run is bounded; `-m slow` looks wide.
"""

import os
from datetime import timedelta

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from notifications.models import Notification
from tests import factories as make
from tests import notices

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
]
FEW = int(os.environ.get("CONFORMANCE_EXAMPLES", "8"))
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


@pytest.fixture
def token(db, settings):
    """A superuser with a little of everything, who may be quick."""
    settings.WRITES_PER_MINUTE = 0
    someone = make.buyer(is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(someone)
    return client.session.session_key


@pytest.fixture
def known(token):
    """Ids that exist, so that not every path ends in a 404."""
    kind = make.ticket_type(stock=5)
    return {"event_id": str(kind.event_id)}


def ask(case, token, known):
    for name, value in known.items():
        if name in (case.path_parameters or {}):
            case.path_parameters[name] = value
    case.call_and_validate(headers={"X-Session-Token": token}, checks=CHECKS)


@schema.parametrize()
@settings(
    max_examples=FEW,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
def test_an_operation_answers_as_described(case, token, known):
    ask(case, token, known)
