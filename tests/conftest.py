import socket

import pytest
from django.core.cache import cache
from django.test import TransactionTestCase
from hypothesis import settings
from rest_framework.test import APIClient

from tests import emptying, factories
from tests.standing_orders import sold_out

# No test fails because the machine was slow.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

LOOPBACK = ("127.", "::1", "localhost")


@pytest.fixture(autouse=True)
def _no_network(monkeypatch):
    """Fail any test that leaves this machine; local services stay reachable."""
    connect = socket.socket.connect

    def only_local(self, address):
        if self.family != socket.AF_UNIX and not address[0].startswith(LOOPBACK):
            raise AssertionError(f"A test tried to connect to {address}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", only_local)


@pytest.fixture(autouse=True)
def _clean_cache():
    """Rate limits and cached bytes of one test are not those of the next."""
    cache.clear()


@pytest.fixture(scope="session", autouse=True)
def _emptied_quickly():
    """What a test committed is deleted after it; Django would truncate every table."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            TransactionTestCase,
            "_fixture_teardown",
            lambda case: emptying.empty_all_tables(),
        )
        yield


@pytest.fixture
def buyer(db):
    return factories.buyer()


@pytest.fixture
def api(buyer):
    client = APIClient()
    client.force_authenticate(buyer)
    return client


@pytest.fixture
def anonymous(db):
    return APIClient()


@pytest.fixture
def rush(db):
    """Two tickets that people want, both in one stranger's hands."""
    return sold_out()
