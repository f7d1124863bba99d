from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from tests import factories as make


@pytest.fixture
def now():
    return timezone.now().replace(microsecond=0)


@pytest.fixture
def event(now):
    """An event tonight, on sale."""

    def make_event(hours=3.0, **fields):
        starts_at = now + timedelta(hours=hours)
        defaults = {
            "starts_at": starts_at,
            "local_date": starts_at.date(),
            "sales_open_at": now - timedelta(days=1),
            "sales_close_at": starts_at,
        }
        return make.event(**defaults | fields)

    return make_event


@pytest.fixture
def client(settings):
    return APIClient()
